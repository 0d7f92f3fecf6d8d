//! Which tests a rule is about.

use monitor_store::TestId;

use crate::measure::full_name;
use crate::select::matches;

/// A name in which `*` stands for any text and `?` for any character: of a variant, or of a whole `path::variant`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(pub(super) String);

impl Pattern {
    /// Whether it means this test.
    #[must_use]
    pub fn matches(&self, test: &TestId) -> bool {
        matches(&self.0, &test.variant) || matches(&self.0, &full_name(test))
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, text) in [
            ("*", ""),
            ("test_prime", "test_prime"),
            ("test_*", "test_prime[2]"),
            ("*[2]", "test_prime[2]"),
            ("a*b*c", "a-b-b-c"),
            ("**", "x"),
            ("test_p[*, 10]", "test_p[1, 10]"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("test", "test_prime"), ("test_*x", "test_prime"), ("ab*ba", "aba"), ("a*b*c", "a-c")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
