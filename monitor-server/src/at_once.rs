//! A task that wakes itself while it runs is run again at once, on the same thread.
//!
//! hyper wakes the task of a connection when it hands a body to its handler, which is in the same task. tokio puts a task that was
//! woken while it ran at the end of its queue, and wakes another thread, which may take it: for each request with a body two
//! threads were woken more than there was work for.

use std::pin::Pin;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// How often it is run again before others get their turn.
const AGAIN: usize = 3;

/// Nobody runs it.
const RESTS: u8 = 0;
/// It runs.
const RUNS: u8 = 1;
/// It was woken since it was run.
const WOKEN: u8 = 2;

/// A future that is polled so.
pub struct AtOnce<F> {
    future: Pin<Box<F>>,
    bell: Arc<Bell>,
    waker: Waker,
}

struct Bell {
    state: AtomicU8,
    /// Of the task.
    task: Mutex<Option<Waker>>,
}

impl<F> AtOnce<F> {
    pub fn new(future: F) -> Self {
        let bell = Arc::new(Bell { state: AtomicU8::new(RESTS), task: Mutex::default() });
        Self { future: Box::pin(future), waker: Arc::clone(&bell).into(), bell }
    }
}

impl<F: Future> Future for AtOnce<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { future, bell, waker } = self.get_mut();
        bell.belongs_to(context.waker());
        for _ in 0..=AGAIN {
            bell.state.store(RUNS, Release);
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(waker)) {
                return Poll::Ready(output);
            }
            // From here on who wakes it wakes the task.
            if bell.state.swap(RESTS, AcqRel) != WOKEN {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Bell {
    fn belongs_to(&self, waker: &Waker) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !task.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *task = Some(waker.clone());
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let is_running = |state: u8| (state != RESTS).then_some(WOKEN);
        if self.state.fetch_update(AcqRel, Acquire, is_running).is_err() {
            let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
            task.inspect(Waker::wake_by_ref);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    /// Polls a future once that wakes itself so often; tells how often it was polled, and how often the task was woken.
    fn run(wakes: usize) -> (usize, usize) {
        let (task, mut polls) = (Arc::<Woken>::default(), 0);
        let (mut kept, waker) = (None, Waker::from(Arc::clone(&task)));
        let mut future = AtOnce::new(poll_fn(|context| {
            polls += 1;
            kept = Some(context.waker().clone());
            if polls <= wakes {
                context.waker().wake_by_ref();
            }
            Poll::<()>::Pending
        }));
        assert!(Pin::new(&mut future).poll(&mut Context::from_waker(&waker)).is_pending());
        drop(future);
        let kept = kept.expect("it was polled");
        let woken = task.0.load(Relaxed);
        kept.wake_by_ref();
        assert_eq!(task.0.load(Relaxed), woken + 1, "who wakes it while it rests wakes the task");
        (polls, woken)
    }

    #[test]
    fn the_task_is_not_woken_by_itself() {
        for (wakes, polls, woken) in [(0, 1, 0), (1, 2, 0), (AGAIN, AGAIN + 1, 0), (100, AGAIN + 1, 1)] {
            assert_eq!(run(wakes), (polls, woken), "{wakes}");
        }
    }
}
