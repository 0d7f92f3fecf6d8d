//! The closed vocabularies of the file: outcome, attribution, memory source, kind.

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident => $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant,)+ }

        impl $name {
            /// Every word, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word in the file.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value that the word in the file stands for.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// How a test ended (`OUTCOME`).
    Outcome {
        /// Its body has not ended; a row of a process that is gone becomes [`Outcome::Crashed`].
        Running => "running",
        /// The harness counts it as passed.
        Passed => "passed",
        /// The harness counts it as failed.
        Failed => "failed",
        /// It failed only because it exceeded a budget of its attribute.
        OverBudget => "over budget",
        /// Its process died while it ran.
        Crashed => "crashed",
    }
}

words! {
    /// How the numbers of a row were obtained (`ATTRIBUTION`).
    Attribution {
        /// The test had the process to itself: whole-process figures, reaped children included.
        Process => "process",
        /// Other tests ran beside it: figures of its thread tree.
        Threads => "threads",
        /// As [`Attribution::Threads`], but possibly incomplete.
        Shared => "shared",
    }
}

words! {
    /// Where `MEM_USAGE` comes from (`MEM_SOURCE`).
    MemSource {
        /// Peak heap by the counting allocator.
        Heap => "heap",
        /// Growth of the process's resident peak.
        Rss => "rss",
    }
}

words! {
    /// What a metric row is about (`KIND`).
    Kind {
        /// One run of one test.
        Function => "function",
        /// The tests of one module in one session.
        Module => "module",
        /// All tests of one session.
        Session => "session",
        /// A pytest package. Every unknown word is read as this one, as pytest-monitor's clients do.
        Package => "package",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        for &outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
        }
        for &kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Outcome::parse("Passed"), None);
        assert_eq!(Outcome::OverBudget.to_string(), "over budget");
    }
}
