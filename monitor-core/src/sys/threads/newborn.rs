//! What is told of each thread.

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
