//! Values that live as long as the program and are used again.
//!
//! A pool allocates for nobody: who calls it counts for no test meanwhile.

use std::sync::Mutex;

use crate::sys::AtomicRef;

/// Gives out `&'static T`, made anew only while none is free.
#[derive(Debug)]
pub(super) struct Pool<T: 'static> {
    free: Mutex<Vec<&'static T>>,
    /// The last that was made: each knows the one before, so that nothing looks lost to a tool that searches for leaks.
    made: AtomicRef<Made<T>>,
}

#[derive(Debug)]
struct Made<T: 'static> {
    value: T,
    before: AtomicRef<Made<T>>,
}

impl<T: Sync> Pool<T> {
    pub(super) const fn new() -> Self {
        Self { free: Mutex::new(Vec::new()), made: AtomicRef::empty() }
    }

    /// A free value or a new one.
    pub(super) fn take(&self, make: impl FnOnce() -> T) -> &'static T {
        // After a `fork` the lock may be held for ever by a thread that does not exist here: never wait.
        let free = self.free.try_lock().ok().and_then(|mut free| free.pop());
        free.unwrap_or_else(|| self.keep(Box::leak(Box::new(Made { value: make(), before: AtomicRef::empty() }))))
    }

    fn keep(&self, made: &'static Made<T>) -> &'static T {
        loop {
            let before = self.made.get();
            made.before.set(before);
            if self.made.replace_if(before, Some(made)) {
                return &made.value;
            }
        }
    }

    /// Takes a value back that nobody uses any more.
    pub(super) fn give(&self, value: &'static T) {
        if let Ok(mut free) = self.free.try_lock() {
            free.push(value);
        }
    }
}
