//! Threads that are made by a thread of a tree join it, and say when they end.

use super::current;
use super::tree::ThreadRecord;
use crate::sys::threads::ThreadHooks;
use crate::sys::{self, Edge};

impl ThreadHooks for ThreadRecord {
    fn for_new_thread() -> Option<&'static Self> {
        let creator = current::current()?;
        let _paused = current::pause();
        Some(creator.tree()?.join_born_on(creator))
    }

    fn begin(&'static self) {
        self.is_this_threads();
        current::set_current(Some(self));
    }

    /// Nearly the thread's last act.
    fn end(&'static self) {
        self.leave(Some(sys::thread_usage(Edge::End)));
    }

    fn never_began(&'static self) {
        self.leave(None);
    }
}
