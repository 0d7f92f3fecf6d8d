//! An allocation and its release: bare, counted inside a scope, and by divan's profiler; and the way a program takes to them,
//! by calls of the language that are not inlined.

use std::alloc::{GlobalAlloc, Layout, System, alloc, dealloc};
use std::hint::black_box;
use std::thread;
use std::time::Instant;

use divan::AllocProfiler;
use monitor_runtime::{__allocator::Installed, Allocator, monitored};

use crate::median;

const CALLS: u32 = 20_000;
const ROUNDS: usize = 101;
const SIZES: [usize; 3] = [16, 256, 4096];

static WRAPPED: Allocator<System> = Allocator::new(System);
static DIVAN: AllocProfiler<System> = AllocProfiler::new(System);

/// Monitored, so that every call counts for a scope.
#[monitored]
pub(crate) fn run() {
    println!("\nallocation and release, inside a monitored test, ns (and ratio to the bare allocator; budget 1.10)");
    for threads in [1, 2] {
        for size in SIZES {
            let [bare, counted, wrapped, divan, called, counted_call] = on_threads(threads, size);
            let ratio = |figure: f64| format!("{figure:5.1} ({:.2})", figure / bare);
            println!(
                "  {threads} thread{}, {size:4} bytes: bare {bare:5.1}, counted {}, Allocator<System> {}, divan's profiler {}; called {called:5.1}, counted {counted_call:5.1} ({:.2})",
                if threads == 1 { " " } else { "s" },
                ratio(counted),
                ratio(wrapped),
                ratio(divan),
                counted_call / called
            );
        }
    }
}

/// Interleaved, so that all see the same machine.
fn on_threads(threads: usize, size: usize) -> [f64; 6] {
    let figures = |_| {
        let mut rounds: [Vec<f64>; 6] = [const { Vec::new() }; 6];
        for _ in 0..ROUNDS {
            rounds[0].push(each(&System, size));
            rounds[1].push(each(&Installed, size));
            rounds[2].push(each(&WRAPPED, size));
            rounds[3].push(each(&DIVAN, size));
            rounds[4].push(each(&Called, size));
            rounds[5].push(each(&Language, size));
        }
        rounds.map(median)
    };
    let all: Vec<[f64; 6]> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|worker| scope.spawn(move || figures(worker))).collect();
        workers.into_iter().map(|worker| worker.join().expect("the worker ends")).collect()
    });
    [0, 1, 2, 3, 4, 5].map(|which| median(all.iter().map(|figures| figures[which]).collect()))
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

/// The system's allocator as the language calls it where no other is installed: by two functions that only lead to it, after one
/// that does nothing (`__rust_no_alloc_shim_is_unstable_v2`, `__rust_alloc`, `__rdl_alloc`; none of them is inlined).
struct Called;

// SAFETY: every call goes to the system's allocator, unchanged.
unsafe impl GlobalAlloc for Called {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        shim();
        // SAFETY: the caller's promise is passed on.
        unsafe { first_alloc(layout.size(), layout.align()) }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { first_dealloc(pointer, layout.size(), layout.align()) }
    }
}

#[inline(never)]
fn shim() {
    black_box(());
}

macro_rules! leads_to {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty { $call:expr })*) => {$(
        #[inline(never)]
        unsafe fn $name($($argument: $kind),*) -> $answer {
            // SAFETY: the caller's promise is passed on; the numbers are a layout's.
            unsafe { $call }
        }
    )*};
}

leads_to! {
    first_alloc(size: usize, align: usize) -> *mut u8 { second_alloc(size, align) }
    second_alloc(size: usize, align: usize) -> *mut u8 { System.alloc(Layout::from_size_align_unchecked(size, align)) }
    first_dealloc(pointer: *mut u8, size: usize, align: usize) -> () { second_dealloc(pointer, size, align) }
    second_dealloc(pointer: *mut u8, size: usize, align: usize) -> () {
        System.dealloc(pointer, Layout::from_size_align_unchecked(size, align))
    }
}

/// What is installed in this program, as the language calls it.
struct Language;

// SAFETY: every call goes to the program's allocator, unchanged.
unsafe impl GlobalAlloc for Language {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { alloc(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { dealloc(pointer, layout) }
    }
}
