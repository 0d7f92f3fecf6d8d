//! Secrets of tokens: made once, kept as hashes.

use sha2::{Digest as _, Sha256};

use crate::store::hex;

/// What every secret begins with, so that people and scanners know one when they see it.
const PREFIX: &str = "monitor_";

/// A new secret of 256 random bits.
///
/// # Errors
///
/// If the system has no randomness to give.
pub fn generate() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{PREFIX}{}", hex(&bytes)))
}

/// What is kept of a secret.
#[must_use]
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}
