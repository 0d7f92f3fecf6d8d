//! What functions cost in a run, as one value: names repeat within a run, and are never asked for one by one.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use monitor_client::wire;
use monitor_store::Cost;

/// Costs as they are stored: a compressed list of JSON.
pub(super) fn pack(costs: &[Cost]) -> Vec<u8> {
    let costs: Vec<_> = costs.iter().cloned().map(wire::Cost::from).collect();
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    // Neither a list of texts and numbers nor memory fails.
    let _ = packed.write_all(&serde_json::to_vec(&costs).unwrap_or_default());
    packed.finish().unwrap_or_default()
}

/// What [`pack`] made; empty if it is something else.
pub(super) fn unpack(packed: &[u8]) -> Vec<Cost> {
    let mut json = Vec::new();
    if ZlibDecoder::new(packed).read_to_end(&mut json).is_err() {
        return Vec::new();
    }
    let costs: Vec<wire::Cost> = serde_json::from_slice(&json).unwrap_or_default();
    costs.into_iter().map(wire::Cost::to_store).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_tests_take_less_than_ten_megabytes() {
        let cost = |number: u64| Cost {
            name: format!("krate::module_{}::Type<T>::function_{number}", number % 7),
            file: format!("/home/user/krate/src/module_{}.rs", number % 7),
            line: number as u32,
            package: if number.is_multiple_of(3) { "dependency 1.2.3".to_owned() } else { String::new() },
            own: number.pow(5) + 17,
            inclusive: number.pow(6),
            calls: 1_000_003 / (number + 1),
        };
        let costs: Vec<_> = (0..200).map(cost).collect();
        let packed = pack(&costs);
        assert_eq!(unpack(&packed), costs);
        assert!(packed.len() < 10_000, "{} bytes for 200 functions", packed.len());
        assert_eq!(unpack(b"something else"), []);
    }
}
