//! One measurement: what is read when it begins and when it ends, and the difference.

use std::time::{Duration, Instant};

use monitor_store::{Attribution, CountFlags};

use super::instructions::{self, Counting};
use crate::allocator;
use crate::scope::{HeapMark, ThreadRecord, Totals, Tree, current};
use crate::sys::{self, ChildUsage, Edge, ResidentPeak, Usage};

/// Whose figures a test's row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// The whole process: it runs one test at a time.
    Process,
    /// The threads of the test's scope: other tests run beside it.
    Threads,
}

/// A bracket that has begun.
#[derive(Debug)]
pub(crate) struct Begun {
    coverage: Coverage,
    tree: &'static Tree,
    resident: Option<ResidentPeak>,
    children: Option<ChildUsage>,
    totals: Totals,
    heap: HeapMark,
    /// Threads that had joined the tree before the test did.
    earlier_threads: u64,
    /// Wall time set aside on the test's thread before.
    aside: Duration,
    process: Option<Usage>,
    counting: Option<Counting>,
    clock: Instant,
}

/// A bracket whose clocks have stopped, while threads may still have to be waited for.
#[derive(Debug)]
pub(crate) struct Stopped {
    begun: Begun,
    wall: Duration,
    process: Option<Usage>,
    children: Option<ChildUsage>,
    own_usage: Usage,
    instructions: Option<u64>,
    count_flags: Option<CountFlags>,
}

/// What a test cost.
#[derive(Debug, Clone)]
pub(crate) struct Measurement {
    pub coverage: Coverage,
    /// `None` if the test ran in callgrind, whose time says nothing of the test's.
    pub wall: Option<Duration>,
    /// CPU time, faults, switches and I/O.
    pub usage: Usage,
    pub heap: Option<Heap>,
    /// Growth of the process's resident peak, bytes.
    pub resident_growth_bytes: Option<u64>,
    pub children: Option<ChildUsage>,
    /// Resident peak of the test's largest child process, bytes.
    pub largest_child_bytes: Option<u64>,
    /// Threads at work for the test, its own included.
    pub threads: Option<u64>,
    /// Instructions of the whole process; `None` unless they are counted.
    pub instructions: Option<u64>,
    /// What is special about them; `None` unless they are counted.
    pub count_flags: Option<CountFlags>,
}

/// What a test did to the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heap {
    pub peak_bytes: u64,
    pub allocated_bytes: u64,
    pub allocations: u64,
    /// Negative if memory from before was given back.
    pub retained_bytes: i64,
}

impl Begun {
    /// Begins to measure `tree` on the calling thread, which counts for `own` from now on. `earlier_threads`
    /// have joined the tree before the test and are not the test's.
    pub(crate) fn now(
        coverage: Coverage,
        tree: &'static Tree,
        own: &'static ThreadRecord,
        earlier_threads: u64,
        counting: Option<Counting>,
    ) -> Self {
        let resident = match coverage {
            // To ask would leave traces in the heap.
            _ if counting.is_some() => None,
            Coverage::Process => ResidentPeak::reset(),
            Coverage::Threads if allocator::counts() => None,
            Coverage::Threads => ResidentPeak::so_far(),
        };
        let by_threads = coverage == Coverage::Threads;
        let mut totals = tree.totals(own, by_threads.then_some(&Usage::ZERO));
        let heap = tree.mark_heap(own);
        let children = if by_threads || counting.is_some() { None } else { sys::children_usage() };
        let process = if by_threads {
            totals.usage = totals.usage.plus(&sys::thread_usage(Edge::Begin));
            None
        } else if counting.is_some() {
            Some(Usage::default())
        } else {
            Some(sys::process_usage(Edge::Begin))
        };
        let aside = own.aside();
        // To ask the system may allocate: the thread counts only now.
        current::set_current(Some(own));
        Self {
            coverage,
            tree,
            resident,
            children,
            totals,
            heap,
            earlier_threads,
            aside,
            process,
            counting,
            clock: Instant::now(),
        }
    }

    /// What a bracket inside this one has to keep: whose figures it shows, and the threads to leave out.
    pub(crate) fn terms(&self) -> (Coverage, u64) {
        (self.coverage, self.earlier_threads)
    }

