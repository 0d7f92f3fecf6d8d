//! A PostgreSQL of the tests' own: in a temporary folder, at a Unix socket, gone when the tests end.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread::sleep;
use std::time::{Duration, Instant};

use monitor_tests::skipped;
use postgres::{Client, NoTls};

static SHARED: LazyLock<Option<Cluster>> = LazyLock::new(|| {
    let programs = programs()?;
    // These tests are about what is stored; those about power cuts have clusters of their own.
    Some(Cluster::start(&programs, "shared", &["fsync=off", "synchronous_commit=off", "max_connections=300"]))
});
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// URL of an empty database; `None`, with the reason on stderr, where there is no PostgreSQL.
pub fn database() -> Option<String> {
    let cluster = SHARED.as_ref()?;
    let name = format!("t{}", DATABASES.fetch_add(1, Relaxed));
    cluster.execute(&format!("CREATE DATABASE {name}"));
    Some(cluster.url(&name))
}

/// A server of PostgreSQL.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    port: String,
    keeper: Child,
    /// The shell of which it was before it was killed, which would remove the folder.
    before: Option<Box<Cluster>>,
}

impl Cluster {
    /// Makes a cluster and starts it.
    pub fn start(programs: &Path, name: &str, settings: &[&str]) -> Self {
        let folder = folder(name);
        let data = folder.join("data");
        let init = format!(
            "{}/initdb --pgdata={} --username=monitor --auth=trust --no-sync --encoding=UTF8 --locale=C",
            programs.display(),
            data.display()
        );
        let made = unprivileged(&init).output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self::run(programs, folder, settings)
    }

    /// Starts what is in a folder. A shell keeps it, and ends it when the test's end closes the shell's input.
    pub fn run(programs: &Path, folder: PathBuf, settings: &[&str]) -> Self {
        let port = settings.iter().find_map(|setting| setting.strip_prefix("port=")).unwrap_or("5432").to_owned();
        let settings: String = settings.iter().map(|setting| format!(" -c {setting}")).collect();
        let script = format!(
            "{programs}/postgres -D {folder}/data -k {folder} -c listen_addresses= {settings} >{folder}/log 2>&1 </dev/null & \
             pid=$!; echo $pid >{folder}/pid; read -r _; kill -QUIT $pid; wait $pid; rm -rf {folder}",
            programs = programs.display(),
            folder = folder.display(),
        );
        let mut command = unprivileged(&script);
        let keeper =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a shell runs");
        let cluster = Self { folder, port, keeper, before: None };
        let until = Instant::now() + Duration::from_secs(60);
        while let Err(error) = Client::connect(&cluster.url("postgres"), NoTls) {
            let log = || fs::read_to_string(cluster.folder.join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "PostgreSQL does not start: {error}\n{}", log());
            sleep(Duration::from_millis(50));
        }
        cluster
    }

    /// Starts it again, after it was killed.
    pub fn again(self, programs: &Path, settings: &[&str]) -> Self {
        // Its process has a number until the shell that keeps it asks how it ended, and would be taken for alive.
        for lock in ["data/postmaster.pid", ".s.PGSQL.5432.lock"] {
            let _ = fs::remove_file(self.folder.join(lock));
        }
        let mut again = Self::run(programs, self.folder.clone(), settings);
        again.before = Some(Box::new(self));
        again
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A copy in another folder that follows this one; from now on a commit waits until the copy has it.
    pub fn standby(&self, programs: &Path, folder: PathBuf) -> Self {
        let copy = format!(
            "{}/pg_basebackup --pgdata={}/data --host={} --username=monitor --write-recovery-conf --checkpoint=fast --no-sync",
            programs.display(),
            folder.display(),
            self.folder.display()
        );
        let made = unprivileged(&copy).output().expect("pg_basebackup runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let standby = Self::run(programs, folder, &["hot_standby=on"]);
        self.execute("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.execute("SELECT pg_reload_conf()");
        standby
    }

    /// SIGKILL to all of it.
    pub fn kill(&self) {
        let script = "pid=$(cat \"$0/pid\"); kill -KILL $pid $(pgrep -P $pid)";
        let killed = Command::new("sh").args(["-c", script]).arg(&self.folder).status();
        assert!(killed.is_ok_and(|status| status.success()), "PostgreSQL can't be killed");
    }

    pub fn url(&self, database: &str) -> String {
        let host = self.folder.to_string_lossy().replace('/', "%2F");
        format!("postgres://monitor@{host}:{}/{database}", self.port)
    }

    pub fn execute(&self, sql: &str) {
        let mut client = Client::connect(&self.url("postgres"), NoTls).expect("the cluster can be reached");
        client.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Where the programs are; Debian keeps them out of the path.
pub fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten().flatten();
    let mut found: Vec<_> =
        versions.map(|entry| entry.path().join("bin")).filter(|path| path.join("initdb").exists()).collect();
    found.sort();
    let programs = found.pop();
    if programs.is_none() {
        skipped("no PostgreSQL on this machine, so the server is tried on SQLite only");
    } else if is_root()
        && !Command::new("runuser").args(["-u", "postgres", "true"]).status().is_ok_and(|status| status.success())
    {
        skipped("PostgreSQL does not run as root, and there is no user postgres: the server is tried on SQLite only");
        return None;
    }
    programs
}

/// A folder that PostgreSQL's user can write to.
pub fn folder(name: &str) -> PathBuf {
    let folder =
        tempfile::Builder::new().prefix(&format!("monitor-{name}-")).tempdir().expect("a temporary folder can be made");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("permissions can be set");
    folder.keep()
}

/// A shell that is not root: PostgreSQL refuses to be.
pub fn unprivileged(script: &str) -> Command {
    let mut command = Command::new(if is_root() { "runuser" } else { "sh" });
    if is_root() {
        command.args(["-u", "postgres", "--", "sh"]);
    }
    command.args(["-c", script]).current_dir("/");
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0)
}
