//! What the server can take on this machine, beside what this disk can:
//! `cargo run --release -p monitor-server --example load -- [ROWS] [FOLDER or postgres://...] [HOST:PORT]`.
//!
//! The disk's own limits come first, measured in the same run: without them the other numbers say little. At HOST:PORT may be a
//! `monitor-server-api` from PyPI, which is then asked to store single metrics too.

use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use monitor_server::serve::serve;
use monitor_server::state::{Options, Shared};
use monitor_server::store::open;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How long each rate is measured.
const SPAN: Duration = Duration::from_secs(2);
/// How long it goes on before, uncounted.
const WARM_UP: Duration = Duration::from_secs(1);
/// Tests in a session.
const TESTS: usize = 5_000;
/// Tests of a session that run at once.
const AT_ONCE: f64 = 4.0;
/// Clients that send sessions at once, and how many each makes ready beforehand.
const SENDERS: usize = 3;
const WAVE: usize = 8;
/// Queries of each kind.
const QUERIES: usize = 21;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let rows: usize = args.next().map_or(Ok(1_000_000), |rows| rows.parse())?;
    let place = args.next().unwrap_or_else(|| ".".to_owned());
    let reference = args.next().map(|address| address.parse()).transpose()?;
    let folder = tempfile::tempdir_in(if place.contains("://") { "." } else { &place })?;
    let syncs = syncs(folder.path())?;
    println!("fdatasync of 4 KiB                {syncs:>9.0} /s");
    let bare = bare_commits(folder.path())?;
    println!("SQLite commits, WAL and FULL      {bare:>9.0} /s   of a row of two columns");
    let commits = metric_commits(folder.path())?;
    println!("the same of a metric's row        {commits:>9.0} /s   in the server's own tables");
    let database = match place.contains("://") {
        true => place,
        false => folder.path().join("monitor.db").to_string_lossy().into_owned(),
    };
    let address = start(&database)?;
    for (wait, how) in [(Wait::Sleeping, "client sleeps"), (Wait::Polling, "client polls")] {
        let empty = empty(address, wait)?;
        println!("requests that store nothing       {empty:>9.0} /s   {how}");
        let (one, both) = (singles(address, 1, wait)?, 1.0 / (1.0 / commits + 1.0 / empty));
        println!(
            "single metrics, 1 client          {one:>9.0} /s   {how}; {:.0} % of the first commits, {:.0} % of the second, {:.0} % of \
             these and such a request",
            100.0 * one / bare,
            100.0 * one / commits,
            100.0 * one / both
        );
    }
    println!("single metrics, 8 clients         {:>9.0} /s", singles(address, 8, Wait::Sleeping)?);
    match reference {
        Some(reference) => {
            for clients in [1, 8] {
                println!(
                    "the same, monitor-server-api, {clients}     {:>9.0} /s",
                    singles(reference, clients, Wait::Sleeping)?
                );
            }
        }
        None => println!("monitor-server-api: not measured, its address is not among the arguments"),
    }
    let sessions = rows.div_ceil(TESTS);
    println!(
        "rows in batches of {TESTS}           {:>9.0} /s   {sessions} sessions, {SENDERS} clients",
        batches(address, sessions)?
    );
    // Who looks at the sessions while they are judged would measure that.
    let judged = Instant::now();
    while is_judging(address)? {
        thread::sleep(Duration::from_secs(1));
    }
    println!("judging what was left then        {:>9.1} s", judged.elapsed().as_secs_f64());
    if let Ok(file) = std::fs::metadata(&database) {
        println!("bytes of the file a row           {:>9.0}", file.len() as f64 / (sessions * TESTS) as f64);
    }
    let newest = sessions - 1;
    println!("\nanswers of the API");
    for (what, path) in [
        ("first page of all metrics", "metrics/".to_owned()),
        ("last page of all metrics", "metrics/?page=-1".to_owned()),
        ("count of all metrics", "metrics/count".to_owned()),
        ("history of one test", "variants/test_42[3]/metrics".to_owned()),
        ("a page of one session", format!("sessions/session-{newest}/metrics")),
        ("metrics of a kind", "filters/scope/function/metrics".to_owned()),
        ("the 10 that need most memory", "resources/memory/head/metrics".to_owned()),
    ] {
        latency(address, what, &format!("/api/v1/{path}"))?;
    }
    println!("\npages");
    let test = "krate::tests::test_42%5B3%5D";
    for (what, path) in [
        ("overview", "/".to_owned()),
        ("sessions", "/sessions".to_owned()),
        ("a session", format!("/sessions/session-{newest}")),
        ("its gate", format!("/sessions/session-{newest}/gate")),
        ("badge", "/badge.svg".to_owned()),
        ("tests", "/tests".to_owned()),
        ("a test", format!("/test?name={test}")),
        ("a test, whole, as JSON", format!("/test.json?name={test}")),
        ("two sessions compared", format!("/compare?base=session-{}&head=session-{newest}", newest - 1)),
        ("findings", "/findings".to_owned()),
        ("flaky tests", "/flaky".to_owned()),
        ("machines", "/machines".to_owned()),
        ("the greediest", "/top".to_owned()),
        ("capacity", "/capacity".to_owned()),
        ("pipelines", "/pipelines".to_owned()),
    ] {
        latency(address, what, &path)?;
    }
    Ok(())
}