    /// Stops the clocks. The calling thread, normally that of `own`, counts no more.
    pub(crate) fn stop(self, own: &'static ThreadRecord) -> Stopped {
        let wall = self.clock.elapsed().saturating_sub(own.aside().saturating_sub(self.aside));
        let counted = current::set_current(None);
        let is_own_thread = || counted.is_some_and(|record| std::ptr::eq(record, own));
        let (own_usage, process) = match self.coverage {
            Coverage::Process => (Usage::default(), Some(sys::process_usage(Edge::End))),
            Coverage::Threads if is_own_thread() => (sys::thread_usage(Edge::End), None),
            Coverage::Threads => (own.usage(), None),
        };
        let children = process.and_then(|_| sys::children_usage());
        let instructions = self.counting.as_ref().and_then(Counting::total);
        let count_flags = self.counting.as_ref().map(Counting::flags);
        Stopped { begun: self, wall, process, children, own_usage, instructions, count_flags }
    }
}

impl Stopped {
    /// Wall time between the clocks.
    pub(crate) fn wall(&self) -> Duration {
        self.wall
    }

    /// Sums up, with what the tree's other threads have done by now.
    pub(crate) fn measurement(&self, own: &'static ThreadRecord) -> Measurement {
        let Begun { coverage, tree, resident, children, totals, heap, earlier_threads, process, .. } = &self.begun;
        let by_threads = *coverage == Coverage::Threads;
        let heap = tree.heap_since(own, heap);
        let totals_now = tree.totals(own, by_threads.then_some(&self.own_usage));
        let spent = totals_now.since(totals);
        let usage = match (process, &self.process) {
            (Some(before), Some(after)) => after.since(before),
            _ => spent.usage,
        };
        let usage = usage.since(&spent.aside);
        let threads = totals_now.threads.saturating_sub(*earlier_threads);
        let usage = if threads == 1 { without_own_cost(usage, self.wall) } else { usage };
        let both = children.as_ref().zip(self.children.as_ref());
        let own_peak = || resident.as_ref().and_then(ResidentPeak::peak_bytes);
        let largest_child_bytes = both.and_then(|(before, after)| after.largest_peak_since(before, own_peak()));
        let children = both.map(|(before, after)| ChildUsage {
            user_ns: after.user_ns.saturating_sub(before.user_ns),
            kernel_ns: after.kernel_ns.saturating_sub(before.kernel_ns),
            ..*after
        });
        let in_callgrind = instructions::are_counted();
        Measurement {
            coverage: *coverage,
            wall: (!in_callgrind).then_some(self.wall),
            usage: if in_callgrind { Usage::default() } else { usage },
            heap: allocator::counts().then_some(Heap {
                peak_bytes: heap.peak_bytes,
                allocated_bytes: spent.allocated.bytes,
                allocations: spent.allocated.calls,
                retained_bytes: heap.kept_bytes,
            }),
            resident_growth_bytes: resident.as_ref().filter(|_| !in_callgrind).and_then(ResidentPeak::growth_bytes),
            children: children.filter(|_| !in_callgrind),
            largest_child_bytes: largest_child_bytes.filter(|_| !in_callgrind),
            threads: sys::threads::are_seen().then_some(threads),
            instructions: self.instructions,
            count_flags: self.count_flags,
        }
    }
}

/// The CPU clocks are read outside of the wall clock, so a single thread's CPU time can seem to pass its wall time, by what
/// reading them costs.
fn without_own_cost(usage: Usage, wall: Duration) -> Usage {
    const MOST_NS: u64 = 20_000;
    let wall_ns = u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX);
    let is_own_cost = |cpu_ns: &u64| *cpu_ns > wall_ns && *cpu_ns - wall_ns < MOST_NS;
    Usage { cpu_ns: usage.cpu_ns.map(|cpu_ns| if is_own_cost(&cpu_ns) { wall_ns } else { cpu_ns }), ..usage }
}

impl Measurement {
    /// User plus kernel time; `None` where the platform does not tell.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        self.usage.cpu_ns.map(Duration::from_nanos)
    }

    /// Whether what the heap's figures say is the test's doing alone: other tests' threads leave traces in what all
    /// threads share.
    pub(crate) fn is_heap_exact(&self) -> bool {
        match self.coverage {
            Coverage::Process => self.threads.is_some(),
            Coverage::Threads => self.threads == Some(1),
        }
    }

    /// How the numbers were obtained, unless the threads turn out to be incomplete.
    pub(crate) fn attribution(&self) -> Attribution {
        match self.coverage {
            Coverage::Process => Attribution::Process,
            Coverage::Threads if sys::threads::are_seen() => Attribution::Threads,
            Coverage::Threads => Attribution::Shared,
        }
    }
}
