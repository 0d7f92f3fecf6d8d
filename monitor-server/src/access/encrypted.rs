//! Whether a request came by TLS.

use axum::http::Extensions;

/// How a request reached the server.
#[derive(Clone, Copy, Debug)]
pub struct Encrypted(pub bool);

/// Whether a request came by TLS.
#[must_use]
pub fn is_encrypted(extensions: &Extensions) -> bool {
    extensions.get::<Encrypted>().is_some_and(|encrypted| encrypted.0)
}