fn per_second(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut count_for = |span: Duration| {
        let (begin, mut count) = (Instant::now(), 0_u32);
        while begin.elapsed() < span {
            work()?;
            count += 1;
        }
        Result::Ok(f64::from(count) / begin.elapsed().as_secs_f64())
    };
    // At first files grow, which costs the disk more than to write over them.
    count_for(WARM_UP)?;
    count_for(SPAN)
}

fn syncs(folder: &Path) -> Result<f64> {
    let mut file = File::create(folder.join("raw"))?;
    per_second(|| {
        file.write_all(&[1; 4096])?;
        Ok(file.sync_data()?)
    })
}

fn bare_commits(folder: &Path) -> Result<f64> {
    let connection = rusqlite::Connection::open(folder.join("raw.db"))?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (a, b)")?;
    let mut insert = connection.prepare("INSERT INTO t VALUES (?1, ?2)")?;
    per_second(|| {
        insert.execute(("some text as long as a metric has", 1.5))?;
        Ok(())
    })
}

/// As [`bare_commits`], of what a server writes for a metric whose test and session it knows: a row, and how many there are.
fn metric_commits(folder: &Path) -> Result<f64> {
    let file = folder.join("metrics.db");
    drop(open::database(&file.to_string_lossy())?);
    let connection = rusqlite::Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL; INSERT INTO tallies (project, session, context, kind, component, runs, finished) \
         VALUES (1, 1, 2, 'function', 'load', 0, 0)",
    )?;
    let mut insert = connection.prepare(
        "INSERT INTO runs (project, session, context, test, key, start, nth, total_time, user_time, kernel_time, \
         cpu_usage, mem_usage) VALUES (1, 1, 2, ?1, ?2, ?3, 0, 0.25, 0.1, 0.2, 0.24, 3.5)",
    )?;
    let mut count = connection.prepare("UPDATE tallies SET runs = runs + 1, finished = finished + 1")?;
    let mut number: i64 = 0;
    per_second(|| {
        number += 1;
        let test = number % 100;
        let key = test.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed());
        connection.execute_batch("BEGIN IMMEDIATE")?;
        insert.execute((test, key, format!("2026-11-23T00:00:00.{number:06}")))?;
        count.execute(())?;
        connection.execute_batch("COMMIT")?;
        Ok(())
    })
}

/// A server in this process.
fn start(database: &str) -> Result<SocketAddr> {
    let store = open::database(database)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        let state = Shared::new(store, Options::default());
        runtime.block_on(serve(listener, None, state, std::future::pending::<()>()))
    });
    Ok(address)
}

/// What a request costs whatever it asks for: two wake-ups, and HTTP on both sides.
fn empty(address: SocketAddr, wait: Wait) -> Result<f64> {
    let mut connection = Connection::open(address, wait)?;
    per_second(|| match connection.ask("GET", "/healthz", "text/plain", b"")? {
        (200, _) => Ok(()),
        (status, _) => Err(format!("status {status}").into()),
    })
}

