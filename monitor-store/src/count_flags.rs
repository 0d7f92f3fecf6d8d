//! What is special about a count of instructions.

use std::fmt;

/// A set of what is special about a test's count of instructions; the number in the file is the sum of its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct CountFlags(u64);

impl CountFlags {
    /// 1: the test ended its process, which was counted up to there.
    pub const EXIT: Self = Self(1);
    /// 2: a signal ended the process, which was counted up to there.
    pub const ABORT: Self = Self(2);
    /// 4: the test made a child by `fork`, which is not counted.
    pub const FORK: Self = Self(4);
    /// 8: programs that the test started and waited for are not counted.
    pub const EXEC: Self = Self(8);
    /// 16: the whole process was counted, since the test has no `#[monitored]`.
    pub const WHOLE_PROCESS: Self = Self(16);

    const WORDS: [(Self, &'static str); 5] = [
        (Self::EXIT, "exit"),
        (Self::ABORT, "abort"),
        (Self::FORK, "fork"),
        (Self::EXEC, "exec"),
        (Self::WHOLE_PROCESS, "whole process"),
    ];

    /// The set of a number in the file.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The number in the file.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Both sets.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in it.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// In words, `exit, fork`; empty if nothing is special.
impl fmt::Display for CountFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Self::WORDS.iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, word)| *word);
        f.pad(&words.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::CountFlags;

    #[test]
    fn sets_are_told_in_words() {
        let both = CountFlags::EXIT.with(CountFlags::EXEC);
        assert_eq!((both.to_string(), both.bits()), ("exit, exec".to_owned(), 9));
        assert_eq!(CountFlags::default().to_string(), "");
        assert!(both.contains(CountFlags::EXIT) && !both.contains(CountFlags::FORK));
    }
}
