//! The ends of a tree: with its test, into the tree around it, or not at all, where a process has only one.

use super::totals::Totals;
use super::tree::{ThreadRecord, Tree};
use crate::sys::{self, Edge, Usage};

impl Tree {
    /// Ends a tree that was opened on a thread of another: what it did belongs to `outer` and its tree as well.
    ///
    /// `own` is the record of the thread on which both were opened; its CPU time is `outer`'s anyway.
    pub(crate) fn fold_into(&'static self, own: &'static ThreadRecord, outer: &'static ThreadRecord) {
        own.hand_over();
        outer.add_nested(own, self);
        let Some(around) = outer.tree() else { return };
        around.take_in(self);
        for record in self.take_threads() {
            if std::ptr::eq(record, own) {
                record.recycle();
            } else {
                record.life().set_outlives(false);
                around.adopt(record);
            }
        }
        self.recycle();
    }

    /// Ends the tree of a test. The threads that outlive it keep their records and are returned; so does `own`
    /// if its thread still counts on it (`own_in_use`).
    pub(crate) fn close(&'static self, own: &'static ThreadRecord, own_in_use: bool) -> Vec<&'static ThreadRecord> {
        let mut outliving = Vec::new();
        for record in self.take_threads() {
            let is_own = std::ptr::eq(record, own);
            if (is_own && !own_in_use) || (!is_own && record.is_gone()) {
                record.recycle();
            } else {
                outliving.push(record);
            }
        }
        if outliving.is_empty() {
            self.recycle();
        }
        outliving
    }

    /// Lets go of `own` and of the threads that are gone, and goes on with the others: for the one tree of a
    /// process that runs its tests one after another.
    pub(crate) fn sweep(&'static self, own: &'static ThreadRecord) {
        own.hand_over();
        let mut kept = Vec::new();
        for record in self.take_threads() {
            let is_own = std::ptr::eq(record, own);
            if is_own || record.is_gone() {
                record.hand_over();
                let usage = if is_own { sys::thread_usage(Edge::End) } else { record.usage() };
                self.fold(&Totals { usage, aside: Usage::ZERO, ..record.counted() });
                record.recycle();
            } else {
                kept.push(record);
            }
        }
        self.put_back(&kept);
    }
}
