//! What our own measuring costs in this process, so that readers can judge small values.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::measurement::{Begun, Coverage};
use crate::allocator;
use crate::scope::{Tree, current};

/// Costs in ns; the least of several tries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overhead {
    /// One reading of the monotonic clock.
    pub clock_ns: f64,
    /// What an empty scope shows as its own wall time.
    pub scope_ns: f64,
    /// What counting adds to one allocation and its release inside a scope; `None` if nothing counts.
    pub allocation_ns: Option<f64>,
}

/// Measures them: about 10 µs, once per process.
pub(crate) fn calibrate() -> Overhead {
    let clock_ns = least_ns(|| {
        black_box(Instant::now());
    });
    let outside = least_ns(allocate_once);
    let tree = Tree::new();
    let own = tree.join();
    own.is_this_threads();
    let before = current::set_current(Some(own));
    let inside = least_ns(allocate_once);
    current::set_current(before);
    let counts = own.has_allocated();
    allocator::set_counts(counts);
    let scope = (0..4).map(|_| Begun::now(Coverage::Threads, tree, own, 0, None).stop(own).wall()).min();
    tree.close(own, false);
    Overhead {
        clock_ns,
        scope_ns: scope.unwrap_or(Duration::ZERO).as_nanos() as f64,
        allocation_ns: counts.then_some((inside - outside).max(0.0)),
    }
}

fn allocate_once() {
    black_box(Box::new(black_box(0_u64)));
}

fn least_ns(work: impl Fn()) -> f64 {
    const TRIES: u32 = 3;
    const TIMES: u32 = 8;
    let tries = (0..TRIES).map(|_| {
        let start = Instant::now();
        for _ in 0..TIMES {
            work();
        }
        start.elapsed().as_nanos() as f64 / f64::from(TIMES)
    });
    tries.fold(f64::INFINITY, f64::min)
}
