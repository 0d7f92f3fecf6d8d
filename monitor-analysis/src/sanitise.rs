//! Text of unknown origin (test names, branches, descriptions) made safe for where it is shown.
//!
//! Each function is for one place, and for that only.

use std::borrow::Cow;
use std::fmt::Write;

/// Characters that act instead of showing: controls, and marks that reorder, hide or join what stands around them.
fn acts(character: char) -> bool {
    // Most characters are these.
    !matches!(character, ' '..='~')
        && (character.is_control()
            || matches!(character,
                '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'))
}

/// For a terminal: control characters are written as Rust writes them, `\u{1b}`. The result is always one line.
///
/// ```
/// use monitor_analysis::sanitise::terminal;
/// assert_eq!(terminal("prime[\x1b[31m7]"), r"prime[\u{1b}[31m7]");
/// assert_eq!(terminal("größe[日本]"), "größe[日本]");
/// ```
#[must_use]
pub fn terminal(text: &str) -> Cow<'_, str> {
    // Most texts are such.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    replaced(text, |character, out| {
        let acts = acts(character);
        if acts {
            out.extend(character.escape_default());
        }
        acts
    })
}

/// For HTML, between tags and in quoted attributes; not for scripts, styles and URLs.
///
/// ```
/// use monitor_analysis::sanitise::html;
/// assert_eq!(html("<b class='x'>&"), "&lt;b class=&#39;x&#39;&gt;&amp;");
/// ```
#[must_use]
pub fn html(text: &str) -> Cow<'_, str> {
    replaced(text, |character, out| {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ if acts(character) => out.extend(character.escape_default()),
            _ => return false,
        }
        true
    })
}

/// One field of a CSV file with commas: quoted where RFC 4180 requires it. A text that a spreadsheet would run as a formula
/// gets an apostrophe before it (OWASP, "CSV Injection").
///
/// ```
/// use monitor_analysis::sanitise::csv;
/// assert_eq!(csv("prime[2, 3]"), "\"prime[2, 3]\"");
/// assert_eq!(csv("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
/// ```
#[must_use]
pub fn csv(text: &str) -> Cow<'_, str> {
    let begins_formula = |first| matches!(first, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    let formula = text.starts_with(['\t', '\r', '\n']) || text.trim_start().starts_with(begins_formula);
    let divides = |byte| matches!(byte, b',' | b';' | b'"' | b'\n' | b'\r' | b'\t');
    let quoted = text.bytes().any(divides) || text.starts_with(' ') || text.ends_with(' ');
    if !formula && !quoted {
        return Cow::Borrowed(text);
    }
    let mut field = String::with_capacity(2 * text.len() + 3);
    field.push_str(match (quoted, formula) {
        (true, true) => "\"'",
        (true, false) => "\"",
        (false, _) => "'",
    });
    for (at, part) in text.split('"').enumerate() {
        field.push_str(if at == 0 { "" } else { "\"\"" });
        field.push_str(part);
    }
    field.push_str(if quoted { "\"" } else { "" });
    Cow::Owned(field)
}

/// Plain text in markdown, also in a table cell: it is shown as it is, makes no link and mentions nobody.
///
/// ```
/// use monitor_analysis::sanitise::markdown;
/// assert_eq!(markdown("a|b_[c]"), r"a\|b\_\[c\]");
/// assert_eq!(markdown("@everyone"), "@<!-- -->everyone");
/// ```
#[must_use]
pub fn markdown(text: &str) -> Cow<'_, str> {
    replaced(text, |character, out| {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Mentions are found in the rendered text: only another node in between stops them.
            '@' => out.push_str("@<!-- -->"),
            ':' => out.push_str(":<!-- -->"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '-' | '!' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(character);
            }
            _ if acts(character) => {
                out.push('\\');
                out.extend(character.escape_default());
            }
            _ => return false,
        }
        true
    })
}

/// A code span in markdown, also in a table cell: for test names and paths.
///
/// ```
/// use monitor_analysis::sanitise::markdown_code;
/// assert_eq!(markdown_code("prime[a|b]"), r"`prime[a\|b]`");
/// assert_eq!(markdown_code("tick`s"), "``tick`s``");
/// ```
#[must_use]
pub fn markdown_code(text: &str) -> String {
    if text.contains("\\|") {
        // A code span cannot hold it in a table: the backslash would escape the one that escapes the bar.
        return format!("<code>{}</code>", markdown(text));
    }
    let text = terminal(text).replace('|', "\\|");
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A space keeps ticks at the ends, and an empty span, apart from the fence; one is stripped on each side.
    let space = if text.is_empty() || text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    let mut span = String::new();
    let _ = write!(span, "{fence}{space}{text}{space}{fence}");
    span
}

/// The text with characters replaced; `replace` writes what stands for one, or says no.
fn replaced(text: &str, replace: impl Fn(char, &mut String) -> bool) -> Cow<'_, str> {
    let mut out = String::new();
    let mut instead = String::new();
    let mut written = 0;
    for (at, character) in text.char_indices() {
        if replace(character, &mut instead) {
            out.push_str(&text[written..at]);
            out.push_str(&instead);
            instead.clear();
            written = at + character.len_utf8();
        }
    }
    if written == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[written..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = "a\u{1b}]0;owned\u{7}\u{202e}fdp\u{2066}\r\n<script>'\"|`@x\u{9b}31m\u{feff}";

    #[test]
    fn nothing_acts_on_a_terminal_or_a_page() {
        for safe in [terminal(NASTY), html(NASTY), markdown(NASTY), markdown_code(NASTY).into()] {
            assert!(!safe.chars().any(acts), "{safe:?}");
        }
        assert!(!html(NASTY).contains(['<', '>', '"', '\'']));
        assert!(!markdown(NASTY).replace("<!-- -->", "").contains(['<', '>']));
    }

    #[test]
    fn formulas_are_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"] {
            let cell = csv(formula);
            assert!(cell.starts_with('\'') || cell.starts_with("\"'"), "{cell:?}");
        }
        assert_eq!(csv("plain::path"), "plain::path");
        assert_eq!(csv("say \"x\""), "\"say \"\"x\"\"\"");
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(terminal("plain"), Cow::Borrowed(_)));
        assert!(matches!(html("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_code_span_holds_any_ticks() {
        assert_eq!(markdown_code("`"), "`` ` ``");
        assert_eq!(markdown_code("a``b"), "```a``b```");
        assert_eq!(markdown_code(r"a\|b"), r"<code>a\\\|b</code>");
    }
}
