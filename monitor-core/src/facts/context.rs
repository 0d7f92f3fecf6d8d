//! The execution context: machine, system and toolchain, and the machine class that follows from them.

use std::{env, fs, thread};

use monitor_store::{ContextClass, ExecutionContext, hash_hex, machine_class, procfs};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use super::Build;
use super::process::ProcessIdentity;
use crate::config::Config;
use crate::sys;

/// Asks the system; some milliseconds.
pub(crate) fn context(config: &Config, build: &Build) -> (ExecutionContext, ContextClass) {
    let kinds = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing().with_frequency())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(kinds);
    let model = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned()).unwrap_or_default();
    let cpu_count = cpu_count();
    let name = System::name().unwrap_or_else(|| env::consts::OS.to_owned());
    let os = if env::consts::OS == "linux" { "Linux".to_owned() } else { name };
    let system_info = format!("{os} - {}", System::kernel_version().unwrap_or_default());
    let toolchain = format!("{} {} {}", build.rustc, build.target, build.profile);
    let frequency = config.cpu_freq_mhz.unwrap_or_else(|| nominal_mhz(&model));
    let ram_total_mib = system.total_memory() / (1024 * 1024);
    let node = System::host_name().unwrap_or_default();
    let arch = env::consts::ARCH;
    let bits = if cfg!(target_pointer_width = "64") { "64bit" } else { "32bit" };
    let env_h = hash_hex([
        cpu_count.to_string().as_str(),
        &frequency.to_string(),
        arch,
        &model,
        &ram_total_mib.to_string(),
        &node,
        bits,
        &system_info,
        &toolchain,
        &build.opt_level,
        &build.flags,
        &build.emulator,
    ]);
    let context = ExecutionContext {
        env_h: env_h.clone(),
        cpu_count,
        cpu_frequency_mhz: f64::from(frequency),
        cpu_type: arch.to_owned(),
        cpu_vendor: model,
        ram_total_mib,
        machine_node: node,
        machine_type: arch.to_owned(),
        machine_arch: bits.to_owned(),
        system_info,
        python_info: toolchain,
    };
    let mut class = ContextClass {
        env_h,
        class_h: String::new(),
        rustc: build.rustc.clone(),
        profile: build.profile.clone(),
        opt_level: build.opt_level.clone(),
        target: build.target.clone(),
    };
    class.class_h = machine_class(&context, &class, &build.conditions());
    (context, class)
}

/// A cheap key by which a later process of the same session on the same machine finds the context in the file.
pub(crate) fn machine_key(config: &Config, build: &Build, this: &ProcessIdentity) -> String {
    hash_hex([
        this.host.as_str(),
        &this.boot_id,
        &processors(),
        &config.cpu_freq_mhz.unwrap_or(0).to_string(),
        &build.rustc,
        &build.target,
        &build.profile,
        &build.opt_level,
        &build.flags,
        &build.emulator,
    ])
}

/// Processors that this process may use: a container's limit decides what tests cost, not the host's size.
fn cpu_count() -> u32 {
    thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX))
}

/// What [`cpu_count`] follows from: the processors that this process may run on, and the group whose limits it is under. To ask for
/// the number takes three times as long.
fn processors() -> String {
    match sys::allowed_processors() {
        Some(allowed) => format!("{allowed} {}", procfs::read("/proc/self/cgroup").unwrap_or_default()),
        None => cpu_count().to_string(),
    }
}

/// The highest frequency the system knows, else the one in the model's name, else 0. Never the current one.
fn nominal_mhz(model: &str) -> u32 {
    let highest = fs::read_to_string("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq").ok();
    let highest_khz = highest.and_then(|text| text.trim().parse::<u32>().ok());
    highest_khz.map(|khz| khz / 1000).or_else(|| mhz_in_name(model)).unwrap_or(0)
}

fn mhz_in_name(model: &str) -> Option<u32> {
    let (_, after) = model.rsplit_once('@')?;
    let text = after.trim();
    let (number, factor) = match text.strip_suffix("GHz") {
        Some(number) => (number, 1000.0),
        None => (text.strip_suffix("MHz")?, 1.0),
    };
    let mhz: f64 = number.trim().parse::<f64>().ok()? * factor;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be a small positive number"
    )]
    (0.0..1e6).contains(&mhz).then(|| mhz.round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn the_frequency_is_read_from_a_models_name() {
        assert_eq!(mhz_in_name("Intel(R) Xeon(R) CPU E5-2690 v4 @ 2.60GHz"), Some(2600));
        assert_eq!(mhz_in_name("Old Thing @ 933MHz"), Some(933));
        assert_eq!(mhz_in_name("AMD EPYC 7B12"), None);
        assert_eq!(mhz_in_name("Odd @ fast"), None);
    }

    #[test]
    fn a_context_is_the_same_when_asked_again() {
        let (config, _) = Config::from_variables(&|_| None, PathBuf::from("."));
        let build = Build::of_this_program(None);
        let this = crate::facts::process_identity(None);
        let (context_a, class_a) = context(&config, &build);
        let (context_b, class_b) = context(&config, &build);
        assert_eq!((&context_a, &class_a), (&context_b, &class_b));
        assert!(context_a.ram_total_mib > 0 && context_a.cpu_count > 0);
        assert!(context_a.python_info.starts_with("rustc "), "{}", context_a.python_info);
        assert!(context_a.system_info.contains(" - "));
        assert_eq!(machine_key(&config, &build, &this), machine_key(&config, &build, &this));
    }
}
