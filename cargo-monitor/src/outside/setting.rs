//! How the tests are built, and the runner that the user has set for them.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use cargo_config2::Config;
use monitor_core::outside::Build;
use toml::{Table, Value};

/// What cargo's configuration and nextest's arguments say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Target triple.
    pub(crate) target: String,
    /// Build profile.
    profile: String,
    /// `rustc 1.95.0 (hash date)`.
    rustc: String,
    /// The compiler with its arguments.
    compiler: Vec<String>,
    /// The user's own runner with its arguments; empty if there is none.
    pub(crate) chain: Vec<String>,
    /// Cargo's flags for the compiler.
    pub(crate) flags: Vec<String>,
}

impl Setting {
    /// Asks cargo's configuration for the current folder.
    pub(crate) fn find(arguments: &[OsString]) -> anyhow::Result<Self> {
        let config = Config::load().context("cannot read cargo's configuration")?;
        let target = match option(arguments, "--target") {
            Some(target) => target,
            None => {
                let targets = config.build_target_for_config(None::<&str>).context("cannot find the target triple")?;
                targets.first().context("cannot find the target triple")?.triple().to_owned()
            }
        };
        let runner = config.runner(&target).with_context(|| format!("cannot read the runner of {target}"))?;
        let words = |runner: cargo_config2::PathAndArgs| {
            let program = runner.path.into_os_string();
            [program].into_iter().chain(runner.args).map(|word| word.to_string_lossy().into_owned()).collect()
        };
        let flags = config.rustflags(&target).with_context(|| format!("cannot read the flags of {target}"))?;
        let rustc = config.rustc();
        let version = std::process::Command::new(&rustc.path).args(&rustc.args).arg("--version").output();
        let version = version.with_context(|| format!("cannot run {}", rustc.path.display()))?;
        Ok(Self {
            target,
            profile: profile(arguments),
            rustc: String::from_utf8_lossy(&version.stdout).trim().to_owned(),
            compiler: words(rustc.clone()),
            chain: runner.map(words).unwrap_or_default(),
            flags: flags.map(|flags| flags.flags).unwrap_or_default(),
        })
    }

    /// The names of instruction sets that the compiler may use everywhere by cargo's flags: `avx2`.
    ///
    /// # Errors
    ///
    /// If the compiler does not tell.
    pub(crate) fn target_features(&self) -> anyhow::Result<Vec<String>> {
        let (program, arguments) = self.compiler.split_first().context("there is no compiler")?;
        let mut command = std::process::Command::new(program);
        command.args(arguments).args(["--print", "cfg", "--target", &self.target]).args(&self.flags);
        let told = command.output().with_context(|| format!("cannot run {program}"))?;
        let lines = String::from_utf8_lossy(&told.stdout).into_owned();
        let feature = |line: &str| Some(line.strip_prefix("target_feature=")?.trim_matches('"').to_owned());
        Ok(lines.lines().filter_map(feature).collect())
    }

    /// The environment variable that sets the runner.
    pub(super) fn variable(&self) -> String {
        format!("CARGO_TARGET_{}_RUNNER", self.target.to_uppercase().replace(['-', '.'], "_"))
    }

    /// The build of a package as its monitored tests describe it, by the workspace's manifest, cargo's flags and defaults.
    pub(super) fn build(&self, workspace: &Path, package: &str) -> Build {
        let manifest = fs::read_to_string(workspace.join("Cargo.toml")).ok();
        let manifest: Table = manifest.and_then(|text| text.parse().ok()).unwrap_or_default();
        let mut build = Build {
            rustc: self.rustc.clone(),
            target: self.target.clone(),
            profile: self.profile.clone(),
            opt_level: opt_level(&manifest, &self.profile, package),
            flags: String::new(),
            emulator: self.emulator(),
        };
        build.set_flags(options(&self.flags).iter().map(String::as_str));
        build
    }

    /// The user's runner, if it is one that changes what a test costs.
    fn emulator(&self) -> String {
        let program = self.chain.first().map(Path::new).and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let is_one = program.starts_with("qemu-") || ["valgrind", "rr", "strace"].contains(&&*program);
        if is_one { program.into_owned() } else { String::new() }
    }
}

