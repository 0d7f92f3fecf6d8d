//! The machine class: which execution contexts may be compared.

use crate::hash::hash_hex;
use crate::rows::{ContextClass, ExecutionContext};

/// The machine class of a context, a hash of processor, operating system, compiler, profile, optimisation level, and the
/// `conditions` under which the tests run, such as compiler flags and an emulator. Empty conditions are ignored.
///
/// Only the first two numbers of the operating system's release count: hosted machines get a new kernel every few weeks.
#[must_use]
pub fn machine_class(context: &ExecutionContext, class: &ContextClass, conditions: &[&str]) -> String {
    let conditions = conditions.iter().copied().filter(|condition| !condition.is_empty());
    let cpu_count = context.cpu_count.to_string();
    let parts = parts(context, class, series(&context.system_info), &cpu_count);
    hash_hex(parts.into_iter().chain(["conditions"]).chain(conditions))
}

/// As it was made before conditions counted, and while all of the release did.
pub(crate) fn former_class(context: &ExecutionContext, class: &ContextClass) -> String {
    hash_hex(parts(context, class, &context.system_info, &context.cpu_count.to_string()))
}

fn parts<'a>(
    context: &'a ExecutionContext,
    class: &'a ContextClass,
    system: &'a str,
    cpu_count: &'a str,
) -> [&'a str; 8] {
    let ContextClass { rustc, target, profile, opt_level, .. } = class;
    [&context.cpu_vendor, cpu_count, &context.cpu_type, system, rustc, target, profile, opt_level]
}

/// `Linux - 6.8` of `Linux - 6.8.0-1021-azure`.
fn series(system: &str) -> &str {
    let release = system.rfind(' ').map_or(0, |at| at + 1);
    let mut dots = system[release..].match_indices('.').map(|(at, _)| release + at);
    dots.nth(1).map_or(system, |second| &system[..second])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_of_a_release_has_two_numbers() {
        assert_eq!(series("Linux - 6.8.0-1021-azure"), "Linux - 6.8");
        assert_eq!(series("Linux - 5.15.167.4-microsoft-standard-WSL2"), "Linux - 5.15");
        assert_eq!(series("Darwin - 24.6"), "Darwin - 24.6");
        assert_eq!(series("Linux - "), "Linux - ");
        assert_eq!(series(""), "");
    }

    #[test]
    fn what_changes_the_cost_makes_another_class_and_a_new_patch_does_not() {
        let on = |system: &str| ExecutionContext { system_info: system.to_owned(), ..ExecutionContext::default() };
        let class = ContextClass {
            env_h: String::new(),
            class_h: String::new(),
            rustc: "rustc 1.95.0".to_owned(),
            profile: "dev".to_owned(),
            opt_level: "0".to_owned(),
            target: "x86_64-unknown-linux-gnu".to_owned(),
        };
        let today = machine_class(&on("Linux - 6.8.0-1021-azure"), &class, &["", ""]);
        assert_eq!(today, machine_class(&on("Linux - 6.8.0-1024-azure"), &class, &[]));
        assert_ne!(today, machine_class(&on("Linux - 6.11.0-1012-azure"), &class, &[]));
        assert_ne!(today, machine_class(&on("Linux - 6.8.0-1021-azure"), &class, &["instrument-coverage", ""]));
        let optimised = ContextClass { opt_level: "3".to_owned(), ..class.clone() };
        assert_ne!(today, machine_class(&on("Linux - 6.8.0-1021-azure"), &optimised, &[]));
    }
}
