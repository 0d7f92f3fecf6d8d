//! Threads are followed from their birth to their end by [`ThreadHooks`]: see `wrapper`.
//!
//! Where the wrapper is left out (`build.rs`) or another one came first, nothing is seen and rows say so.

mod hooks;
#[cfg(wraps_pthread_create)]
mod wrapper;

pub(crate) use hooks::ThreadHooks;

/// From now on threads are followed. Called once, outside of any measurement, by a process that monitors: until then
/// each call is only passed on.
pub(crate) fn follow<T: ThreadHooks>() {
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
