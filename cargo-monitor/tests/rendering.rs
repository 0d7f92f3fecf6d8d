//! Renderers, without a process: what a document becomes in each format.
#![forbid(unsafe_code)]

use cargo_monitor::options::Format;
use cargo_monitor::output::{Column, Document, Table, Tone, Value, as_text};

/// Every kind of value, and names that are out to harm.
fn document() -> Document {
    let mut table = Table::new(&[
        ("test", "test"),
        ("wall_seconds", "wall"),
        ("heap_peak_bytes", "heap"),
        ("allocations", "allocations"),
        ("passed", "passed"),
        ("note", "note"),
        ("session", "session"),
        ("hidden", ""),
    ]);
    let hostile = [
        ("plain[997]", "fine"),
        ("\u{1b}[31mred\u{1b}[0m\u{9b}2J", "\u{202e}gnp.exe"),
        ("=HYPERLINK(\"http://x\",\"a\")", "@somebody closes #1"),
        ("<script>alert(1)</script>", "a|b `c` **d** [e](f) <img src=x>"),
        ("two\nlines\tand `ticks` | pipes", "-1+1, \"quoted\""),
    ];
    for (index, (name, note)) in hostile.into_iter().enumerate() {
        let number = u32::try_from(index).expect("a small number");
        table.push(vec![
            Value::Name(name.into()).into(),
            Value::seconds(0.001_18 * 10_f64.powi(index as i32)).toned(Tone::Bad),
            Value::or_missing((index > 0).then_some(1536.0), Value::bytes).into(),
            Value::count(u64::from(number) * 1_234_567).into(),
            Value::Flag(index != 1).into(),
            Value::text(note).into(),
            Value::id("0123456789abcdef").into(),
            Value::Change(f64::INFINITY, monitor_analysis::quantity::Unit::Seconds).into(),
        ]);
    }
    let facts = vec![
        (Column::new("run_date", "date"), Value::Time("2026-11-23T01:02:03.456789".parse().expect("a time")).into()),
        (Column::new("commit", "commit"), Value::Missing.into()),
        (Column::new("branch", "branch"), Value::text("a\u{1b}]0;title\u{7}").toned(Tone::Doubtful)),
    ];
    Document::default().with_facts("session", "Session <b>", facts).with_table("tests", "Tests", table).with_table(
        "none",
        "Nothing",
        Table::new(&[("a", "a")]),
    )
}

#[test]
fn table() {
    let colours = as_text(&document(), Format::Table, None);
    insta::assert_snapshot!(anstream::adapter::strip_str(&colours).to_string());
    assert!(colours.contains("\u{1b}["), "values have colours");
}

#[test]
fn a_narrow_terminal_gets_no_wider_lines() {
    let narrow = anstream::adapter::strip_str(&as_text(&document(), Format::Table, Some(60))).to_string();
    let widest = narrow.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(60), "{widest:?}\n{narrow}");
}

#[test]
fn markdown() {
    insta::assert_snapshot!(as_text(&document(), Format::Markdown, None));
}

#[test]
fn csv() {
    insta::assert_snapshot!(as_text(&document(), Format::Csv, None).replace('\r', ""));
}

#[test]
fn json() {
    insta::assert_snapshot!(as_text(&document(), Format::Json, None));
}

#[test]
fn no_format_lets_through_what_a_terminal_obeys() {
    for format in [Format::Table, Format::Json, Format::Csv, Format::Markdown] {
        let text = anstream::adapter::strip_str(&as_text(&document(), format, None)).to_string();
        let raw = as_text(&document(), format, None);
        assert!(!raw.contains('\u{9b}') && !raw.contains('\u{202e}') && !raw.contains("\u{1b}[31mred"), "{format:?}");
        assert!(
            text.chars().all(|character| "\r\n\t".contains(character) || !character.is_control()),
            "{format:?}: {text}"
        );
    }
}
