//! Why there is no answer.

use std::error::Error;

use crate::select::{SelectError, TestError};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The user's text names no session, or more than one.
    #[error(transparent)]
    Session(#[from] SelectError),
    /// The user's text names no test, or more than one.
    #[error(transparent)]
    Test(#[from] TestError),
    /// The rows cannot be read; the error is the source's own.
    #[error(transparent)]
    Source(Box<dyn Error + Send + Sync>),
}

impl ReportError {
    /// An error of a source.
    pub fn source(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Source(error.into())
    }
}
