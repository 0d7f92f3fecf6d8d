//! The valgrind of this machine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// The first version that knows what today's compilers write for x86-64-v3 and what it is asked here
/// (<https://valgrind.org/docs/manual/dist.news.html>).
const OLDEST: (u32, u32) = (3, 18);

/// Processors for which a test binary knows how to speak with it.
const PROCESSORS: [&str; 2] = ["x86_64", "aarch64"];

/// What callgrind counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counts {
    /// What the program tells it to, by lines.
    ByLine,
    /// The same, by addresses too.
    ByAddress,
    /// The whole process.
    Everything,
}

/// A valgrind that can count instructions.
#[derive(Debug)]
pub(crate) struct Valgrind {
    /// `valgrind-3.19.0`.
    pub(crate) version: String,
}

impl Valgrind {
    /// Looks for it.
    ///
    /// # Errors
    ///
    /// If there is none that can do it; the message has the remedy.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let processor = std::env::consts::ARCH;
        if !PROCESSORS.contains(&processor) {
            bail!("instructions can be counted on {} only, this is {processor}", PROCESSORS.join(" and "));
        }
        let output = Command::new("valgrind").arg("--version").output();
        let output = output.context(
            "instructions are counted by valgrind, which cannot be run here: install it (Debian, Ubuntu: `apt install \
             valgrind`; Fedora: `dnf install valgrind`)",
        )?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        match numbers(&version) {
            Some(found) if found >= OLDEST => Ok(Self { version }),
            _ => bail!(
                "{version:?} is too old to count instructions: install valgrind {}.{} or newer",
                OLDEST.0,
                OLDEST.1
            ),
        }
    }

    /// Callgrind, which runs a test of `binary` and writes its counts to `file`; what it has to say goes to `file.log`.
    pub(super) fn callgrind(file: &Path, binary: &OsStr, test: &str, counts: Counts) -> Command {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--fair-sched=try", "--quiet"]);
        command.args(match counts {
            Counts::ByLine => ["--instr-atstart=no"].as_slice(),
            Counts::ByAddress => &["--instr-atstart=no", "--dump-instr=yes", "--compress-pos=no"],
            Counts::Everything => &[],
        });
        ended(command, "--callgrind-out-file=", file, binary, test)
    }

    /// DHAT, which writes to `file` who asks for memory in a test of `binary`.
    pub(crate) fn dhat(file: &Path, binary: &OsStr, test: &str) -> Command {
        let mut command = Command::new("valgrind");
        // Whole stacks, with whole paths.
        command.args(["--tool=dhat", "--quiet", "--num-callers=100", "--fullpath-after="]);
        ended(command, "--dhat-out-file=", file, binary, test)
    }
}

/// The command with what its tools have in common: the file to write, the log beside it, and the test that they run.
fn ended(mut command: Command, out: &str, file: &Path, binary: &OsStr, test: &str) -> Command {
    command.arg(option(out, file)).arg(option("--log-file=", &log(file))).arg(binary);
    command.args([test, "--exact", "--test-threads=1", "--include-ignored"]);
    // A backtrace costs a thousand times more than what it is about.
    command.env("RUST_BACKTRACE", "0").env("RUST_LIB_BACKTRACE", "0");
    command
}

/// The error for tests that are built with instructions valgrind does not know.
pub(super) fn unknown_to_valgrind(features: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "the tests are built for processors with {features}, which valgrind does not know: build without `-C \
         target-cpu=native`, for example with `-C target-cpu=x86-64-v3`"
    )
}

/// What valgrind had to say about a run.
pub(crate) fn log(file: &Path) -> PathBuf {
    file.with_extension("log")
}

fn option(name: &str, path: &Path) -> std::ffi::OsString {
    // Valgrind replaces `%p` and the like.
    let mut option = std::ffi::OsString::from(name);
    option.push(path.as_os_str().to_string_lossy().replace('%', "%%"));
    option
}

/// `valgrind-3.19.0` and `valgrind-3.25.0.GIT` as numbers.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix("valgrind-")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(numbers("valgrind-3.19.0"), Some((3, 19)));
        assert!(numbers("valgrind-3.9.0") < Some(OLDEST));
        assert!(numbers("valgrind-3.25.0.GIT") > Some(OLDEST));
        assert_eq!(numbers("command not found"), None);
    }
}
