//! What is told of each thread.

/// What a thread is to those who follow threads, and what they are told of its life.
#[cfg_attr(not(wraps_pthread_create), allow(dead_code, reason = "called where new threads are seen"))]
pub(crate) trait ThreadHooks: Sync + 'static {
    /// Called on a thread that is about to make another: what that one will be; `None` if it is not followed.
    fn for_new_thread() -> Option<&'static Self>;
    /// Called on the new thread, as its first act.
    fn begin(&'static self);
    /// Called on the new thread after its thread-local destructors, also after `pthread_exit` and cancellation.
    fn end(&'static self);
    /// Called instead of both where the thread could not be made.
    fn never_began(&'static self);
}
