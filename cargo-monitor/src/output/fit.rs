//! A table in the width of a terminal, so that no word is broken: what is the same in all rows, and the path that all names share,
//! stand once above it; long texts stand below their rows, and the last numbers, or else words, where too many stand beside each
//! other; what is still too wide is cut in the middle of names.

use monitor_analysis::columns::{self, middle_cut};
use monitor_analysis::sanitise::terminal;
use monitor_report::document::{Table, Value};
use monitor_report::render::human;

/// Blanks around the text of a column.
pub(super) const PADDING: usize = 2;
/// A text that is wider may stand below its row.
const WIDE: usize = 16;
/// A name is not cut below this.
const LEAST_NAME: usize = 16;

/// What is shown of a table.
pub(super) struct Fitted {
    /// What is said once: `outcome: passed`.
    pub(super) above: Vec<String>,
    /// The columns of the table that stand beside each other, by index.
    pub(super) columns: Vec<usize>,
    /// Those whose texts stand in lines of their own below each row.
    pub(super) below: Vec<usize>,
    /// For each row the text of every column of the table.
    pub(super) texts: Vec<Vec<String>>,
}

/// The table in so many characters; as it is where there is no limit.
pub(super) fn fit(table: &Table, width: Option<u16>) -> Fitted {
    let texts = table.rows.iter().map(|row| row.iter().map(|cell| terminal(&human(&cell.value)).into()).collect());
    let mut fitted = Fitted { above: Vec::new(), columns: table.shown(), below: Vec::new(), texts: texts.collect() };
    let Some(width) = width.map(usize::from) else { return fitted };
    if fitted.excess(table, width) > 0 {
        fitted.say_once(table);
    }
    for column in fitted.columns.clone() {
        if fitted.excess(table, width) > 0 && is_name(table, column) {
            fitted.take_off_path(column);
        }
    }
    while fitted.excess(table, width) > 0 {
        let is_text = |column: &usize| !table.is_number(*column) && !is_name(table, *column);
        let texts = fitted.columns.iter().copied().filter(is_text).map(|column| (fitted.width(table, column), column));
        match texts.max() {
            Some((wide, column)) if wide > WIDE => {
                fitted.columns.retain(|shown| *shown != column);
                fitted.below.push(column);
            }
            _ => break,
        }
    }
    while fitted.excess(table, width) > fitted.cuttable(table) {
        let last =
            |moves: fn(&Table, usize) -> bool| fitted.columns.iter().skip(1).rposition(|column| moves(table, *column));
        let last = last(Table::is_number).or_else(|| last(|table, column| !is_name(table, column)));
        let Some(at) = last else { break };
        let column = fitted.columns.remove(at + 1);
        fitted.below.push(column);
    }
    fitted.below.sort_unstable();
    for column in fitted.columns.clone() {
        let excess = fitted.excess(table, width);
        if excess > 0 && is_name(table, column) {
            let most = fitted.width(table, column).saturating_sub(excess).max(LEAST_NAME);
            for row in &mut fitted.texts {
                row[column] = middle_cut(&row[column], most);
            }
        }
    }
    fitted
}

impl Fitted {
    fn width(&self, table: &Table, column: usize) -> usize {
        let texts = self.texts.iter().map(|row| columns::of(&row[column])).max();
        texts.unwrap_or(0).max(columns::of(table.columns[column].title))
    }

    /// So many characters stand out on the right.
    fn excess(&self, table: &Table, width: usize) -> usize {
        let wide: usize = self.columns.iter().map(|&column| self.width(table, column) + PADDING).sum();
        wide.saturating_sub(width)
    }

    /// So many characters of names may be cut.
    fn cuttable(&self, table: &Table) -> usize {
        let names = self.columns.iter().filter(|column| is_name(table, **column));
        names.map(|column| self.width(table, *column).saturating_sub(LEAST_NAME)).sum()
    }

