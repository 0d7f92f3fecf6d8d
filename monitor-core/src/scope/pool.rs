//! Values that live as long as the program and are used again.

use std::sync::Mutex;

use super::current;

/// Gives out `&'static T`, made anew only while none is free.
#[derive(Debug)]
pub(super) struct Pool<T: 'static>(Mutex<Vec<&'static T>>);

impl<T> Pool<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// A free value or a new one; allocates outside of every scope.
    pub(super) fn take(&self, make: impl FnOnce() -> T) -> &'static T {
        let _paused = current::pause();
        // After a `fork` the lock may be held for ever by a thread that does not exist here: never wait.
        let free = self.0.try_lock().ok().and_then(|mut free| free.pop());
        free.unwrap_or_else(|| Box::leak(Box::new(make())))
    }

    /// Takes a value back that nobody uses any more.
    pub(super) fn give(&self, value: &'static T) {
        let _paused = current::pause();
        if let Ok(mut free) = self.0.try_lock() {
            free.push(value);
        }
    }
}
