//! An allocation and its release: bare, counted inside a scope, and by divan's profiler.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::thread;
use std::time::Instant;

use divan::AllocProfiler;
use monitor_runtime::{Allocator, monitored};

use crate::median;

const CALLS: u32 = 20_000;
const ROUNDS: usize = 101;
const SIZES: [usize; 3] = [16, 256, 4096];

static COUNTED: Allocator<System> = Allocator::new(System);
static DIVAN: AllocProfiler<System> = AllocProfiler::new(System);

/// Monitored, so that every call counts for a scope.
#[monitored]
pub(crate) fn run() {
    println!("\nallocation and release, inside a monitored test, ns (and ratio to the bare allocator; budget 1.10)");
    for threads in [1, 2] {
        for size in SIZES {
            let [bare, counted, divan] = on_threads(threads, size);
            println!(
                "  {threads} thread{}, {size:4} bytes: bare {bare:6.1}, counted {counted:6.1} ({:.2}), divan's profiler {divan:6.1} ({:.2})",
                if threads == 1 { " " } else { "s" },
                counted / bare,
                divan / bare
            );
        }
    }
}

/// Interleaved, so that all three see the same machine.
fn on_threads(threads: usize, size: usize) -> [f64; 3] {
    let figures = |_| {
        let mut rounds: [Vec<f64>; 3] = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            rounds[0].push(each(&System, size));
            rounds[1].push(each(&COUNTED, size));
            rounds[2].push(each(&DIVAN, size));
        }
        rounds.map(median)
    };
    let all: Vec<[f64; 3]> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|worker| scope.spawn(move || figures(worker))).collect();
        workers.into_iter().map(|worker| worker.join().expect("the worker ends")).collect()
    });
    [0, 1, 2].map(|which| median(all.iter().map(|figures| figures[which]).collect()))
}

fn each(allocator: &impl GlobalAlloc, size: usize) -> f64 {
    let layout = Layout::from_size_align(size, 8).expect("a small power of two is a good alignment");
    let start = Instant::now();
    for _ in 0..CALLS {
        // SAFETY: the size is not zero, and the pointer is released once, with its layout.
        unsafe {
            let pointer = black_box(allocator.alloc(black_box(layout)));
            allocator.dealloc(pointer, layout);
        }
    }
    start.elapsed().as_nanos() as f64 / f64::from(CALLS)
}
