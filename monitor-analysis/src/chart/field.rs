//! An axis and what is drawn along it.

use std::fmt::Write as _;

use super::axis::Scale;
use super::figure::{Anchor, Font, Ink, Shape, Text};
use super::layout::{COLUMN, Layout};
use super::marker;
use super::model::{Axis, Line};
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
    pub(super) fn frame(&self, out: &mut Vec<Shape>) {
        let Self { axis, scale, place, .. } = self;
        if !self.right {
            for (value, _) in &scale.ticks {
                let (y, left, right) = (place.y(scale.share(*value)), place.left, place.right);
                out.push(Shape::Path { ink: Ink::Grid, outline: format!("M{left:.1} {y:.1}H{right:.1}") });
            }
        }
        let (x, anchor, title_x, title_anchor) = match self.right {
            true => (place.right + TICK_GAP, Anchor::Start, place.right, Anchor::End),
            false => (place.left - TICK_GAP, Anchor::End, place.left, Anchor::Start),
        };
        let ticks = scale.ticks.iter().map(|(value, label)| {
            let y = place.y(scale.share(*value)) + 4.0;
            Shape::Text(Text::new(x, y, anchor, label))
        });
        let name = match axis.lines.as_slice() {
            [only] => only.name.as_str(),
            _ => "",
        };
        let words = [name, if scale.log.is_some() { "log scale" } else { "" }];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let longest = ((place.right - place.left) / 2.0 / COLUMN) as usize;
        let title = Text::new(title_x, place.top - 9.0, title_anchor, &end_cut(&words.join(", "), longest));
        let shapes = ticks.chain([Shape::Text(Text { font: Font::Axis, ..title })]);
        if name.is_empty() {
            out.extend(shapes);
        } else {
            out.push(Shape::Coloured { line: self.first, shapes: shapes.collect() });
        }
    }

    /// The area between a line and zero. Those of several lines would hide each other, and a logarithmic scale has no zero.
    pub(super) fn area(&self, out: &mut Vec<Shape>) {
        let [line] = self.axis.lines.as_slice() else { return };
        if self.scale.log.is_some() {
            return;
        }
        let zero = self.place.y(self.scale.share(0.0));
        let mut shapes = Vec::new();
        for part in self.parts(line) {
            if let [(first, _), .., (last, _)] = part[..] {
                let outline = format!("M{first:.1} {zero:.1}L{}L{last:.1} {zero:.1}Z", path(&part));
                shapes.push(Shape::Path { ink: Ink::Area, outline });
            }
        }
        out.push(Shape::Coloured { line: self.first, shapes });
    }

    /// The lines through the medians, with shapes, and a dot for each run where there are several.
    pub(super) fn lines(&self, out: &mut Vec<Shape>, many: bool) {
        for (index, line) in self.axis.lines.iter().enumerate() {
            let number = self.first + index;
            out.push(Shape::Coloured { line: number, shapes: self.line(line, number, many) });
        }
    }

    fn line(&self, line: &Line, number: usize, many: bool) -> Vec<Shape> {
        let mut out = Vec::new();
        let dots = self.dots(line);
        if !dots.is_empty() {
            out.push(Shape::Path { ink: Ink::Dots, outline: dots });
        }
        let every = match self.place.step() {
            step if step >= SHAPES_FROM => 1,
            step if many => (SHAPES_EVERY / step).ceil() as usize,
            _ => usize::MAX,
        };
        let mut shapes = Vec::new();
        for part in self.parts(line) {
            if part.len() > 1 {
                out.push(Shape::Path { ink: Ink::Line, outline: format!("M{}", path(&part)) });
            }
            match (part.len(), every) {
                (1, _) => shapes.extend(part),
                (_, usize::MAX) => {}
                _ => shapes.extend(part.into_iter().step_by(every)),
            }
        }
        if !shapes.is_empty() {
            out.push(Shape::Path { ink: Ink::Points, outline: marker::path(number, &shapes) });
        }
        out
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
