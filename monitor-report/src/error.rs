//! Why there is no answer.

use std::error::Error;

use crate::select::{SelectError, TestError};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// No session can be told from what the user named.
    #[error(transparent)]
    Session(#[from] SelectError),
    /// No test can be told from what the user named.
    #[error(transparent)]
    Test(#[from] TestError),
    /// The rows cannot be read; the error is the source's own.
    #[error(transparent)]
    Source(Box<dyn Error + Send + Sync>),
}

impl ReportError {
    /// What a source says.
    pub fn source(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Source(error.into())
    }
}
