//! Whether a number is prime, found out in four honest ways of very different cost.
//!
//! [`is_prime`] is the function a product would call. Which implementation is behind it is what changes from
//! commit to commit in the story that `examples/evolution.rs` tells; here the environment variable
//! `PRIMES_IMPLEMENTATION` chooses.
#![forbid(unsafe_code)]

pub mod all_divisors;
pub mod miller_rabin;
pub mod sieve;
pub mod square_root;

use std::env;

/// A way to find out whether a number is prime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Implementation {
    /// Tries every number up to the square root.
    SquareRoot,
    /// Counts every divisor up to the number itself.
    AllDivisors,
    /// Sieves all numbers up to the number.
    Sieve,
    /// Miller and Rabin's test, deterministic for 64 bits.
    MillerRabin,
}

impl Implementation {
    /// All of them, in the order of the story: fast and small, slow, hungry, fast again.
    pub const ALL: [Self; 4] = [Self::SquareRoot, Self::AllDivisors, Self::Sieve, Self::MillerRabin];

    /// The name in `PRIMES_IMPLEMENTATION`, which is also the module's.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SquareRoot => "square_root",
            Self::AllDivisors => "all_divisors",
            Self::Sieve => "sieve",
            Self::MillerRabin => "miller_rabin",
        }
    }

    /// The one that `PRIMES_IMPLEMENTATION` names, [`Implementation::MillerRabin`] without.
    ///
    /// # Panics
    ///
    /// If the variable names none of them.
    #[must_use]
    pub fn chosen() -> Self {
        let Ok(name) = env::var("PRIMES_IMPLEMENTATION") else { return Self::MillerRabin };
        let known = Self::ALL.into_iter().find(|implementation| implementation.name() == name);
        known.unwrap_or_else(|| panic!("PRIMES_IMPLEMENTATION={name}: one of {:?} is meant", Self::ALL.map(Self::name)))
    }

    /// Whether `number` is prime.
    #[must_use]
    pub fn is_prime(self, number: u64) -> bool {
        match self {
            Self::SquareRoot => square_root::is_prime(number),
            Self::AllDivisors => all_divisors::is_prime(number),
            Self::Sieve => sieve::is_prime(number),
            Self::MillerRabin => miller_rabin::is_prime(number),
        }
    }
}

/// Whether `number` is prime, by the chosen implementation.
///
/// ```
/// assert!(primes_demo::is_prime(997));
/// assert!(!primes_demo::is_prime(999));
/// ```
#[must_use]
pub fn is_prime(number: u64) -> bool {
    Implementation::chosen().is_prime(number)
}

#[cfg(test)]
mod tests {
    use monitor_runtime::monitored;
    use rstest::rstest;

    use super::{Implementation, is_prime};

    #[rstest]
    #[case(2)]
    #[case(3)]
    #[case(997)]
    #[case(104_743)]
    #[case(982_451_653)]
    #[monitored]
    fn test_prime(#[case] number: u64) {
        assert!(is_prime(number));
    }

    #[test]
    #[monitored]
    fn all_agree_on_small_numbers() {
        for number in 0..2_000 {
            let answers = Implementation::ALL.map(|implementation| implementation.is_prime(number));
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{number}: {answers:?}");
        }
    }
}
