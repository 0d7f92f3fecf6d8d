//! What the operators' chapter shows and its own tests can't run: the unit, the server with TLS, and SQL for dashboards.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use ::postgres::{Client, NoTls};
use monitor_tests::{repository, skipped};
use serde_json::json;

use super::http::Ask;
use super::postgres::{self, Cluster};
use super::process::{Server, program};
use super::samples::{metric, session};

/// The parts of the chapter in this language.
fn shown(language: &str) -> Vec<String> {
    let file = repository().join("docs/src/operate.md");
    let text = fs::read_to_string(file).expect("the chapter can be read");
    let begins = format!("```{language}\n");
    let parts = text.split(&begins).skip(1);
    parts.map(|part| part.split("\n```").next().unwrap_or_default().to_owned()).collect()
}

/// The commands of the chapter that begin so.
fn commands(begin: &str) -> Vec<String> {
    let all = shown("console").join("\n");
    let commands = all.lines().filter_map(|line| line.strip_prefix("$ ")).filter(|command| command.starts_with(begin));
    commands.map(str::to_owned).collect()
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let units = shown("ini");
    let [unit] = &*units else { panic!("there are {} units", units.len()) };
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command");
    let (installed, args) = start.split_once(' ').expect("arguments");
    // It begins as the unit does, on a database that can be made here, until it is told to end.
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let database = folder.path().join("monitor.db").to_string_lossy().into_owned();
    let args = args.replace("/var/lib/monitor-server/monitor.db", &database);
    let (address, _) = serves(folder.path(), &format!("{args} --listen 127.0.0.1:0"));
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");
    let file = folder.path().join("monitor-server.service");
    let here = unit.replace(installed, env!("CARGO_BIN_EXE_monitor-server"));
    fs::write(&file, here).expect("a file can be written");
    let Ok(verified) = Command::new("systemd-analyze").arg("verify").arg(&file).output() else {
        return skipped("no systemd-analyze on this machine, so the unit is not verified");
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    // It looks at every unit of the machine that ours refers to.
    let of_ours: Vec<_> = said.lines().filter(|line| line.contains("monitor-server")).collect();
    assert!(verified.status.success() && of_ours.is_empty(), "{said}");
}

#[test]
fn the_server_speaks_tls_with_the_certificate_that_is_shown() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for command in commands("openssl ") {
        let made = Command::new("sh").args(["-c", &command]).current_dir(folder.path()).status();
        if !made.is_ok_and(|status| status.success()) {
            return skipped("no openssl 3 on this machine, so TLS is not tried");
        }
    }
    let made = program().args(["token", "create", "all"]).current_dir(folder.path()).output();
    assert!(made.is_ok_and(|made| made.status.success()), "a token can be made");
    let serve = commands("monitor-server --listen");
    let [serve] = &*serve else { panic!("the server is started by {serve:?}") };
    let args = serve.strip_prefix("monitor-server ").expect("a command").replace(":8443", ":0");
    let (address, _server) = serves(folder.path(), &args);
    let port = address.trim_end_matches('/').rsplit(':').next().expect("a port");
    assert!(address.starts_with("https://"), "{address}");
    let mut client = Command::new("openssl");
    client.args(["s_client", "-verify_return_error", "-verify_hostname", "monitor.example.org"]);
    client.args(["-CAfile", "authority.pem", "-connect", &format!("127.0.0.1:{port}")]);
    let spoken = client.current_dir(folder.path()).stdin(Stdio::null()).output().expect("openssl runs");
    let said = String::from_utf8_lossy(&spoken.stdout);
    assert!(spoken.status.success() && said.contains("Verification: OK"), "{said}");
}

#[test]
fn the_server_behind_a_proxy_is_below_its_path() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let made = program().args(["token", "create", "all"]).current_dir(folder.path()).output();
    assert!(made.is_ok_and(|made| made.status.success()), "a token can be made");
    let serve = commands("monitor-server --public-url");
    let [serve] = &*serve else { panic!("the server is started by {serve:?}") };
    let args = serve.strip_prefix("monitor-server ").expect("a command");
    let (_, path) = args.rsplit_once("example.org").expect("the host of examples");
    let proxies = shown("nginx");
    let [proxy] = &*proxies else { panic!("there are {} proxies", proxies.len()) };
    assert!(proxy.starts_with(&format!("location {path}/ {{")), "{proxy}");
    let (address, _server) = serves(folder.path(), &format!("{args} --listen 127.0.0.1:0"));
    let address = address.trim_end_matches('/').trim_start_matches("http://").parse().expect("an address");
    let page = Ask::new(address, "GET", &format!("{path}/login")).send();
    assert!(page.status == 200 && page.text().contains(&format!("href=\"{path}/assets/page.css\"")), "{}", page.text());
}

