//! An empty test before and after 2,000 threads that outlive theirs.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use monitor_runtime::monitored;

use crate::median;

const THREADS: usize = 2_000;
const ROUNDS: usize = 500;

#[monitored]
fn empty() {
    black_box(());
}

#[monitored]
fn leaks() {
    for _ in 0..THREADS {
        let thread = thread::Builder::new().stack_size(64 * 1024);
        thread.spawn(thread::park).expect("a thread can be made");
    }
    // All of them sleep by now.
    thread::sleep(Duration::from_millis(500));
}

pub(crate) fn run() {
    empty();
    let before = each();
    leaks();
    empty();
    let after = each();
    println!("\nempty test beside {THREADS} threads that outlived theirs");
    println!("  without them                       {before:8.2} us");
    println!("  beside them                        {after:8.2} us");
    println!("  beside / without                   {:8.2}     (budget 1.5)", after / before);
}

fn each() -> f64 {
    let once = |_| {
        let start = Instant::now();
        empty();
        start.elapsed().as_nanos() as f64 / 1e3
    };
    median((0..ROUNDS).map(once).collect())
}
