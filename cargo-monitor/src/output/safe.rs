//! Text of others (test names, branches, messages) that cannot harm where it is shown.

/// For a terminal: on one line, with characters that control it or reorder its text written as escapes.
pub(super) fn text(text: &str) -> String {
    escape(text, "")
}

/// As [`text`], line breaks kept.
pub(super) fn lines(text: &str) -> String {
    escape(text, "\n")
}

/// As [`text`], with the characters that a quoted cell may hold.
pub(super) fn cell(text: &str) -> String {
    escape(text, "\n\r\t")
}

fn escape(text: &str, keep: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            _ if keep.contains(character) => safe.push(character),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            _ if is_unsafe(character) => safe.push_str(&format!("\\u{{{:x}}}", u32::from(character))),
            _ => safe.push(character),
        }
    }
    safe
}

/// Control characters, marks that change the direction of text, and separators of lines.
pub(super) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
