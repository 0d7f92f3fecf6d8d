//! PgBouncer between servers and PostgreSQL: each transaction may run on another connection.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use ::postgres::{Client, NoTls};
use monitor_tests::skipped;
use serde_json::json;

use super::postgres::{self, Cluster};
use super::process::Server;
use super::samples::{context, metric, session};

/// Connections to PostgreSQL, fewer than one server of ours holds.
const POOL: usize = 2;

/// A PgBouncer; it ends with the test.
struct Bouncer {
    url: String,
    keeper: Child,
}

impl Bouncer {
    /// In front of a cluster. `None`, with the reason on stderr, where there is none.
    fn start(cluster: &Cluster, database: &str) -> Option<Self> {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].into_iter().find(|path| Path::new(path).exists());
        let Some(program) = program else {
            skipped("no PgBouncer on this machine, so a server behind it is not tried");
            return None;
        };
        let folder = postgres::folder("bouncer");
        let place = folder.display();
        let settings = format!(
            "[databases]\n* = host={} user=monitor\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\n\
             unix_socket_dir = {place}\nauth_type = any\npool_mode = transaction\ndefault_pool_size = {POOL}\n\
             max_client_conn = 200\nlogfile = {place}/log\n",
            cluster.folder().display()
        );
        fs::write(folder.join("settings.ini"), settings).expect("a file can be written");
        let script = format!(
            "{program} -q {place}/settings.ini >{place}/out 2>&1 </dev/null & \
             pid=$!; read -r _; kill $pid; wait $pid; rm -rf {place}/*"
        );
        let mut command = postgres::unprivileged(&script);
        let keeper =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a shell runs");
        let host = folder.to_string_lossy().replace('/', "%2F");
        let bouncer = Self { url: format!("postgres://monitor@{host}:6432/{database}"), keeper };
        let until = Instant::now() + Duration::from_secs(30);
        while let Err(error) = Client::connect(&bouncer.url, NoTls) {
            let said = || fs::read_to_string(folder.join("out")).unwrap_or_default();
            assert!(Instant::now() < until, "PgBouncer does not start: {error}\n{}", said());
            sleep(Duration::from_millis(50));
        }
        Some(bouncer)
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

#[test]
fn servers_behind_a_pgbouncer_that_lends_by_the_transaction_lose_nothing() {
    const CLIENTS: usize = 6;
    const ROUNDS: usize = 15;
    let Some(programs) = postgres::programs() else { return };
    let cluster = Cluster::start(&programs, "bounced", &["fsync=off"]);
    cluster.execute("CREATE DATABASE results");
    let Some(bouncer) = Bouncer::start(&cluster, "results") else { return };
    let servers = [(); 2].map(|()| Server::on_postgres(&bouncer.url, &["--page-size", "10000"]));
    let client = |client: usize| {
        let server = &servers[client % 2];
        for number in 0..ROUNDS {
            let name = format!("{client}-{number}");
            assert_eq!(server.post("metrics/", &metric(json!({"item": "single", "item_variant": name}))).status, 201);
            let mut row = metric(json!({"item": "batch", "item_variant": name, "profile": {"outcome": "passed"}}));
            row.as_object_mut().expect("an object").remove("session_h");
            let batch =
                json!({"session": session(&name, json!({"a": "b"})), "contexts": [context("c1")], "rows": [row]});
            // Twice: the second changes nothing.
            for _ in 0..2 {
                let answer = server.post("/api/v2/sessions", &batch);
                assert_eq!(answer.status, 201, "{}", answer.text());
            }
            for path in ["metrics/?page=-1", "resources/memory/head/metrics", "sessions/", "components/count"] {
                assert_eq!(server.get(path).status, 200, "{path}");
            }
        }
    };
    scope(|scope| {
        for number in 0..CLIENTS {
            scope.spawn(move || client(number));
        }
    });
    for server in &servers {
        let count = |item: &str| server.count(&format!("items/{item}/metrics/count"));
        assert_eq!([count("single"), count("batch")], [(CLIENTS * ROUNDS) as u64; 2]);
        for page in ["/", "/tests", "/sessions"] {
            assert_eq!(server.get(page).status, 200, "{page}");
        }
    }
    // They had to share.
    let mut direct = Client::connect(&cluster.url("results"), NoTls).expect("the cluster can be reached");
    let connections = direct
        .query_one("SELECT count(*) FROM pg_stat_activity WHERE datname = 'results' AND pid <> pg_backend_pid()", &[])
        .expect("a row");
    assert!(connections.get::<_, i64>(0) <= POOL as i64, "{connections:?}");
}
