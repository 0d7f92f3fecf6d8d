//! The runner that the user has set, which ours stands in for: handed on to each run of a test.

use std::env;
use std::ffi::{OsStr, OsString};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::setting::Setting;

/// The user's setting, for our runner.
const VARIABLE: &str = "CARGO_MONITOR_OUTSIDE_CHAIN";

/// The user's own runner with its arguments, and how the environment named it.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Chain {
    /// Empty if there is none.
    words: Vec<String>,
    /// The variable in which ours stands.
    variable: String,
    /// What stood there before.
    former: Option<String>,
}

impl Chain {
    /// As the user has set it.
    pub(super) fn of(setting: &Setting) -> Self {
        let variable = setting.variable();
        Self { words: setting.chain.clone(), former: env::var(&variable).ok(), variable }
    }

    /// The variable of the environment that hands it on.
    pub(super) fn pair(&self) -> (OsString, OsString) {
        (VARIABLE.into(), serde_json::to_string(self).unwrap_or_default().into())
    }

    /// As it was handed on to this process.
    fn handed_on() -> Option<Self> {
        serde_json::from_str(&env::var(VARIABLE).ok()?).ok()
    }

    /// `BINARY`, run by the user's runner, in the environment as it is without ours: a test may run cargo.
    pub(crate) fn command(binary: &OsStr) -> Command {
        let Some(Self { words, variable, former }) = Self::handed_on() else { return Command::new(binary) };
        let mut words = words.iter().map(OsStr::new).chain([binary]);
        let mut command = Command::new(words.next().unwrap_or(binary));
        command.args(words);
        match former {
            Some(former) => command.env(variable, former),
            None => command.env_remove(variable),
        };
        command.env_remove(VARIABLE);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_as_it_was_handed_on() {
        for former in [None, Some("qemu -L \"a b\"".to_owned())] {
            let chain = Chain { words: vec!["qemu".into(), "-L".into(), "a b".into()], variable: "V".into(), former };
            let (_, text) = chain.pair();
            assert_eq!(serde_json::from_str::<Chain>(text.to_str().expect("JSON is text")).ok(), Some(chain));
        }
        assert!(serde_json::from_str::<Chain>("[[\"qemu\"]]").is_err());
    }
}
