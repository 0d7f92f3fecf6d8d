//! Medians of a few numbers, of which a large comparison takes millions.

use crate::constants::CENTRE_WINDOW;

/// So many windows are looked at together, each beginning one value after the one before: as many as a processor's registers
/// hold. All that is done to one is done to each.
pub(crate) const LANES: usize = 4;

/// A value of each of these windows.
pub(crate) type Lanes = [f64; LANES];

/// A value, or those of several windows.
trait Lane: Copy {
    /// The lesser and the greater of two.
    fn exchanged(self, other: Self) -> (Self, Self);
    /// What is in the middle between two.
    fn midpoint(self, other: Self) -> Self;
}

impl Lane for f64 {
    fn exchanged(self, other: Self) -> (Self, Self) {
        (if other < self { other } else { self }, if other < self { self } else { other })
    }

    fn midpoint(self, other: Self) -> Self {
        Self::midpoint(self, other)
    }
}

impl Lane for Lanes {
    fn exchanged(self, other: Self) -> (Self, Self) {
        let (mut low, mut high) = (self, other);
        for lane in 0..LANES {
            (low[lane], high[lane]) = self[lane].exchanged(other[lane]);
        }
        (low, high)
    }

    fn midpoint(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane].midpoint(other[lane]))
    }
}

/// Exchanges, one after another, after which places that are named in ascending order hold ascending values. Unlike a sort it
/// asks nothing of the values that a processor would have to guess.
macro_rules! exchange {
    ($values:ident: $(($low:literal, $high:literal))*) => {$(
        ($values[$low], $values[$high]) = $values[$low].exchanged($values[$high]);
    )*};
}

// Networks that sort, without what does not lead to the middle: of 16 Green's, of 9 Floyd's (Knuth, The Art of Computer
// Programming, 5.3.4). These are the numbers of values that a long series has.

fn of_four<T: Lane>(mut values: [T; 4]) -> T {
    exchange!(values: (0, 1) (2, 3) (0, 2) (1, 3));
    values[1].midpoint(values[2])
}

fn of_nine<T: Lane>(mut values: [T; 9]) -> T {
    exchange!(values: (0, 1) (3, 4) (6, 7) (1, 2) (4, 5) (7, 8) (0, 1) (3, 4) (6, 7) (0, 3) (3, 6) (1, 4) (4, 7) (1, 4)
        (2, 5) (5, 8) (2, 5) (2, 6) (4, 6) (2, 4));
    values[4]
}

fn of_sixteen<T: Lane>(mut values: [T; 16]) -> T {
    exchange!(values: (0, 1) (2, 3) (4, 5) (6, 7) (8, 9) (10, 11) (12, 13) (14, 15) (0, 2) (1, 3) (4, 6) (5, 7) (8, 10)
        (9, 11) (12, 14) (13, 15) (0, 4) (1, 5) (2, 6) (3, 7) (8, 12) (9, 13) (10, 14) (11, 15) (0, 8) (1, 9) (2, 10)
        (3, 11) (4, 12) (5, 13) (6, 14) (7, 15) (5, 10) (6, 9) (3, 12) (13, 14) (4, 8) (7, 11) (1, 2) (7, 13) (2, 8)
        (5, 6) (9, 10) (3, 8) (7, 12) (6, 8) (10, 12) (3, 5) (7, 9) (5, 6) (7, 8) (9, 10) (6, 7) (8, 9));
    values[7].midpoint(values[8])
}

/// The median of one to [`CENTRE_WINDOW`] values.
pub(crate) fn median_of_few(values: impl Iterator<Item = f64>) -> f64 {
    let mut buffer = [0.0; CENTRE_WINDOW];
    let mut count = 0;
    for (place, value) in buffer.iter_mut().zip(values) {
        *place = value;
        count += 1;
    }
    match count {
        4 => of_four([buffer[0], buffer[1], buffer[2], buffer[3]]),
        9 => of_nine(std::array::from_fn(|at| buffer[at])),
        16 => of_sixteen(buffer),
        _ => {
            let values = &mut buffer[..count];
            insertion_sort(values);
            f64::midpoint(values[(count - 1) / 2], values[count / 2])
        }
    }
}

/// The windows of `COUNT` values that begin at the first values: a value of each in every place.
pub(crate) fn windows<const COUNT: usize>(values: &[f64]) -> [Lanes; COUNT] {
    std::array::from_fn(|at| std::array::from_fn(|lane| values[at + lane]))
}

/// The medians of windows of four values.
pub(crate) fn medians_of_four(windows: [Lanes; 4]) -> Lanes {
    of_four(windows)
}

/// The medians of windows of sixteen values.
pub(crate) fn medians_of_sixteen(windows: [Lanes; 16]) -> Lanes {
    of_sixteen(windows)
}

/// For each place from `from` on the median of the nine values before it, or of as many as there are.
pub(crate) fn medians_of_nine_before(values: &[f64], from: usize, mut each: impl FnMut(usize, f64)) {
    let mut at = from;
    while at < values.len() {
        match at.checked_sub(9).filter(|_| at + LANES <= values.len()) {
            Some(first) => {
                (at..).zip(of_nine(windows(&values[first..]))).for_each(|(at, median)| each(at, median));
                at += LANES;
            }
            None => {
                each(at, median_of_few(values[at.saturating_sub(9)..at].iter().copied()));
                at += 1;
            }
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

    #[test]
    fn several_windows_are_as_one_and_one() {
        let values: Vec<f64> = (0..40).map(|at| f64::from(at * 7919 % 101) / 8.0).collect();
        let mut found = Vec::new();
        medians_of_nine_before(&values, 5, |at, median| found.push((at, median)));
        let expected = (5..40_usize).map(|at| (at, median_of_few(values[at.saturating_sub(9)..at].iter().copied())));
        assert_eq!(found, expected.collect::<Vec<_>>());
        for (lane, (four, sixteen)) in
            medians_of_four(windows(&values)).into_iter().zip(medians_of_sixteen(windows(&values))).enumerate()
        {
            assert_eq!(four, median_of_few(values[lane..lane + 4].iter().copied()));
            assert_eq!(sixteen, median_of_few(values[lane..lane + 16].iter().copied()));
        }
    }

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
