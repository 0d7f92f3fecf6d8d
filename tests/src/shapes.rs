//! Shapes of tests, and `#[monitored]` put at every place among their attributes.
//!
//! A source of shapes is a module. Above a test, lines `//= test_p[10, 10] passed` name the rows it must make: variant, outcome,
//! and `ignored` if it runs only when asked for.

/// A row that a shape must make.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expected {
    /// The test's own name.
    pub item: String,
    /// With its parameters.
    pub variant: String,
    /// `passed` or `failed`.
    pub outcome: String,
    /// The test is `#[ignore]`d.
    pub ignored: bool,
}

const ROW: &str = "//= ";
const ATTRIBUTE: &str = "#[monitor_runtime::monitored]";

/// The rows that a source's shapes must make, sorted.
///
/// # Panics
///
/// If a line `//=` is not understood.
#[must_use]
pub fn expected(source: &str) -> Vec<Expected> {
    let mut rows: Vec<Expected> = source.lines().filter_map(|line| line.strip_prefix(ROW)).map(row).collect();
    rows.sort();
    rows
}

fn row(line: &str) -> Expected {
    let (line, ignored) = line.strip_suffix(" ignored").map_or((line, false), |line| (line, true));
    let (variant, outcome) = line.rsplit_once(' ').expect("a row has an outcome");
    let item = variant.split_once('[').map_or(variant, |(item, _)| item);
    Expected { item: item.to_owned(), variant: variant.to_owned(), outcome: outcome.to_owned(), ignored }
}

/// The source with the attribute at `place` among those of every shape: 0 is above all, the last below all. `None` if no shape
/// has that many. The attribute goes to the end of the line before, so that lines and columns stay.
#[must_use]
pub fn monitored_at(source: &str, place: usize) -> Option<String> {
    let mut lines: Vec<String> = source.lines().map(str::to_owned).collect();
    let mut any = false;
    let mut at = 0;
    while at < lines.len() {
        if !lines[at].starts_with(ROW) {
            at += 1;
            continue;
        }
        let begin = at + lines[at..].iter().take_while(|line| line.starts_with(ROW)).count();
        let end = begin + lines[begin..].iter().take_while(|line| is_attribute(line)).count();
        lines[at..begin].fill(String::new());
        let places = places(&lines[begin..end]);
        any |= place < places.len();
        let chosen = begin + places[place.min(places.len() - 1)];
        lines[chosen - 1] += ATTRIBUTE;
        at = end;
    }
    any.then(|| lines.join("\n") + "\n")
}

fn is_attribute(line: &str) -> bool {
    line.starts_with("#[") || line.starts_with("///")
}

/// Before which of these attributes ours may stand; the last place is behind them all. `rstest` gives what stands before a case
/// to that case alone.
fn places(attributes: &[String]) -> Vec<usize> {
    (0..=attributes.len())
        .filter(|&place| {
            let (before, behind) = attributes.split_at(place);
            let in_a_comment = before.last().is_some_and(|line| line.starts_with("///"));
            let before_a_case = before.iter().any(|line| line.starts_with("#[rstest"))
                && behind.iter().any(|line| line.starts_with("#[case"));
            !(in_a_comment || before_a_case)
        })
        .collect()
}

/// The source as an inline module that has the attribute; line numbers stay.
#[must_use]
pub fn monitored_module(source: &str) -> String {
    format!("{ATTRIBUTE} mod tests {{ {source} }}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "use a;\n\n//= t[1] passed\n//= t[2] failed ignored\n/// Doc.\n#[rstest]\n#[case(1)]\n#[case(2)]\n\
                          #[ignore]\nfn t() {}\n\nfn helper() {}\n";

    #[test]
    fn the_attribute_goes_to_every_place_but_between_cases() {
        let marked = |place| {
            let text = monitored_at(SOURCE, place)?;
            Some(text.lines().filter(|line| line.contains(ATTRIBUTE)).collect::<Vec<_>>().join("|"))
        };
        assert_eq!(marked(0).as_deref(), Some("#[monitor_runtime::monitored]"));
        assert_eq!(marked(1).as_deref(), Some("#[case(2)]#[monitor_runtime::monitored]"));
        assert_eq!(marked(2).as_deref(), Some("#[ignore]#[monitor_runtime::monitored]"));
        assert_eq!(marked(3), None);
    }

    #[test]
    fn rows_are_read() {
        let rows: Vec<_> =
            expected(SOURCE).into_iter().map(|row| (row.item, row.variant, row.outcome, row.ignored)).collect();
        let row =
            |variant: &str, outcome: &str, ignored| ("t".to_owned(), variant.to_owned(), outcome.to_owned(), ignored);
        assert_eq!(rows, [row("t[1]", "passed", false), row("t[2]", "failed", true)]);
    }
}
