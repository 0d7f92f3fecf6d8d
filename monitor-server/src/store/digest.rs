//! Hashes by which rows are found.

use sha2::{Digest as _, Sha256};

/// Number of a test's path and variant, by which its runs are found in every session.
pub(super) fn key(path: &str, variant: &str) -> i64 {
    i64::from_be_bytes(digest([path, variant])[..8].try_into().unwrap_or_default())
}

/// Bytes as text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hash of texts, the same only for the same texts one after the other.
pub(crate) fn digest<'a>(texts: impl IntoIterator<Item = &'a str>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}