    /// Takes columns away that are the same in all rows.
    fn say_once(&mut self, table: &Table) {
        let [first, others @ ..] = self.texts.as_slice() else { return };
        let is_same = |column: usize| others.iter().all(|row| row[column] == first[column]);
        let once = |column: &usize| {
            !others.is_empty() && !table.is_number(*column) && !is_name(table, *column) && is_same(*column)
        };
        let (same, different): (Vec<usize>, Vec<usize>) = self.columns.iter().copied().partition(once);
        let told = same.into_iter().filter(|column| table.rows[0][*column].value != Value::Missing);
        let told: Vec<String> =
            told.map(|column| format!("{}: {}", table.columns[column].title, first[column])).collect();
        if !told.is_empty() {
            self.above.push(format!("all with {}", told.join(", ")));
        }
        self.columns = different;
    }

    /// Takes the path off that all names of a column begin with.
    fn take_off_path(&mut self, column: usize) {
        let names = || self.texts.iter().map(|row| row[column].as_str());
        let path = |name: &str| name.split('[').next().and_then(|path| path.rfind("::")).map_or(0, |end| end + 2);
        let Some(first) = names().next() else { return };
        let mut common = &first[..path(first)];
        while !names().all(|name| name.starts_with(common)) {
            let shorter = common.trim_end_matches("::").rfind("::").map_or(0, |end| end + 2);
            common = &common[..shorter];
        }
        if common.is_empty() {
            return;
        }
        let length = common.len();
        self.above.push(format!("all in {}", common.trim_end_matches("::")));
        for row in &mut self.texts {
            row[column].drain(..length);
        }
    }
}

fn is_name(table: &Table, column: usize) -> bool {
    table.rows.iter().any(|row| matches!(row[column].value, Value::Name(_)))
}

/// A text in lines of so many columns, broken between words only.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if columns::of(line) + 1 + columns::of(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[("test", "test"), ("outcome", "outcome"), ("n", "n"), ("reason", "reason")]);
        for (name, reason) in
            [("a::b::one[x::y]", "because of a very long story"), ("a::b::c::second", "for no reason")]
        {
            table.push(vec![
                Value::Name(name.to_owned()).into(),
                Value::text("passed").into(),
                Value::count(7).into(),
                Value::text(reason).into(),
            ]);
        }
        table
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let fitted = fit(&table(), Some(80));
        assert_eq!((fitted.columns, fitted.above.len(), fitted.below.len()), (vec![0, 1, 2, 3], 0, 0));
    }

    #[test]
    fn the_same_is_said_once_then_paths_go_then_texts_go_below() {
        let fitted = fit(&table(), Some(53));
        assert_eq!((fitted.columns, fitted.above), (vec![0, 2, 3], vec!["all with outcome: passed".to_owned()]));
        let fitted = fit(&table(), Some(48));
        assert_eq!(fitted.above[1], "all in a::b");
        assert_eq!([&fitted.texts[0][0], &fitted.texts[1][0]], ["one[x::y]", "c::second"]);
        let fitted = fit(&table(), Some(31));
        assert_eq!((fitted.columns, fitted.below), (vec![0, 2], vec![3]));
    }

    #[test]
    fn numbers_that_do_not_fit_go_below_too() {
        let mut table = Table::new(&[("test", "test"), ("a", "a number"), ("b", "another one"), ("c", "the last")]);
        let numbers = [1, 2, 3].map(|count| Value::count(count).into());
        table.push([Value::Name("a::b".to_owned()).into()].into_iter().chain(numbers).collect());
        let fitted = |width| fit(&table, Some(width));
        assert_eq!((fitted(41).columns, fitted(41).below), (vec![0, 1, 2, 3], vec![]));
        assert_eq!((fitted(30).columns, fitted(30).below), (vec![0, 1, 2], vec![3]));
        assert_eq!((fitted(5).columns, fitted(5).below), (vec![0], vec![1, 2, 3]));
    }

    #[test]
    fn texts_are_broken_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
    }
}
