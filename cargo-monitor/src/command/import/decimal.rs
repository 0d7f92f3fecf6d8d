//! Times as people's languages write them: `1,234.5`, `1.234,5`, `0,160`.

/// What the comma is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decimals {
    /// `0.5`, and thousands are `1,000`.
    Point,
    /// `0,5`, and thousands are `1.000`.
    Comma,
}

impl Decimals {
    /// As the values of a file have it: the last of the two signs in a value stands before its fraction. A file without a
    /// point has commas for it.
    pub(super) fn of<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut has_comma = false;
        for value in values {
            match value.rfind(['.', ',']).map(|at| &value[at..=at]) {
                Some(".") => return Self::Point,
                Some(_) => has_comma = true,
                None => {}
            }
        }
        if has_comma { Self::Comma } else { Self::Point }
    }

    /// The seconds of a text; `None` if it is none, or below 0.
    pub(super) fn seconds(self, text: &str) -> Option<f64> {
        let plain: String = text.chars().filter(|c| !c.is_whitespace() && !['\'', '’', '_'].contains(c)).collect();
        let (thousands, point) = match self {
            Self::Point if has_thousands(&plain) => (',', '.'),
            _ if plain.contains(',') => ('.', ','),
            _ => (',', '.'),
        };
        let plain = plain.replace(thousands, "").replace(point, ".");
        plain.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)
    }
}

/// Whether commas stand before groups of three digits only: `1,234.5`, and not `0,160`.
fn has_thousands(text: &str) -> bool {
    let whole = text.split('.').next().unwrap_or(text);
    let mut groups = whole.split(',');
    let is_group = |group: &str| group.bytes().all(|digit| digit.is_ascii_digit());
    groups.next().is_some_and(|first| (1..=3).contains(&first.len()) && !first.starts_with('0') && is_group(first))
        && groups.all(|group| group.len() == 3 && is_group(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_is_what_the_file_makes_of_it() {
        let cases: [(&[&str], &[Option<f64>]); 6] = [
            (&["0,160", "0,003"], &[Some(0.16), Some(0.003)]),
            (&["1,234.5", "0.5", "1,234"], &[Some(1234.5), Some(0.5), Some(1234.0)]),
            (&["1.234,5", "1,234"], &[Some(1234.5), Some(1.234)]),
            (&["0.5", "0,160", "12,5"], &[Some(0.5), Some(0.16), Some(12.5)]),
            (&["1\u{202f}234,5", "1e-05", "2"], &[Some(1234.5), Some(0.000_01), Some(2.0)]),
            (&["0.", "-1.0", "NaN", "", "fast"], &[Some(0.0), None, None, None, None]),
        ];
        for (texts, expected) in cases {
            let decimals = Decimals::of(texts.iter().copied());
            assert_eq!(texts.iter().map(|text| decimals.seconds(text)).collect::<Vec<_>>(), expected, "{texts:?}");
        }
    }
}