fn metric(client: usize, number: usize) -> Value {
    json!({
        "session_h": "single", "context_h": "context", "item_start_time": format!("2026-11-23T00:{client:02}:00.{number:06}"),
        "item_path": "pkg.test_mod", "item": "test_single", "item_variant": format!("test_single[{}]", number % 100),
        "item_fs_loc": "pkg/test_mod.py", "kind": "function", "component": "load", "total_time": 0.25, "user_time": 0.1,
        "kernel_time": 0.2, "cpu_usage": 0.24, "mem_usage": 3.5,
    })
}

fn singles(address: SocketAddr, clients: usize, wait: Wait) -> Result<f64> {
    let work = move |client: usize| -> Result<f64> {
        let mut connection = Connection::open(address, wait)?;
        let mut number = usize::from(wait == Wait::Polling) * 500_000;
        per_second(|| {
            number += 1;
            let body = metric(client + 10 * clients, number).to_string();
            let (status, _) = connection.ask("POST", "/api/v1/metrics/", "application/json", body.as_bytes())?;
            if status == 201 { Ok(()) } else { Err(format!("status {status}").into()) }
        })
    };
    let threads: Vec<_> = (0..clients).map(|client| thread::spawn(move || work(client))).collect();
    threads.into_iter().map(|thread| thread.join().map_err(|_| "a client panicked")?).sum()
}

fn session(number: usize) -> String {
    let date = format!("2026-{:02}-{:02}T{:02}:34:04", 1 + number / 672 % 12, 1 + number / 24 % 28, number % 24);
    let class = json!({"class_h": "class", "rustc": "rustc 1.95.0", "profile": "dev", "opt_level": "0", "target": "t"});
    let head = json!({
        "session": {
            "session_h": format!("session-{number}"), "run_date": date, "scm_ref": format!("revision-{number}"), "ended": true,
            "description": {"git_branch": "main", "pipeline_branch": "main", "pipeline_build_no": number.to_string()},
        },
        "contexts": [{
            "h": "context", "cpu_count": 2, "cpu_frequency": 2600.0, "cpu_type": "x86_64", "cpu_vendor": "A processor",
            "ram_total": 16_000, "machine_node": "node", "machine_type": "x86_64", "machine_arch": "64bit",
            "system_info": "Linux", "python_info": "rustc 1.95.0", "class": class,
        }],
    });
    let mut text = format!("{head}\n");
    let mut busy = 0.0;
    for test in 0..TESTS {
        let (item, case) = (test / 10, test % 10);
        // Some scatter, the same in every run of this program.
        let scatter = 1.0 + ((test * 7919 + number * 104_729) % 1_009) as f64 / 20_000.0;
        let wall = 0.0001 * (1 + test) as f64 * scatter;
        // So many at once.
        let start = busy / AT_ONCE;
        busy += wall;
        let (minute, second) = (34 + start as usize / 60, start % 60.0);
        let is_flaky = test % 100 == 7 && number % 10 == 3;
        let outcome = if is_flaky { "failed" } else { "passed" };
        let row = json!({
            "context_h": "context", "item_start_time": format!("{}{minute}:{second:09.6}", &date[..14]), "item_path": "krate::tests",
            "item": format!("test_{item}"), "item_variant": format!("test_{item}[{case}]"), "item_fs_loc": "src/lib.rs",
            "kind": "function", "component": "krate", "package": "krate", "binary": "krate", "total_time": wall,
            "user_time": wall * 0.9, "kernel_time": wall * 0.01, "cpu_usage": 0.91, "mem_usage": ((test * 7919 + number * 31) % 10_007) as f64,
            "profile": {
                "attempt": 1, "outcome": outcome, "attribution": "threads", "mem_source": "heap", "heap_peak": 4096 * test,
                "heap_retained": 0, "heap_allocated": 8192 * test, "allocations": 100 + test, "threads": 1,
            },
        });
        text += &format!("{row}\n");
    }
    text
}

