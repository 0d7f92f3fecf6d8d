//! All divisors, as the definition says: as many divisions as the number is large.

/// Whether `number` has exactly two divisors.
#[must_use]
pub fn is_prime(number: u64) -> bool {
    (1..=number).filter(|divisor| number.is_multiple_of(*divisor)).count() == 2
}

#[cfg(test)]
mod tests {
    use monitor_runtime::monitored;
    use rstest::rstest;

    use super::is_prime;

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

    #[rstest]
    #[case(0)]
    #[case(1)]
    #[case(4)]
    #[case(999)]
    #[case(104_741)]
    #[monitored]
    fn test_not_prime(#[case] number: u64) {
        assert!(!is_prime(number));
    }
}
