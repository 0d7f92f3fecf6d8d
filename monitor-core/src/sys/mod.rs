//! What the operating system knows of a thread or a process, behind one interface.
//!
//! `linux` reads it at nanosecond resolution. `portable` knows what `sysinfo` and `std` know and is used
//! everywhere else, and on Linux with the feature `portable`. This folder and the allocator are the only
//! places with `unsafe` code or `cfg(target_os)`.

mod atomic_ref;
mod c_library;
#[cfg(unix)]
pub(crate) mod descriptors;
#[cfg(not(unix))]
#[path = "descriptors_unguarded.rs"]
pub(crate) mod descriptors;
mod exit;
mod forks;
#[cfg(all(target_os = "linux", not(feature = "portable")))]
mod linux;
mod parent;
#[cfg(any(not(target_os = "linux"), feature = "portable"))]
mod portable;
mod seeds;
mod thread_id;
mod thread_slot;
pub(crate) mod threads;
pub(crate) mod underlying;
mod usage;
pub(crate) mod valgrind;

#[cfg(all(target_os = "linux", not(feature = "portable")))]
use linux as backend;
#[cfg(any(not(target_os = "linux"), feature = "portable"))]
use portable as backend;

pub(crate) use atomic_ref::AtomicRef;
pub(crate) use backend::{
    ResidentPeak, allowed_processors, children_usage, is_runnable, kill_group, own_group, process_usage, signal_name,
    signal_of, since_boot_ns, thread_cpu_ns, thread_id, thread_usage, thread_usage_of,
};
pub(crate) use c_library::{c_library, grow_heap};
pub(crate) use exit::at_exit;
pub(crate) use forks::{forks, is_forked, watch_forks};
pub(crate) use parent::parent_id;
pub(crate) use seeds::fix_random_numbers;
pub(crate) use thread_id::ThreadId;
pub(crate) use thread_slot::{ThreadSlot, thread_slot};
pub(crate) use usage::{ChildUsage, Edge, Usage};
