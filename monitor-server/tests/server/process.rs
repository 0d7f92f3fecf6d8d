//! A server of ours in a process of its own, on a database of its own.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _};
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
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
    log: File,
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
    pub fn on_sqlite(file: &str, args: &[&str]) -> Self {
        Self::start("SQLite", file.to_owned(), args, None)
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
        let log = tempfile::tempfile().expect("a temporary file can be made");
        let (child, address) = launch(&database, &args, "127.0.0.1:0", &log);
        Self { kind, database, address, args, child, log, _folder: folder }
    }

    /// Another server on the same database.
    pub fn beside(&self) -> Self {
        let args: Vec<_> = self.args.iter().map(String::as_str).collect();
        Self::start(self.kind, self.database.clone(), &args, None)
    }

    /// SIGKILL, and a new process at the same address.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        let address = self.address.to_string();
        (self.child, _) = launch(&self.database, &self.args, &address, &self.log);
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

    /// What it has logged of the database: whether each event was that it was away, or that it was back.
    pub fn times_away(&self) -> Vec<bool> {
        let changes = self.events().into_iter().filter_map(|event| match event.as_str() {
            "database" => Some(true),
            "database is back" => Some(false),
            _ => None,
        });
        changes.collect()
    }

    /// What the log tells, by its name.
    pub fn events(&self) -> Vec<String> {
        let mut text = String::new();
        let mut log = &self.log;
        log.rewind().and_then(|()| log.read_to_string(&mut text)).expect("the log can be read");
        let event = |line| Some(serde_json::from_str::<Value>(line).ok()?["event"].as_str()?.to_owned());
        text.lines().filter_map(event).collect()
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

fn launch(database: &str, args: &[String], address: &str, log: &File) -> (Child, SocketAddr) {
    let mut command = program();
    command.args(["--database", database, "--listen", address]).args(args);
    // Each process adds to it, wherever it was read.
    let log = File::options().append(true).open(format!("/proc/self/fd/{}", log.as_raw_fd())).expect("a log");
    let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("the server starts");
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("its output is a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
    let address = line.trim().trim_end_matches('/').rsplit('/').next().expect("an address");
    (child, address.parse().unwrap_or_else(|_| panic!("the server on {database} did not start: {line:?}")))
}
