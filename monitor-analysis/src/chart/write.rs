//! Elements of SVG.

use std::fmt::Write as _;

use crate::sanitise::html;

/// Width of a character, estimated.
pub(super) const CHARACTER: f64 = 6.6;

/// Colours that people who see few of them can tell apart (Wong, 2011), after the talk's red and blue.
const COLOURS: [&str; 8] = ["#c8352b", "#2b62c8", "#009e73", "#e69f00", "#cc79a7", "#56b4e9", "#8c6d1f", "#555555"];

/// What `draw` draws with `currentColor`, in the colour of a line.
pub(super) fn coloured(out: &mut String, index: usize, draw: impl FnOnce(&mut String)) {
    let index = index % COLOURS.len();
    let _ = writeln!(out, "<g class=\"c{index}\" color=\"{}\">", COLOURS[index]);
    draw(out);
    out.push_str("</g>\n");
}

pub(super) fn text(out: &mut String, x: f64, y: f64, anchor: &str, attributes: &str, content: &str) {
    let content = html(content);
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{attributes}>{content}</text>");
}

/// The text, or its beginning and an ellipsis.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

/// The text, or its beginning, an ellipsis and its end, where names differ.
pub(super) fn middle_cut(text: &str, longest: usize) -> String {
    let count = text.chars().count();
    if count <= longest {
        return text.to_owned();
    }
    let kept = longest.saturating_sub(1);
    let end = kept.div_ceil(2);
    text.chars().take(kept - end).chain(['…']).chain(text.chars().skip(count - end)).collect()
}
