//! What the operating system knows of a thread or a process, behind one interface.
//!
//! Which backend a platform has, `build.rs` says: `linux`, which knows most; `unix`, which knows what POSIX tells; else
//! `portable`, which knows what `sysinfo` and `std` tell. The features `unix` and `portable` choose them on Linux. This folder and
//! the allocator are the only places with `unsafe` code or `cfg(target_os)`.

mod atomic_ref;
mod c_library;
#[cfg(unix)]
pub(crate) mod descriptors;
#[cfg(not(unix))]
#[path = "descriptors_unguarded.rs"]
pub(crate) mod descriptors;
mod exit;
pub(crate) mod file_limit;
mod forks;
mod image;
#[cfg(backend = "linux")]
mod linux;
mod parent;
#[cfg(backend = "portable")]
mod portable;
#[cfg(not(backend = "portable"))]
mod posix;
mod seeds;
#[macro_use]
mod start;
mod thread_id;
mod thread_slot;
pub(crate) mod threads;
pub(crate) mod underlying;
#[cfg(backend = "unix")]
mod unix;
#[cfg(not(backend = "linux"))]
mod unknown;
mod usage;
pub(crate) mod valgrind;

#[cfg(backend = "linux")]
use linux as backend;
#[cfg(backend = "portable")]
use portable as backend;
#[cfg(backend = "unix")]
use unix as backend;

pub(crate) use atomic_ref::AtomicRef;
pub(crate) use backend::{
    ResidentPeak, allowed_processors, children_usage, is_runnable, kill_group, own_group, process_usage, signal_name,
    signal_of, since_boot_ns, thread_cpu_ns, thread_id, thread_usage, thread_usage_of,
};
pub(crate) use c_library::{c_library, grow_heap};
pub(crate) use exit::at_exit;
pub(crate) use forks::{forks, is_forked, watch_forks};
pub(crate) use image::is_in_program;
pub(crate) use parent::parent_id;
pub(crate) use seeds::fix_random_numbers;
pub(crate) use start::at_start;
pub(crate) use thread_id::ThreadId;
pub(crate) use thread_slot::{ThreadSlot, thread_slot};
pub(crate) use usage::{ChildUsage, Edge, Usage};
