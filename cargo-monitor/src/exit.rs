//! Every exit code. `cargo monitor --help` and the book quote them.

use std::process::ExitCode;

use monitor_report::gate::Decision;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Success,
    /// 1: it could not be done, for a reason that no other code names.
    Error,
    /// 2: invalid arguments.
    Usage,
    /// 3: there is nothing to answer from: no file, no session, or none that the arguments name; nothing to import.
    NoData,
    /// 4: the file cannot be used: damaged, no `.pymon` file, newer than this program where it must be written, locked,
    /// not readable or not writable.
    BadFile,
    /// 5: `gate`: a test costs more than it may.
    Regressed,
    /// 6: `gate`: there is nothing to compare with, so nothing passed.
    NoBaseline,
    /// 8: `gate`: the head has only a part of the tests that the baseline has, so it did not pass.
    Partial,
    /// 7: `doctor`: it has found something wrong.
    Wrong,
    /// `test` and `nextest`: cargo's own.
    Cargo(u8),
}

impl std::fmt::Display for Exit {
    /// The code and a word for it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (code, word) = self.told();
        write!(f, "{code} ({word})")
    }
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.told().0
    }

    const fn told(self) -> (u8, &'static str) {
        match self {
            Self::Success => (0, "passed"),
            Self::Error => (1, "error"),
            Self::Usage => (2, "error"),
            Self::NoData => (3, "no data"),
            Self::BadFile => (4, "bad file"),
            Self::Regressed => (5, "regressed"),
            Self::NoBaseline => (6, "no baseline"),
            Self::Wrong => (7, "wrong"),
            Self::Partial => (8, "partial"),
            Self::Cargo(code) => (code, "cargo's own"),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

impl From<Decision> for Exit {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Passed => Self::Success,
            Decision::Regressed => Self::Regressed,
            Decision::NoBaseline => Self::NoBaseline,
            Decision::Partial => Self::Partial,
        }
    }
}

/// The codes as the help shows them.
pub const HELP: &str = "\
Exit codes:
  0  done
  1  any other error
  2  invalid arguments
  3  no data: no file, no session, or none that the arguments select; import: nothing to import
  4  the file cannot be used: damaged, of another program, too new, locked, not readable or writable
  5  gate: a test costs more than it may
  6  gate: no baseline to compare with, or too short a history: not a pass
  7  doctor: something is wrong
  8  gate: only a part of the baseline's tests ran: not a pass
`test` and `nextest` end with the exit code of cargo.";