/// The options of `-C` and `-Z`.
fn options(flags: &[String]) -> Vec<String> {
    let lines = flags.join("\n").replace("-C\n", "-C").replace("-Z\n", "-Z");
    let option = |line: &str| line.strip_prefix("-C").or_else(|| line.strip_prefix("-Z")).map(str::to_owned);
    lines.lines().filter_map(option).collect()
}

/// Follows `inherits` to the first profile that sets it.
fn opt_level(manifest: &Table, profile: &str, package: &str) -> String {
    // What cargo calls `dev` is `test` for tests, if that says anything.
    let mut name = if profile == "dev" { "test" } else { profile }.to_owned();
    // Cargo refuses profiles that inherit in a circle.
    for _ in 0..16 {
        let table = manifest.get("profile").and_then(|profiles| profiles.get(&name));
        let own = table.and_then(|table| table.get("package")?.get(package)?.get("opt-level"));
        match own.or_else(|| table?.get("opt-level")) {
            Some(Value::Integer(level)) => return level.to_string(),
            Some(Value::String(level)) => return level.clone(),
            _ => {}
        }
        match table.and_then(|table| table.get("inherits")).and_then(Value::as_str) {
            Some(parent) => name = parent.to_owned(),
            None if name == "test" => "dev".clone_into(&mut name),
            None => break,
        }
    }
    if name == "release" || name == "bench" { "3" } else { "0" }.to_owned()
}

fn profile(arguments: &[OsString]) -> String {
    let given = option(arguments, "--cargo-profile");
    let release = before_binary(arguments).any(|argument| argument == "--release" || argument == "-r");
    match given.as_deref() {
        Some("test" | "dev") => "dev".to_owned(),
        Some("bench") => "release".to_owned(),
        Some(profile) => profile.to_owned(),
        None if release => "release".to_owned(),
        None => "dev".to_owned(),
    }
}

/// The value of an option of nextest, in both spellings.
fn option(arguments: &[OsString], name: &str) -> Option<String> {
    let mut arguments = before_binary(arguments);
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        match text.strip_prefix(name) {
            Some("") => return arguments.next().map(|value| value.to_string_lossy().into_owned()),
            Some(value) if value.starts_with('=') => return Some(value[1..].to_owned()),
            _ => {}
        }
    }
    None
}

fn before_binary(arguments: &[OsString]) -> impl Iterator<Item = &OsString> {
    arguments.iter().take_while(|argument| *argument != "--")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_profile_is_cargos() {
        for (line, expected) in [
            ("run", "dev"),
            ("run --release", "release"),
            ("run -r", "release"),
            ("run --cargo-profile=ci", "ci"),
            ("run --cargo-profile test", "dev"),
            ("run -- --release", "dev"),
        ] {
            assert_eq!(profile(&words(line)), expected, "{line}");
        }
    }

    #[test]
    fn the_optimisation_level_is_inherited() {
        let manifest = "[profile.test.package.own]\nopt-level = 2\n[profile.dev]\nopt-level = 1\n[profile.ci]\ninherits = \"dev\"\n[profile.small]\ninherits = \"release\"\nopt-level = \"s\"";
        let manifest: Table = manifest.parse().expect("valid TOML");
        for (profile, expected) in [("dev", "1"), ("release", "3"), ("ci", "1"), ("small", "s")] {
            assert_eq!(opt_level(&manifest, profile, "other"), expected, "{profile}");
        }
        assert_eq!(opt_level(&manifest, "dev", "own"), "2");
        assert_eq!(opt_level(&Table::new(), "dev", "own"), "0");
    }

    #[test]
    fn the_variable_is_cargos() {
        let setting = Setting {
            target: option(&words("run --target thumbv8m.main-none-eabi"), "--target").expect("it is given"),
            profile: String::new(),
            rustc: String::new(),
            compiler: Vec::new(),
            chain: Vec::new(),
            flags: Vec::new(),
        };
        assert_eq!(setting.variable(), "CARGO_TARGET_THUMBV8M_MAIN_NONE_EABI_RUNNER");
    }
}
