//! Trees and records under many threads; `.ci/sanitize` runs these under ThreadSanitizer and valgrind too.
//!
//! Threads are made outside of every scope and join by hand, as `sys::threads` makes them join, so that the tests are the same without
//! the feature `thread-attribution`.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Scope, ScopedJoinHandle};

use super::{ThreadRecord, Tree, current};
use crate::sys::threads::ThreadHooks as _;

const THREADS: usize = 8;
const ROUNDS: usize = 2_000;

fn opened() -> (&'static Tree, &'static ThreadRecord) {
    let tree = Tree::new();
    let own = tree.join();
    own.is_this_threads();
    (tree, own)
}

/// Runs `body` on a new thread that is born on the calling one, `creator`'s.
fn spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    creator: &ThreadRecord,
    body: impl FnOnce(&'static ThreadRecord) + Send + 'scope,
) -> ScopedJoinHandle<'scope, ()> {
    let tree = creator.tree().expect("the creator is in a tree");
    let record = tree.join_born_on(creator);
    scope.spawn(move || {
        record.is_this_threads();
        body(record);
        record.end();
    })
}

#[test]
fn the_counts_of_many_threads_add_up() {
    let (tree, own) = opened();
    let before = tree.totals(own, None);
    let mark = tree.mark_heap(own);
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let start = &start;
            spawn(scope, own, move |record| {
                start.wait();
                for round in 0..ROUNDS {
                    record.count_allocation(round);
                    record.count_freed(round);
                    record.count_allocation(number);
                }
            });
        }
    });
    let spent = tree.totals(own, None).since(&before);
    let heap = tree.heap_since(own, &mark);
    let kept = ROUNDS * (0..THREADS).sum::<usize>();
    let passing = THREADS * (0..ROUNDS).sum::<usize>();
    assert_eq!(spent.allocated.bytes, (kept + passing) as u64);
    assert_eq!(spent.allocated.calls, (THREADS * ROUNDS * 2) as u64);
    assert_eq!(spent.threads, THREADS as u64);
    assert_eq!(heap.kept_bytes, kept as i64);
    // Above what is kept in the end there was at most one passing block of each thread.
    assert!((kept as u64..=(kept + THREADS * ROUNDS) as u64 + 64 * 1024).contains(&heap.peak_bytes), "{heap:?}");
    tree.close(own, false);
}

#[test]
fn what_one_thread_takes_and_another_gives_back_is_not_held() {
    let (tree, own) = opened();
    let mark = tree.mark_heap(own);
    let (sender, receiver) = std::sync::mpsc::sync_channel(16);
    thread::scope(|scope| {
        spawn(scope, own, move |record| {
            for _ in 0..ROUNDS {
                record.count_allocation(10_000);
                sender.send(10_000).expect("the other thread receives");
            }
        });
        spawn(scope, own, move |record| receiver.iter().for_each(|bytes| record.count_freed(bytes)));
    });
    let heap = tree.heap_since(own, &mark);
    assert_eq!(heap.kept_bytes, 0);
    // 16 in the channel, one in each hand, and what the two may run ahead.
    assert!((10_000..=18 * 10_000 + 2 * 64 * 1024).contains(&heap.peak_bytes), "{heap:?}");
    tree.close(own, false);
}

#[test]
fn sums_can_be_read_while_threads_count() {
    let (tree, own) = opened();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut last = 0;
            while !done.load(Ordering::Acquire) {
                let now = tree.totals(own, None).allocated.calls;
                assert!(now >= last, "{now} calls after {last}");
                last = now;
            }
        });
        let workers: Vec<_> = (0..THREADS)
            .map(|_| spawn(scope, own, |record| (0..ROUNDS).for_each(|_| record.count_allocation(100))))
            .collect();
        workers.into_iter().for_each(|worker| worker.join().expect("the worker ends"));
        done.store(true, Ordering::Release);
        reader.join().expect("the reader ends");
    });
    assert_eq!(tree.totals(own, None).allocated.calls, (THREADS * ROUNDS) as u64);
    tree.close(own, false);
}

