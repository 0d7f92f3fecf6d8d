//! Medians of a few numbers, of which a large comparison takes millions.

use crate::constants::CENTRE_WINDOW;

/// Exchanges, one after another, after which places that are named in ascending order hold ascending values. Unlike a sort it
/// asks nothing of the values that a processor would have to guess.
macro_rules! exchange {
    ($values:ident: $(($low:literal, $high:literal))*) => {$(
        let (one, other) = ($values[$low], $values[$high]);
        $values[$low] = if other < one { other } else { one };
        $values[$high] = if other < one { one } else { other };
    )*};
}

/// The median of one to [`CENTRE_WINDOW`] values.
pub(crate) fn median_of_few(values: impl Iterator<Item = f64>) -> f64 {
    let mut buffer = [0.0; CENTRE_WINDOW];
    let mut count = 0;
    for (place, value) in buffer.iter_mut().zip(values) {
        *place = value;
        count += 1;
    }
    // Networks that sort, without what does not lead to the middle: of 16 Green's, of 9 Floyd's (Knuth, The Art of Computer
    // Programming, 5.3.4). These are the numbers of values that a long series has.
    match count {
        4 => {
            exchange!(buffer: (0, 1) (2, 3) (0, 2) (1, 3));
            f64::midpoint(buffer[1], buffer[2])
        }
        9 => {
            exchange!(buffer: (0, 1) (3, 4) (6, 7) (1, 2) (4, 5) (7, 8) (0, 1) (3, 4) (6, 7) (0, 3) (3, 6) (1, 4) (4, 7) (1, 4)
                (2, 5) (5, 8) (2, 5) (2, 6) (4, 6) (2, 4));
            buffer[4]
        }
        16 => {
            exchange!(buffer: (0, 1) (2, 3) (4, 5) (6, 7) (8, 9) (10, 11) (12, 13) (14, 15) (0, 2) (1, 3) (4, 6) (5, 7) (8, 10)
                (9, 11) (12, 14) (13, 15) (0, 4) (1, 5) (2, 6) (3, 7) (8, 12) (9, 13) (10, 14) (11, 15) (0, 8) (1, 9) (2, 10)
                (3, 11) (4, 12) (5, 13) (6, 14) (7, 15) (5, 10) (6, 9) (3, 12) (13, 14) (4, 8) (7, 11) (1, 2) (7, 13) (2, 8)
                (5, 6) (9, 10) (3, 8) (7, 12) (6, 8) (10, 12) (3, 5) (7, 9) (5, 6) (7, 8) (9, 10) (6, 7) (8, 9));
            f64::midpoint(buffer[7], buffer[8])
        }
        _ => {
            let values = &mut buffer[..count];
            insertion_sort(values);
            f64::midpoint(values[(count - 1) / 2], values[count / 2])
        }
    }
}

fn insertion_sort(values: &mut [f64]) {
    for from in 1..values.len() {
        let value = values[from];
        let mut place = from;
        while place > 0 && values[place - 1] > value {
            values[place] = values[place - 1];
            place -= 1;
        }
        values[place] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What sorts zeros and ones sorts everything (Knuth, 5.3.4, theorem Z).
    #[test]
    fn every_count_gives_the_middle() {
        for count in 1..=CENTRE_WINDOW {
            for bits in 0_u32..1 << count {
                let values = (0..count).map(|place| f64::from(bits >> place & 1));
                let ones = bits.count_ones() as usize;
                let at = |place: usize| if place >= count - ones { 1.0 } else { 0.0 };
                let expected = f64::midpoint(at((count - 1) / 2), at(count / 2));
                assert_eq!(median_of_few(values), expected, "{count} values, {bits:b}");
            }
        }
    }
}
