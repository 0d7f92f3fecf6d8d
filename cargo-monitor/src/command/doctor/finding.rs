//! What a check has found.

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grade {
    /// As it should be.
    Fine,
    /// May mislead.
    Doubtful,
    /// Is wrong.
    Wrong,
}

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) grade: Grade,
    pub(super) found: String,
    pub(super) remedy: String,
}

impl Finding {
    pub(super) fn fine(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, grade: Grade::Fine, found: found.into(), remedy: String::new() }
    }

    pub(super) fn doubtful(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, grade: Grade::Doubtful, found: found.into(), remedy: remedy.into() }
    }

    pub(super) fn wrong(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, grade: Grade::Wrong, found: found.into(), remedy: remedy.into() }
    }
}
