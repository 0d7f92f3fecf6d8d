//! What fixture `heap.rs` is known to do to the heap.

use crate::Database;

/// Bytes in one MiB.
pub const MIB: u64 = 1 << 20;

/// The tests that fill memory, by module path and name, with how many MiB: in every order.
#[must_use]
pub fn fillings() -> Vec<(String, &'static str, u64)> {
    let orders = [[200, 100, 0], [200, 0, 100], [100, 200, 0], [100, 0, 200], [0, 200, 100], [0, 100, 200]];
    let tests = orders.iter().flat_map(|order| {
        let [first, second, third] = order;
        let module = format!("heap::order_{first}_{second}_{third}");
        [("first", *first), ("second", *second), ("third", *third)]
            .map(|(name, mebibytes)| (module.clone(), name, mebibytes))
    });
    tests.collect()
}

/// Heap peak, allocated, allocations and retained of the one row whose path ends with `path`.
///
/// # Panics
///
/// If there is not exactly one, or the heap was not counted.
#[must_use]
pub fn heap_of(database: &Database, path: &str, item: &str) -> [u64; 4] {
    let sql = "select heap_peak_bytes, heap_allocated_bytes, allocations, heap_retained_bytes from TESTS";
    let mut rows = database.rows(&format!("{sql} where path like '%{path}' and item = '{item}'"));
    assert_eq!(rows.len(), 1, "rows of {path}::{item}");
    let row = <[String; 4]>::try_from(rows.remove(0)).expect("four columns");
    row.map(|figure| figure.parse().unwrap_or_else(|_| panic!("{path}::{item}: {figure}")))
}

/// Expects every single-threaded test's figures to the byte.
///
/// # Panics
///
/// If one is different.
pub fn assert_heap_is_exact(database: &Database, how: &str) {
    for (path, item, mebibytes) in fillings() {
        let bytes = mebibytes * MIB;
        let expected = [bytes, bytes, u64::from(bytes > 0), 0];
        assert_eq!(heap_of(database, &path, item), expected, "{path}::{item}, {how}");
    }
    let heap = |item| heap_of(database, "heap", item);
    assert_eq!(heap("leak_one_mebibyte"), [MIB, MIB, 1, MIB], "{how}");
    // 64 B kept + 1,000 x 64 B + 1 MiB grown to 3 MiB + 2 MiB + 2 MiB.
    assert_eq!(heap("allocation_only"), [3 * MIB + 64, 7 * MIB + 64 + 64_000, 1_005, 64], "{how}");
    assert_eq!(heap("failed_allocations"), [100, 100, 1, 0], "{how}");
}

/// Expects that what one thread takes and another gives back comes out even.
///
/// # Panics
///
/// If it does not.
pub fn assert_threads_even_out(database: &Database, how: &str) {
    let heap = |item| heap_of(database, "heap", item);
    let [peak, allocated, calls, retained] = heap("producer_and_consumer");
    assert_eq!(retained, 0, "what the consumer freed is not retained, {how}");
    assert!(allocated > 5_000_000 && calls > 500, "{allocated} bytes in {calls} calls, {how}");
    assert!(peak < allocated, "{peak} of {allocated} bytes at once, {how}");
    let of_freeing = |column: &str| {
        database
            .number(&format!("select {column} from TESTS where path like '%heap' and item = 'frees_what_was_there'"))
    };
    let (peak, retained) = (of_freeing("heap_peak_bytes"), of_freeing("heap_retained_bytes"));
    assert!(peak < 3.0 * 65_536.0 && retained < 65_536.0, "peak {peak}, retained {retained}: wrapped? ({how})");
}
