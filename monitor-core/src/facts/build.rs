//! How the crate under test is built, and what runs it.

use super::emulator::emulator;

/// The facts of a build that decide what a test costs; two runs are compared only if these are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// `rustc 1.95.0 (hash date)`.
    pub rustc: String,
    /// Target triple.
    pub target: String,
    /// Build profile, `dev` or `release`.
    pub profile: String,
    /// Optimisation level, `0` to `3`, `s`, `z`; `unknown` if nobody told.
    pub opt_level: String,
    /// Compiler flags that change what a test costs, separated by spaces; see [`Build::set_flags`].
    pub flags: String,
    /// The emulator that the program runs in: `valgrind`, `qemu-aarch64`; empty for none.
    pub emulator: String,
}

/// Options of `-C` and `-Z` that change what a test costs, and that no profile sets: what a manifest says beside the optimisation
/// level (`lto`, `codegen-units`) belongs to the sources, whose changes a comparison is to show.
const COSTLY: [&str; 16] = [
    "code-model",
    "control-flow-guard",
    "force-frame-pointers",
    "instrument-coverage",
    "instrument-mcount",
    "instrument-xray",
    "llvm-args",
    "mir-opt-level",
    "no-vectorize-loops",
    "no-vectorize-slp",
    "profile-generate",
    "profile-use",
    "relocation-model",
    "sanitizer",
    "target-cpu",
    "target-feature",
];

impl Build {
    /// The build of this program. `options` are those of `-C` and `-Z` that the crate under test was compiled with, one a
    /// line, as the macro has seen them; `None` if it has not.
    pub(crate) fn of_this_program(options: Option<&str>) -> Self {
        let mut build = Self {
            rustc: env!("MONITOR_BUILD_RUSTC").to_owned(),
            target: env!("MONITOR_BUILD_TARGET").to_owned(),
            profile: env!("MONITOR_BUILD_PROFILE").to_owned(),
            opt_level: "unknown".to_owned(),
            flags: String::new(),
            emulator: emulator(),
        };
        if let Some(options) = options {
            // The compiler's own default.
            build.opt_level = "0".to_owned();
            build.set_flags(options.lines());
        }
        build
    }

    /// Keeps those of the options of `-C` and `-Z`, such as `target-cpu=native`, that change what a test costs.
    pub fn set_flags<'a>(&mut self, options: impl IntoIterator<Item = &'a str>) {
        let mut flags: Vec<&str> = Vec::new();
        for option in options {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            if name == "opt-level" {
                value.clone_into(&mut self.opt_level);
            } else if COSTLY.contains(&name) && !flags.contains(&option) {
                flags.push(option);
            }
        }
        flags.sort_unstable();
        self.flags = flags.join(" ");
    }

    /// What the machine class has beside the names.
    pub(super) fn conditions(&self) -> [&str; 2] {
        [&self.flags, &self.emulator]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_the_cost_is_taken() {
        let build = Build::of_this_program(Some("opt-level=1\ndebuginfo=2\ndebug-assertions=on\nlinker=clang"));
        assert_eq!((build.opt_level.as_str(), build.flags.as_str()), ("1", ""));
        let build =
            Build::of_this_program(Some("target-cpu=native\ninstrument-coverage\nsanitizer=address\nopt-level=s"));
        assert_eq!(build.opt_level, "s");
        assert_eq!(build.flags, "instrument-coverage sanitizer=address target-cpu=native");
        assert_eq!(Build::of_this_program(Some("")).opt_level, "0");
        assert_eq!(Build::of_this_program(None).opt_level, "unknown");
    }
}
