//! A server of ours in a process of its own, on a database of its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::http::{Answer, Ask};
use super::postgres;

/// A server; it ends with the test.
#[derive(Debug)]
pub struct Server {
    /// The kind of its database, for messages.
    pub kind: &'static str,
    pub database: String,
    pub address: SocketAddr,
    args: Vec<String>,
    child: Child,
    _folder: Option<TempDir>,
}

impl Server {
    /// On SQLite.
    pub fn sqlite(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let database = folder.path().join("monitor.db").to_string_lossy().into_owned();
        Self::start("SQLite", database, args, Some(folder))
    }

    /// On a file that stays.
    pub fn on_sqlite(file: &str) -> Self {
        Self::start("SQLite", file.to_owned(), &[], None)
    }

    /// On a database that is there.
    pub fn on_postgres(url: &str, args: &[&str]) -> Self {
        Self::start("PostgreSQL", url.to_owned(), args, None)
    }

    /// One for each kind of database that this machine has.
    pub fn each(args: &[&str]) -> Vec<Self> {
        let postgres = postgres::database().map(|url| Self::start("PostgreSQL", url, args, None));
        [Some(Self::sqlite(args)), postgres].into_iter().flatten().collect()
    }

    fn start(kind: &'static str, database: String, args: &[&str], folder: Option<TempDir>) -> Self {
        let args: Vec<_> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let (child, address) = launch(&database, &args, "127.0.0.1:0");
        Self { kind, database, address, args, child, _folder: folder }
    }

    /// Another server on the same database.
    pub fn beside(&self) -> Self {
        let (child, address) = launch(&self.database, &self.args, "127.0.0.1:0");
        Self {
            kind: self.kind,
            database: self.database.clone(),
            address,
            args: self.args.clone(),
            child,
            _folder: None,
        }
    }

    /// SIGKILL, and a new process at the same address.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        let address = self.address.to_string();
        (self.child, _) = launch(&self.database, &self.args, &address);
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// How it ended that was told to end.
    pub fn wait(&mut self) -> std::process::ExitStatus {
        self.child.wait().expect("it ends")
    }

    /// Without waiting for its end.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Another command of the program, on the same database.
    pub fn command(&self, args: &[&str]) -> Output {
        let mut command = program();
        command.args(["--database", &self.database]).args(args);
        command.output().expect("the program runs")
    }

    pub fn base(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    pub fn ask(&self, method: &str, target: &str) -> Ask {
        Ask::new(self.address, method, target)
    }

    /// A path of the API, or any other that begins with a slash.
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", &absolute(path)).send()
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, &body.to_string())
    }

    pub fn post_text(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", &absolute(path)).body("application/json", body).send()
    }

    /// The list of an answer.
    pub fn list(&self, path: &str, key: &str) -> Vec<Value> {
        let answer = self.get(path);
        match answer.status {
            204 => Vec::new(),
            200 => answer.json()[key].as_array().cloned().unwrap_or_default(),
            other => panic!("{}: {path}: {other} {}", self.kind, answer.text()),
        }
    }

    pub fn count(&self, path: &str) -> u64 {
        self.get(path).json()["count"].as_u64().expect("a count")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn absolute(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/api/v1/{path}") }
}

pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_monitor-server"));
    command.env_remove("MONITOR_DATABASE");
    command
}

fn launch(database: &str, args: &[String], address: &str) -> (Child, SocketAddr) {
    let mut command = program();
    command.args(["--database", database, "--listen", address]).args(args);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the server starts");
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("its output is a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
    let address = line.trim().trim_end_matches('/').rsplit('/').next().expect("an address");
    (child, address.parse().unwrap_or_else(|_| panic!("the server on {database} did not start: {line:?}")))
}
