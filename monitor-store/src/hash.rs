//! Content hashes: 128-bit FNV-1a, printed as 32 hexadecimal digits like pytest-monitor's MD5.

const OFFSET_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// The 32 hexadecimal digits of the 128-bit FNV-1a hash of `parts`.
///
/// Each part is followed by its length, so `["ab", "c"]` and `["a", "bc"]` differ. It identifies content; it does not protect
/// against somebody who wants two texts with one hash. The algorithm: <http://www.isthe.com/chongo/tech/comp/fnv/>.
///
/// ```
/// let hash = monitor_store::hash_hex(["cargo", "4711"]);
/// assert_eq!(hash.len(), 32);
/// assert_ne!(hash, monitor_store::hash_hex(["cargo4711"]));
/// ```
#[must_use]
pub fn hash_hex<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> String {
    let mut hash = OFFSET_BASIS;
    for part in parts {
        let part = part.as_ref();
        hash = fnv1a(hash, part);
        hash = fnv1a(hash, &(part.len() as u64).to_le_bytes());
    }
    format!("{hash:032x}")
}

fn fnv1a(hash: u128, bytes: &[u8]) -> u128 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a_gives_the_published_values() {
        // Test vectors of draft-eastlake-fnv for 128 bits.
        assert_eq!(fnv1a(OFFSET_BASIS, b""), OFFSET_BASIS);
        assert_eq!(fnv1a(OFFSET_BASIS, b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        assert_eq!(fnv1a(OFFSET_BASIS, b"foobar"), 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
    }

    #[test]
    fn the_borders_between_parts_count() {
        assert_ne!(hash_hex(["ab", "c"]), hash_hex(["a", "bc"]));
        assert_ne!(hash_hex(["a", ""]), hash_hex(["a"]));
        assert_eq!(hash_hex(["a", "b"]), hash_hex(["a", "b"]));
    }
}
