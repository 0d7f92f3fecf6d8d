//! CSV (RFC 4180), as far as reading back what was exported needs it.

use anyhow::bail;

/// The records of a file.
pub(super) fn records(text: &str) -> anyhow::Result<Vec<Vec<String>>> {
    let mut records = Vec::new();
    let (mut record, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            _ if quoted => field.push(character),
            '"' if field.is_empty() => quoted = true,
            ',' => record.push(std::mem::take(&mut field)),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            _ => field.push(character),
        }
    }
    if quoted {
        bail!("a quote is not closed");
    }
    if !field.is_empty() || !record.is_empty() {
        record.push(field);
        records.push(record);
    }
    Ok(records)
}

/// The text before it was made harmless to spreadsheets.
pub(super) fn without_apostrophe(field: &str) -> &str {
    const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    match field.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches(' ').starts_with(FORMULA) => rest,
        _ => field,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_commas_and_line_breaks_come_back() {
        let text = "\u{feff}a,b\r\n\"x, \"\"y\"\"\nz\",\r\n1,2";
        let expected = vec![vec!["a", "b"], vec!["x, \"y\"\nz", ""], vec!["1", "2"]];
        assert_eq!(records(text).expect("valid CSV"), expected);
        assert!(records("a,\"b").is_err());
        assert_eq!(records("").expect("nothing"), Vec::<Vec<String>>::new());
    }

    #[test]
    fn only_the_apostrophe_of_a_formula_goes() {
        assert_eq!(without_apostrophe("'=1+1"), "=1+1");
        assert_eq!(without_apostrophe("'quoted'"), "'quoted'");
        assert_eq!(without_apostrophe("plain"), "plain");
    }
}
