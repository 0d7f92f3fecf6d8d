//! Work of independent parts, by all processors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What `work` makes of each part, in their order. Where there is little to do, `is_worth_it` says no: another thread costs
/// some 50 microseconds.
///
/// ```
/// use monitor_analysis::parallel::parallel;
/// assert_eq!(parallel(&[1, 2, 3], false, |part| part * part), [1, 4, 9]);
/// ```
pub fn parallel<T: Sync, R: Send>(parts: &[T], is_worth_it: bool, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = if is_worth_it { thread::available_parallelism().map_or(1, usize::from).min(parts.len()) } else { 1 };
    if threads <= 1 {
        return parts.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(at) else { break done };
            done.push((at, work(part)));
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(worker)).collect();
        let mut done = worker();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What both give; where it is worth it, at the same time.
pub(crate) fn both<A: Send, B>(is_worth_it: bool, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B) -> (A, B) {
    if !is_worth_it {
        return (a(), b());
    }
    thread::scope(|scope| {
        let a = scope.spawn(a);
        let b = b();
        (a.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_parts() {
        let parts: Vec<u32> = (0..500).collect();
        let squares: Vec<u32> = parts.iter().map(|part| part * part).collect();
        for is_worth_it in [false, true] {
            assert_eq!(parallel(&parts, is_worth_it, |part| part * part), squares);
            assert_eq!(both(is_worth_it, || parts[1], || parts[2]), (1, 2));
        }
    }
}
