//! Texts in columns, as a terminal and a chart count them: Chinese, Japanese and Korean characters take two each.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns that a text takes.
///
/// ```
/// assert_eq!(monitor_analysis::columns::of("größe"), 5);
/// assert_eq!(monitor_analysis::columns::of("検査"), 4);
/// ```
#[must_use]
pub fn of(text: &str) -> usize {
    text.width()
}

/// The text, or its beginning, an ellipsis and its end, where names differ, in so many columns.
///
/// ```
/// assert_eq!(monitor_analysis::columns::middle_cut("abcdefghij", 5), "ab…ij");
/// ```
#[must_use]
pub fn middle_cut(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(1);
    let head = kept / 2;
    let mut end: Vec<char> = within(text.chars().rev(), kept - head).collect();
    end.reverse();
    within(text.chars(), head).chain(['…']).chain(end).collect()
}

/// The text, or its beginning and an ellipsis, in so many columns.
pub(crate) fn end_cut(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    within(text.chars(), most.saturating_sub(1)).chain(['…']).collect()
}

/// The first characters, as far as so many columns hold them.
fn within(letters: impl Iterator<Item = char>, columns: usize) -> impl Iterator<Item = char> {
    let mut taken = 0;
    letters.take_while(move |letter| {
        taken += letter.width().unwrap_or(0);
        taken <= columns
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(middle_cut("abcdefghij", 5), "ab…ij");
        assert_eq!(middle_cut("abc", 5), "abc");
        assert_eq!(middle_cut("読み込み検査", 8), "読…検査");
        assert_eq!(end_cut("読み込み検査", 8), "読み込…");
        assert_eq!(end_cut("abc", 3), "abc");
        assert_eq!(end_cut("abcd", 0), "…");
    }
}
