//! The sieve of Eratosthenes up to the number: one byte for each odd number, 468 MiB for 982,451,653.

/// Whether `number` stays in the sieve of the odd numbers up to it.
///
/// # Panics
///
/// If the address space can't hold the sieve.
#[must_use]
pub fn is_prime(number: u64) -> bool {
    if number < 3 || number.is_multiple_of(2) {
        return number == 2;
    }
    // Position `p` stands for the odd number `2 p + 1`.
    let last = usize::try_from(number / 2).expect("the sieve fits into the address space");
    let mut stays = vec![true; last + 1];
    let mut position = 1;
    while 2 * position * (position + 1) <= last {
        if stays[position] {
            let prime = 2 * position + 1;
            stays[2 * position * (position + 1)..].iter_mut().step_by(prime).for_each(|stays| *stays = false);
        }
        position += 1;
    }
    stays[last]
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
