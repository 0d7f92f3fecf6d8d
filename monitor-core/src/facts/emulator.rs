//! Programs that run others instruction by instruction, or look over their shoulders: what a test costs in them says nothing
//! about what it costs outside.

use std::env;

use crate::measure::instructions;
use monitor_store::procfs::{self, Stat};

/// What this process runs in: `qemu-aarch64`, `valgrind`, `rr`, or the name of the debugger or tracer attached to it; empty
/// if in nothing that can be seen.
pub(super) fn emulator() -> String {
    if let Some(counted_by) = instructions::counted_by() {
        return counted_by;
    }
    let preloaded = env::var("LD_PRELOAD").unwrap_or_default();
    if preloaded.contains("/vgpreload_") {
        return "valgrind".to_owned();
    }
    if env::var_os("RUNNING_UNDER_RR").is_some() {
        return "rr".to_owned();
    }
    // The name of the program as the kernel knows it; what else `/proc/self` holds, qemu makes up.
    let name = procfs::read("/proc/self/comm").unwrap_or_default();
    if name.starts_with("qemu-") {
        return name.trim().to_owned();
    }
    tracer().unwrap_or_default()
}

fn tracer() -> Option<String> {
    let status = procfs::read("/proc/self/status")?;
    let pid = status.lines().find_map(|line| line.strip_prefix("TracerPid:"))?.trim().parse().ok()?;
    if pid == 0 { None } else { Stat::of(pid).map(|tracer| tracer.name) }
}
