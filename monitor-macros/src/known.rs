//! What is known of tests that others make. `cargo monitor` uses the same lists.

/// Attributes that make a function a test, by the last word of their path: `#[test]`, `#[tokio::test]`, ….
pub(crate) const ATTRIBUTES: &[&str] = &[
    "test",
    "rstest",
    "apply",
    "test_case",
    "case",
    "test_matrix",
    "gtest",
    "quickcheck",
    "proptest",
    "property_test",
    "wasm_bindgen_test",
];

/// Those that make cases of the function, or call it many times in one test.
pub(crate) const MANY_CALLS: &[&str] =
    &["rstest", "apply", "test_case", "test_matrix", "case", "quickcheck", "proptest", "property_test"];

/// Macros around functions that become tests, whose attributes they hand on.
pub(crate) const MACROS: &[&str] = &["proptest", "quickcheck"];

/// Of these, the one that makes a test of each function, whatever its attributes.
pub(crate) const MACRO_OF_TESTS_ONLY: &str = "quickcheck";
