//! An empty test: plain, monitored with recording, and the bare parts that monitoring can't do without.

use std::env;
use std::hint::black_box;
use std::time::Instant;

use monitor_runtime::monitored;
use rusqlite::{Connection, Statement, params};

use crate::median;

const ROUNDS: i64 = 2_000;

#[monitored]
fn monitored_empty() {
    black_box(());
}

fn plain_empty() {
    black_box(());
}

pub(crate) fn run() {
    let database = bare_database();
    let insert = "insert into ROWS values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let mut insert = database.prepare(insert).expect("the statement is right");
    monitored_empty();
    // Interleaved, so that all see the same machine.
    let mut rounds: [Vec<f64>; 4] = [const { Vec::new() }; 4];
    for number in 1..=ROUNDS {
        rounds[0].push(microseconds(plain_empty));
        rounds[1].push(microseconds(monitored_empty));
        rounds[2].push(microseconds(|| {
            snapshot();
            snapshot();
        }));
        rounds[3].push(microseconds(|| {
            commit(&mut insert, number);
            commit(&mut insert, -number);
        }));
    }
    let [plain, monitored, snapshots, commits] = rounds.map(median);
    let bare = snapshots + commits;
    println!("\nempty test in a warm process, profile bench");
    println!("  plain                              {plain:8.2} us");
    println!(
        "  bare parts                         {bare:8.2} us  (2 snapshots {snapshots:.2}, 2 WAL commits {commits:.2})"
    );
    println!("  monitored and recorded             {monitored:8.2} us");
    println!("  monitored / bare parts             {:8.2}     (budget 1.7)", monitored / bare);
}

fn microseconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64 / 1e3
}

/// Clock, CPU clock and `getrusage`: what one end of a bracket has to read.
fn snapshot() {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both are valid places for the answers.
    unsafe {
        libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time);
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
    }
    black_box((Instant::now(), time, usage));
}

fn bare_database() -> Connection {
    let path = format!("{}.bare", env::var("MONITOR_DB").expect("the path is set"));
    let database = Connection::open(path).expect("a database can be made");
    let pragma = "pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = 1000";
    database.execute_batch(pragma).expect("the database takes pragmas");
    let columns = "A primary key, B, C, D, E, F, G, H, I, J, K, L, M, N";
    database.execute_batch(&format!("create table ROWS ({columns}) without rowid")).expect("a table can be made");
    database
}

fn commit(insert: &mut Statement<'_>, number: i64) {
    let hash = "0123456789abcdef0123456789abcdef";
    let values = params![
        number,
        hash,
        hash,
        "2026-11-23T01:02:03.456789",
        "demo::tests",
        "test_prime",
        "test_prime[982451653]",
        "src/lib.rs",
        "function",
        "demo",
        0.001,
        0.001,
        0.0,
        1.0
    ];
    insert.execute(values).expect("the row goes in");
}
