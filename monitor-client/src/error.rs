//! Why a server did not do what it was asked for.

/// Why a server did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The text is not an address of a server.
    #[error("{0:?} is not the address of a server: write http://HOST:PORT or https://HOST/p/PROJECT")]
    Address(String),
    /// There was no answer.
    #[error("{url} does not answer: {reason}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why there was none.
        reason: String,
    },
    /// It refused.
    #[error("{url} answered {status}: {message}")]
    Refused {
        /// What was asked.
        url: String,
        /// HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The answer is not what such a server says.
    #[error("{url} does not answer like a monitor-server: {reason}")]
    Answer {
        /// What was asked.
        url: String,
        /// What is wrong.
        reason: String,
    },
}
