//! Miller and Rabin's test with bases that make it exact for every 64-bit number: 12 powers at most.

/// The first twelve primes are enough below 3.3 * 10^24 (Sorenson and Webster, 2015).
const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];

/// Whether no base proves `number` composite.
#[must_use]
pub fn is_prime(number: u64) -> bool {
    if number < 2 {
        return false;
    }
    if let Some(base) = BASES.into_iter().find(|base| number.is_multiple_of(*base)) {
        return number == base;
    }
    let halvings = (number - 1).trailing_zeros();
    let odd = (number - 1) >> halvings;
    BASES.into_iter().all(|base| {
        let mut power = power_modulo(base, odd, number);
        if power == 1 || power == number - 1 {
            return true;
        }
        (1..halvings).any(|_| {
            power = multiply_modulo(power, power, number);
            power == number - 1
        })
    })
}

fn power_modulo(base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let mut result = 1;
    let mut square = base % modulus;
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = multiply_modulo(result, square, modulus);
        }
        square = multiply_modulo(square, square, modulus);
        exponent /= 2;
    }
    result
}

fn multiply_modulo(left: u64, right: u64, modulus: u64) -> u64 {
    let product = u128::from(left) * u128::from(right) % u128::from(modulus);
    u64::try_from(product).expect("a remainder is smaller than its modulus")
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