/// Rows per second while clients send what they have made ready.
fn batches(address: SocketAddr, sessions: usize) -> Result<f64> {
    let waves = sessions.div_ceil(SENDERS * WAVE);
    let ready = Barrier::new(SENDERS);
    let send = |client: usize| -> Result<Duration> {
        let mut connection = Connection::open(address, Wait::Sleeping)?;
        let (mut took, mut failed) = (Duration::ZERO, None);
        for wave in 0..waves {
            let numbers = (0..WAVE).map(|number| (wave * WAVE + number) * SENDERS + client);
            let bodies: Vec<_> = numbers.filter(|number| *number < sessions).map(session).collect();
            ready.wait();
            let begin = Instant::now();
            for body in bodies {
                let sent = connection.ask("POST", "/api/v2/sessions", "application/x-ndjson", body.as_bytes());
                match sent {
                    Ok((201, _)) => {}
                    Ok((status, answer)) => {
                        failed = Some(format!("status {status}: {}", String::from_utf8_lossy(&answer)).into());
                    }
                    Err(error) => failed = Some(error),
                }
            }
            // A wave lasts as long as its slowest client.
            ready.wait();
            took += begin.elapsed();
        }
        failed.map_or(Ok(took), Err)
    };
    let took: Vec<Duration> = thread::scope(|scope| {
        let send = &send;
        let clients: Vec<_> = (0..SENDERS).map(|client| scope.spawn(move || send(client))).collect();
        clients.into_iter().map(|client| client.join().map_err(|_| "a client panicked")?).collect::<Result<_>>()
    })?;
    let longest = took.into_iter().max().unwrap_or_default();
    Ok((sessions * TESTS) as f64 / longest.as_secs_f64())
}

/// Whether there are sessions without a verdict.
fn is_judging(address: SocketAddr) -> Result<bool> {
    let (_, body) = Connection::open(address, Wait::Sleeping)?.ask("GET", "/sessions.json", "text/plain", b"")?;
    let body = String::from_utf8(body)?.replace(' ', "");
    Ok(["\"verdict\":null", "\"verdict\":\"\""].iter().any(|missing| body.contains(missing)))
}

/// Prints how long an answer takes.
fn latency(address: SocketAddr, what: &str, path: &str) -> Result<()> {
    let mut connection = Connection::open(address, Wait::Sleeping)?;
    let mut times = Vec::new();
    for _ in 0..QUERIES {
        let begin = Instant::now();
        let (status, _) = connection.ask("GET", path, "text/plain", b"")?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
        if status != 200 {
            return Err(format!("{path}: status {status}").into());
        }
    }
    times.sort_by(f64::total_cmp);
    let (median, longest) = (times[QUERIES / 2], times[QUERIES - 1]);
    println!("{what:<33} {median:>9.1} ms  {longest:.1} ms at most");
    Ok(())
}

/// How a client waits for its answer.
#[derive(Clone, Copy, PartialEq)]
enum Wait {
    /// In the kernel, as clients do. On an idle machine its processor sleeps too, and wakes up as late as the server's.
    Sleeping,
    /// It asks again and again: what is measured is the server alone.
    Polling,
}

/// A connection that is kept, if the server keeps it.
struct Connection {
    address: SocketAddr,
    wait: Wait,
    stream: BufReader<Waiting>,
    is_closed: bool,
}

struct Waiting(TcpStream);

impl Read for Waiting {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match self.0.read(into) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::hint::spin_loop(),
                read => return read,
            }
        }
    }
}

impl Connection {
    fn open(address: SocketAddr, wait: Wait) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(wait == Wait::Polling)?;
        Ok(Self { address, wait, stream: BufReader::new(Waiting(stream)), is_closed: false })
    }

    fn ask(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
        if self.is_closed {
            *self = Self::open(self.address, self.wait)?;
        }
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
        self.stream.get_mut().0.write_all(&[head.as_bytes(), body].concat())?;
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse()?;
            } else if line == "connection: close" {
                self.is_closed = true;
            } else if line.starts_with("http/1.1 ") {
                status = line.split(' ').nth(1).unwrap_or("").parse()?;
            } else if line.is_empty() {
                break;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        Ok((status, answer))
    }
}
