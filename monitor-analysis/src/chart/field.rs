//! An axis and what is drawn along it.

use std::fmt::Write as _;

use super::axis::Scale;
use super::layout::Layout;
use super::marker;
use super::model::{Axis, Line};
use super::write::{COLUMN, coloured, text};
use crate::columns::end_cut;

/// Between ticks and the axis.
pub(super) const TICK_GAP: f64 = 8.0;

/// Pixels between points from which on each has a shape; of several lines with less, one in so many pixels has.
const SHAPES_FROM: f64 = 10.0;
const SHAPES_EVERY: f64 = 40.0;

/// An axis with its scale and its place.
pub(super) struct Field<'a> {
    pub(super) axis: &'a Axis,
    pub(super) scale: Scale,
    pub(super) place: Layout,
    /// The number of its first line.
    pub(super) first: usize,
    /// Its ticks are on the right.
    pub(super) right: bool,
}

impl Field<'_> {
    /// Grid lines, ticks, and what the axis is.
    pub(super) fn frame(&self, out: &mut String) {
        let Self { axis, scale, place, .. } = self;
        if !self.right {
            for (value, _) in &scale.ticks {
                let (y, left, right) = (place.y(scale.share(*value)), place.left, place.right);
                let _ = writeln!(out, "<path class=\"grid\" d=\"M{left:.1} {y:.1}H{right:.1}\"/>");
            }
        }
        let (x, anchor) = if self.right { (place.right, "start") } else { (place.left, "end") };
        let (x, title_anchor) = if self.right { (x + TICK_GAP, "end") } else { (x - TICK_GAP, "start") };
        let ticks = |out: &mut String| {
            for (value, label) in &scale.ticks {
                text(out, x, place.y(scale.share(*value)) + 4.0, anchor, "", label);
            }
        };
        let name = match axis.lines.as_slice() {
            [only] => only.name.as_str(),
            _ => "",
        };
        let words = [name, if scale.log.is_some() { "log scale" } else { "" }];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let longest = ((place.right - place.left) / 2.0 / COLUMN) as usize;
        let title = end_cut(&words.join(", "), longest);
        let title_x = if self.right { place.right } else { place.left };
        let all = |out: &mut String| {
            ticks(out);
            text(out, title_x, place.top - 9.0, title_anchor, " class=\"axis\"", &title);
        };
        if name.is_empty() { all(out) } else { coloured(out, self.first, all) }
    }

    /// The area between a line and zero. Those of several lines would hide each other, and a logarithmic scale has no zero.
    pub(super) fn area(&self, out: &mut String) {
        let [line] = self.axis.lines.as_slice() else { return };
        if self.scale.log.is_some() {
            return;
        }
        let zero = self.place.y(self.scale.share(0.0));
        coloured(out, self.first, |out| {
            for part in self.parts(line) {
                if let [(first, _), .., (last, _)] = part[..] {
                    let path = path(&part);
                    let _ = writeln!(
                        out,
                        "<path class=\"area\" fill=\"currentColor\" fill-opacity=\"0.2\" \
                         d=\"M{first:.1} {zero:.1}L{path}L{last:.1} {zero:.1}Z\"/>"
                    );
                }
            }
        });
    }

    /// The lines through the medians, with shapes, and a dot for each run where there are several.
    pub(super) fn lines(&self, out: &mut String, many: bool) {
        for (index, line) in self.axis.lines.iter().enumerate() {
            coloured(out, self.first + index, |out| self.line(out, line, self.first + index, many));
        }
    }

    fn line(&self, out: &mut String, line: &Line, number: usize, many: bool) {
        let dots = self.dots(line);
        if !dots.is_empty() {
            let _ = writeln!(
                out,
                "<path class=\"dots\" fill=\"none\" stroke=\"currentColor\" stroke-opacity=\"0.55\" stroke-width=\"4\" \
                 stroke-linecap=\"round\" d=\"{dots}\"/>"
            );
        }
        let every = match self.place.step() {
            step if step >= SHAPES_FROM => 1,
            step if many => (SHAPES_EVERY / step).ceil() as usize,
            _ => usize::MAX,
        };
        let mut shapes = Vec::new();
        for part in self.parts(line) {
            if part.len() > 1 {
                let path = path(&part);
                let _ = writeln!(
                    out,
                    "<path class=\"line\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" stroke-linejoin=\"round\" d=\"M{path}\"/>"
                );
            }
            match (part.len(), every) {
                (1, _) => shapes.extend(part),
                (_, usize::MAX) => {}
                _ => shapes.extend(part.into_iter().step_by(every)),
            }
        }
        if !shapes.is_empty() {
            let _ =
                writeln!(out, "<path class=\"points\" fill=\"currentColor\" d=\"{}\"/>", marker::path(number, &shapes));
        }
    }

    /// Where the points of several runs have those: strokes without length. Some that would cover each other are one.
    fn dots(&self, line: &Line) -> String {
        let mut path = String::new();
        for index in 0..self.place.count {
            let runs = line.runs(index);
            if runs.len() < 2 {
                continue;
            }
            let x = self.place.x(index);
            let mut heights: Vec<String> =
                runs.iter().map(|run| format!("{:.1}", self.place.y(self.scale.share(*run)))).collect();
            heights.sort_unstable();
            heights.dedup();
            heights.iter().for_each(|y| {
                let _ = write!(path, "M{x:.1} {y}h0");
            });
        }
        path
    }

    /// The points of a line, in parts without a gap.
    fn parts(&self, line: &Line) -> Vec<Vec<(f64, f64)>> {
        let point = |index| Some((self.place.x(index), self.place.y(self.scale.share(line.level(index)?))));
        let points: Vec<Option<(f64, f64)>> = (0..self.place.count).map(point).collect();
        let parts = points.split(Option::is_none).filter(|part| !part.is_empty());
        parts.map(|part| part.iter().flatten().copied().collect()).collect()
    }
}

fn path(part: &[(f64, f64)]) -> String {
    part.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect::<Vec<_>>().join("L")
}
