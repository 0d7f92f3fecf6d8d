//! What the server can take on this machine, beside what this disk can:
//! `cargo run --profile server -p monitor-server --example load -- [ROWS] [FOLDER or postgres://...] [HOST:PORT]`.
//!
//! The disk's own limits come first, measured in the same run: without them the other numbers say little. At HOST:PORT may be a
//! `monitor-server-api` from PyPI, which is then asked to store single metrics too.

mod client;
mod limits;
mod rates;
mod rows;

use std::net::SocketAddr;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use monitor_server::cli::Options;
use monitor_server::serve::serve;
use monitor_server::state::Shared;
use monitor_server::store::open;

use client::{Connection, Wait};
use rates::Work;
use rows::TESTS;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

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
    let database = match place.contains("://") {
        true => place,
        false => folder.path().join("monitor.db").to_string_lossy().into_owned(),
    };
    let address = start(&database)?;
    println!("fdatasync of 4 KiB                {:>9.0} /s", rates::of(limits::syncs(folder.path())?)?);
    let mute = limits::mute(answer_to_metric(address)?)?;
    let [bare, commits, asleep @ .., mute_polled, empty_polled, single_polled] = rates::in_turns(&mut [
        limits::bare_commits(folder.path())?,
        limits::metric_commits(folder.path())?,
        single(mute, 0, Wait::Sleeping)?,
        empty(address, Wait::Sleeping)?,
        single(address, 0, Wait::Sleeping)?,
        single(mute, 1, Wait::Polling)?,
        empty(address, Wait::Polling)?,
        single(address, 1, Wait::Polling)?,
    ])?;
    println!("SQLite commits, WAL and FULL      {bare:>9.0} /s   of a row of two columns");
    println!("the same of a metric's row        {commits:>9.0} /s   as the server keeps it");
    for (how, [mute, empty, one]) in
        [("client sleeps", asleep), ("client polls", [mute_polled, empty_polled, single_polled])]
    {
        println!("a metric's bytes there and back   {mute:>9.0} /s   {how}; no server looks at them");
        println!("requests that store nothing       {empty:>9.0} /s   {how}");
        let (of_bare, of_commits) = (100.0 * one / bare, 100.0 * one / commits);
        let of_both = 100.0 * one * (1.0 / commits + 1.0 / mute);
        let bound = 100.0 / (1.0 + bare / mute);
        println!(
            "single metrics, 1 client          {one:>9.0} /s   {how}; {of_bare:.0} % of the first commits ({bound:.0} % would be left by \
             such a commit and such bytes alone), {of_commits:.0} % of the second, {of_both:.0} % of these and such bytes"
        );
    }
    println!("single metrics, 8 clients         {:>9.0} /s{}", singles(address, 8)?, cut_off());
    match reference {
        Some(reference) => {
            for clients in [1, 8] {
                let rate = singles(reference, clients)?;
                println!("the same, monitor-server-api, {clients}     {rate:>9.0} /s{}", cut_off());
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

/// What is to be said of connections that a server closed instead of answering.
fn cut_off() -> String {
    match client::cut_off() {
        0 => String::new(),
        count => format!("   connections closed without an answer, and asked again: {count}"),
    }
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
fn empty(address: SocketAddr, wait: Wait) -> Result<Work> {
    let mut connection = Connection::open(address, wait)?;
    Ok(Box::new(move || match connection.ask("GET", "/healthz", "text/plain", b"")? {
        (200, _) => Ok(()),
        (status, _) => Err(format!("status {status}").into()),
    }))
}

/// A client that sends one metric after the other.
fn single(address: SocketAddr, client: usize, wait: Wait) -> Result<Work> {
    let mut connection = Connection::open(address, wait)?;
    let mut number = 0;
    Ok(Box::new(move || {
        number += 1;
        store_metric(&mut connection, client, number)
    }))
}

fn store_metric(connection: &mut Connection, client: usize, number: usize) -> Result<()> {
    let body = rows::metric(client, number);
    match connection.ask("POST", "/api/v1/metrics/", "application/json", body.as_bytes())? {
        (201, _) => Ok(()),
        (status, answer) => Err(format!("status {status}: {}", String::from_utf8_lossy(answer)).into()),
    }
}

/// All that a server says to a metric.
fn answer_to_metric(address: SocketAddr) -> Result<Vec<u8>> {
    let mut connection = Connection::open(address, Wait::Sleeping)?;
    store_metric(&mut connection, 2, 0)?;
    Ok(connection.answer().to_vec())
}

fn singles(address: SocketAddr, clients: usize) -> Result<f64> {
    let work = move |client| rates::of(single(address, 10 + client, Wait::Sleeping)?);
    let threads: Vec<_> = (0..clients).map(|client| thread::spawn(move || work(client))).collect();
    threads.into_iter().map(|thread| thread.join().map_err(|_| "a client panicked")?).sum()
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
            let bodies: Vec<_> = numbers.filter(|number| *number < sessions).map(rows::session).collect();
            ready.wait();
            let begin = Instant::now();
            for body in bodies {
                let sent = connection.ask("POST", "/api/v2/sessions", "application/x-ndjson", body.as_bytes());
                match sent {
                    Ok((201, _)) => {}
                    Ok((status, answer)) => {
                        failed = Some(format!("status {status}: {}", String::from_utf8_lossy(answer)).into());
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
    let mut connection = Connection::open(address, Wait::Sleeping)?;
    let (_, body) = connection.ask("GET", "/sessions.json", "text/plain", b"")?;
    let body = std::str::from_utf8(body)?.replace(' ', "");
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