#[test]
fn a_nested_tree_adds_to_the_one_around_it() {
    let (outer_tree, outer) = opened();
    let mark = outer_tree.mark_heap(outer);
    outer.count_allocation(1_000);
    let (tree, own) = opened();
    own.count_allocation(5_000);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            spawn(scope, own, |record| record.count_allocation(100));
        }
    });
    own.count_freed(4_000);
    tree.fold_into(own, outer);
    outer.count_freed(1_000);
    let heap = outer_tree.heap_since(outer, &mark);
    assert_eq!(heap.kept_bytes, 1_000 + 100 * THREADS as i64);
    assert_eq!(heap.peak_bytes, 6_000 + 100 * THREADS as u64);
    let totals = outer_tree.totals(outer, None);
    assert_eq!((totals.allocated.bytes, totals.threads), (6_000 + 100 * THREADS as u64, 1 + THREADS as u64));
    outer_tree.close(outer, false);
}

#[test]
fn a_thread_alone_is_exact_whatever_it_does() {
    let (tree, own) = opened();
    let mark = tree.mark_heap(own);
    let (mut held, mut peak, mut state) = (0_i64, 0_i64, 1_u64);
    for _ in 0..ROUNDS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bytes = (state >> 40) as usize;
        if state >> 63 == 0 {
            own.count_allocation(bytes);
            held += bytes as i64;
        } else {
            own.count_freed(bytes);
            held -= bytes as i64;
        }
        peak = peak.max(held);
    }
    let heap = tree.heap_since(own, &mark);
    assert_eq!((heap.kept_bytes, heap.peak_bytes), (held, peak as u64));
    tree.close(own, false);
}

#[test]
fn what_was_held_before_is_no_debt_and_a_later_mark_starts_afresh() {
    let (tree, own) = opened();
    own.count_allocation(8_000);
    let mark = tree.mark_heap(own);
    own.count_freed(8_000);
    let heap = tree.heap_since(own, &mark);
    assert_eq!((heap.kept_bytes, heap.peak_bytes), (-8_000, 0));
    let mark = tree.mark_heap(own);
    own.count_allocation(10);
    assert_eq!(tree.heap_since(own, &mark).peak_bytes, 10);
    tree.close(own, false);
}

#[test]
fn a_used_tree_and_its_records_begin_again_at_nothing() {
    for _ in 0..3 {
        let (tree, own) = opened();
        own.count_allocation(123);
        thread::scope(|scope| spawn(scope, own, |record| record.count_allocation(456)).join())
            .expect("the thread ends");
        let totals = tree.totals(own, None);
        assert_eq!((totals.allocated.bytes, totals.allocated.calls, totals.threads), (579, 2, 2));
        assert!(!own.life().has_ended());
        tree.close(own, false);
    }
}

#[test]
fn nothing_counts_while_paused() {
    let (tree, own) = opened();
    let before = current::set_current(Some(own));
    {
        let _paused = current::pause();
        assert!(current::current().is_none());
    }
    assert!(current::current().is_some_and(|record| std::ptr::eq(record, own)));
    current::set_current(before);
    tree.close(own, false);
}

#[cfg(wraps_pthread_create)]
mod births {
    use std::{ptr, thread};

    use crate::scope::{ThreadRecord, Tree, current};
    use crate::sys::threads;

    #[test]
    fn threads_born_inside_join_and_are_gone_with_their_usage_kept() {
        threads::follow::<ThreadRecord>();
        assert!(threads::are_seen());
        let tree = Tree::new();
        let own = tree.join();
        own.is_this_threads();
        let mark = tree.mark_heap(own);
        let before = current::set_current(Some(own));
        let grandchild = thread::spawn(|| thread::spawn(|| vec![1_u8; 5_000]).join().expect("the grandchild ends"));
        let bytes = grandchild.join().expect("the child ends");
        assert!(thread::spawn(|| panic!("on purpose")).join().is_err());
        current::set_current(before);
        assert!(tree.await_threads(own));

        let totals = tree.totals(own, None);
        assert_eq!(totals.threads, 4);
        assert!(tree.threads().filter(|record| !ptr::eq(*record, own)).all(|record| record.usage().cpu_ns > Some(0)));
        assert!(totals.allocated.bytes > 5_000);
        assert!(tree.heap_since(own, &mark).kept_bytes >= 5_000);
        drop(bytes);
        assert!(tree.close(own, false).is_empty());
    }

    #[test]
    fn threads_born_outside_belong_to_nobody() {
        let belongs = thread::spawn(|| current::current().is_some());
        assert!(!belongs.join().expect("the thread ends"));
    }
}