#[test]
fn a_dump_becomes_a_database_as_it_is_shown() {
    let Some(programs) = postgres::programs() else { return };
    let cluster = Cluster::start(&programs, "dump", &["fsync=off"]);
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let run = |command: &str| {
        let command = command.trim_start_matches("sudo -u postgres ");
        let command = command.replace("postgres://monitor:PASSWORD@localhost/", &cluster.url(""));
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]).current_dir(folder.path()).env("PATH", &path);
        let done = shell.env("PGHOST", cluster.folder()).env("PGUSER", "monitor").status();
        assert!(done.is_ok_and(|status| status.success()), "{command}");
    };
    let [dump, restore] = ["pg_dump ", "pg_restore "].map(|begin| commands(begin).concat());
    let make = commands("sudo -u postgres createdb ");
    assert_eq!(make.len(), 2, "one is for the dump: {make:?}");
    let of = |name: &str| make.iter().find(|command| command.ends_with(name)).expect("it is made");
    run(of("results"));
    let rows = |server: &Server| server.list("metrics/", "metrics");
    let before = {
        let server = Server::on_postgres(&cluster.url("results"), &[]);
        assert_eq!(server.post("metrics/", &metric(json!({}))).status, 201);
        rows(&server)
    };
    [&dump, of("restored"), &restore].into_iter().for_each(|command| run(command));
    let restored = Server::on_postgres(&cluster.url("restored"), &[]);
    assert_eq!((before.len(), rows(&restored)), (1, before));
    assert_eq!(restored.post("metrics/", &metric(json!({}))).status, 201);
}

#[test]
fn the_panels_have_a_row_for_each_run_of_the_test() {
    let panels = shown("sql");
    let [postgres, sqlite] = &*panels else { panic!("there are {} panels", panels.len()) };
    for server in Server::each(&[]) {
        let main = session("s1", json!({"git_branch": "main"}));
        let mut other = session("s2", json!({}));
        other["branch"] = json!("else");
        let mut rows =
            [metric(json!({"item_variant": "test_prime[982451653]", "total_time": 0.75})), metric(json!({}))];
        for row in &mut rows {
            row.as_object_mut().expect("an object").remove("session_h");
        }
        for mut session in [main, other] {
            if session["session_h"] == "s1" {
                session["branch"] = json!("main");
            }
            let sent = server.post("/p/ours/api/v2/sessions", &json!({"session": session, "rows": rows}));
            assert_eq!(sent.status, 201, "{}", sent.text());
        }
        let (count, wall, is_of_today) = if server.kind == "PostgreSQL" {
            let mut client = Client::connect(&server.database, NoTls).expect("the database can be reached");
            let found = client.query(
                &format!(
                    "SELECT time > now() - interval '2 days', wall_seconds FROM ({}) panel",
                    postgres.trim_end_matches(';')
                ),
                &[],
            );
            let found = found.expect("the panel's query");
            (found.len() as i64, found[0].get::<_, f64>(1), found[0].get::<_, bool>(0))
        } else {
            let connection = rusqlite::Connection::open(&server.database).expect("the file can be read");
            let sql = format!(
                "SELECT count(*), max(wall_seconds), min(time) > unixepoch() - 172800 FROM ({})",
                sqlite.trim_end_matches(';')
            );
            let found = connection.query_row(&sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?)));
            found.expect("the panel's query")
        };
        assert_eq!((count, wall, is_of_today), (1, 0.75, true), "{}", server.kind);
    }
}

/// The process ends with the value.
struct Ends(std::process::Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where a server says that it listens that is started with these arguments.
fn serves(folder: &Path, args: &str) -> (String, Ends) {
    let mut command = program();
    command.args(args.split(' ')).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = Ends(command.spawn().expect("the server starts"));
    let mut line = String::new();
    let stdout = server.0.stdout.as_mut().expect("its output is a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
    (line.trim().rsplit(' ').next().unwrap_or_default().to_owned(), server)
}
