//! Any text at all, made safe for each place it is shown in.

use monitor_analysis::sanitise::{csv, html, markdown, markdown_code, terminal};
use proptest::prelude::*;

/// Texts rich in what is special somewhere.
fn text() -> impl Strategy<Value = String> {
    let special =
        "[=+@\\-\t\r\n,;\"'<>&|`*_#\\[\\]\\\\\u{1b}\u{9b}\u{202e}\u{2066}\u{feff}\u{7}\u{200d}a-z 0-9ß日]{0,12}";
    prop_oneof![special, any::<String>()]
}

/// The fields of a line of CSV, as RFC 4180 reads them.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let (mut quoted, mut characters) = (false, line.chars().peekable());
    while let Some(character) = characters.next() {
        let field = fields.last_mut().unwrap();
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => field.push(character),
        }
    }
    fields
}

fn unescaped_html(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

/// Whether a table's row would end a cell within the text: at a bar that no backslash escapes.
fn has_bar(text: &str) -> bool {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '|' => return true,
            _ => {}
        }
    }
    false
}

proptest! {
    #[test]
    fn a_terminal_sees_one_line_without_controls(text in text()) {
        let safe = terminal(&text);
        let acts = |character: char| character.is_control() || "\u{202e}\u{2066}\u{feff}\u{200d}".contains(character);
        prop_assert!(!safe.chars().any(acts));
    }

    #[test]
    fn html_comes_back_and_opens_nothing(text in text()) {
        let safe = html(&text);
        prop_assert!(!safe.contains(['<', '>', '"', '\'']));
        prop_assert_eq!(unescaped_html(&safe), terminal(&text));
    }

    #[test]
    fn a_csv_field_is_one_field_and_no_formula(text in text()) {
        let line = format!("before,{},after", csv(&text));
        let fields = fields(&line);
        prop_assert_eq!(fields.len(), 3);
        let field = &fields[1];
        prop_assert!(*field == text || *field == format!("'{text}"), "{field:?}");
        prop_assert!(!field.trim_start().starts_with(['=', '+', '-', '@']));
    }

    #[test]
    fn markdown_stays_in_its_cell(text in text()) {
        for safe in [markdown(&text).into_owned(), markdown_code(&text)] {
            prop_assert!(!safe.contains(['\n', '\r']));
            prop_assert!(!has_bar(&safe), "{safe:?}");
        }
        let plain = markdown(&text).replace("<!-- -->", "");
        prop_assert!(!plain.contains(['<', '>']));
    }
}
