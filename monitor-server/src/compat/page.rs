//! Which page of a listing is asked for, and links to its neighbours.

use crate::error::Problem;
use crate::store::Page;

/// The page that a request wants: a number, from the end if negative, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted(Option<i128>);

/// Where a page is among its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Rows to read.
    pub rows: Page,
    /// Its number, from 1.
    pub number: u64,
    /// How many there are; 0 if there are no rows.
    pub total: u64,
}

impl Wanted {
    /// From a parameter; one that is no number is none.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self(None);
        }
        // A number that is too long for the type is beyond any page too.
        Self(Some(text.parse().unwrap_or(i128::MAX)))
    }

    /// No page is named.
    #[must_use]
    pub const fn first() -> Self {
        Self(None)
    }

    /// The place of the page among `rows` rows in pages of `size`.
    ///
    /// # Errors
    ///
    /// If there is no such page. Of no rows, there is the first page.
    pub fn place(self, rows: u64, size: u64) -> Result<Place, Problem> {
        let total = rows.div_ceil(size);
        let wanted = self.0.unwrap_or(1);
        let number = if wanted < 0 { i128::from(total) + 1 + wanted } else { wanted };
        let number = u64::try_from(number).unwrap_or(0);
        let empty = total == 0 && wanted == 1;
        if !(empty || (1..=total).contains(&number)) {
            return Err(Problem::not_found(format!("there is no page {wanted}: there are {total}")));
        }
        Ok(Place { rows: Page { offset: (number - 1) * size, limit: size }, number, total })
    }
}

impl Place {
    /// Numbers of the pages before and after.
    #[must_use]
    pub fn neighbours(self) -> [Option<u64>; 2] {
        [(self.number > 1).then(|| self.number - 1), (self.number < self.total).then(|| self.number + 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(page: &str, rows: u64) -> Option<u64> {
        Wanted::parse(page).place(rows, 5).ok().map(|place| place.number)
    }

    #[test]
    fn pages_are_counted_from_either_end() {
        for (page, expected) in [("1", Some(1)), ("3", Some(3)), ("-1", Some(3)), ("-3", Some(1)), ("abc", Some(1))] {
            assert_eq!(number(page, 11), expected, "{page}");
        }
        for page in ["0", "4", "-4", "99999999999999999999999999999999999999999999"] {
            assert_eq!(number(page, 11), None, "{page}");
        }
    }

    #[test]
    fn of_nothing_there_is_the_first_page() {
        assert_eq!([number("", 0), number("1", 0)], [Some(1), Some(1)]);
        assert_eq!([number("-1", 0), number("2", 0), number("0", 0)], [None; 3]);
    }
}
