//! Threads inherit from their creator what a [`Newborn`] is, at their birth: see `wrapper`.
//!
//! Where the wrapper is left out (`build.rs`) or another one came first, nothing is seen and rows say so.

#[cfg(wraps_pthread_create)]
mod wrapper;

/// What a thread is to the threads that it makes.
#[cfg_attr(not(wraps_pthread_create), allow(dead_code, reason = "called where new threads are seen"))]
pub(crate) trait Newborn: Sync + 'static {
    /// For a thread about to be born on the calling one; `None` if that is nobody's.
    fn bear() -> Option<&'static Self>;
    /// Called on the new thread, as its first act.
    fn begin(&'static self);
    /// Called on the new thread after its thread-local destructors, also after `pthread_exit` and cancellation.
    fn end(&'static self);
    /// Called instead of both where the thread could not be made.
    fn never_began(&'static self);
}

/// From now on threads are followed. Called once, outside of any measurement, by a process that monitors: until then
/// each call is only passed on.
pub(crate) fn follow<T: Newborn>() {
    #[cfg(wraps_pthread_create)]
    wrapper::follow::<T>();
}

/// Whether threads born inside a scope are seen in this process.
pub(crate) fn are_seen() -> bool {
    #[cfg(wraps_pthread_create)]
    let seen = wrapper::are_seen();
    #[cfg(not(wraps_pthread_create))]
    let seen = false;
    seen
}
