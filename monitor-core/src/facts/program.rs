//! How cargo names the programs that it builds.

/// The name of a test binary without the hash that cargo puts behind it.
#[must_use]
pub fn without_hash(stem: &str) -> &str {
    match stem.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => stem,
    }
}
