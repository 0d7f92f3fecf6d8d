//! Elements of SVG.

use std::fmt::Write as _;

use crate::sanitise::html;

/// Width of a column in pixels, estimated.
pub(super) const COLUMN: f64 = 6.6;

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
