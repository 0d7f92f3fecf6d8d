//! What stands below the x axis: neighbours of the same label share one.

use super::figure::{Anchor, Ink, Shape, Text};
use super::layout::{COLUMN, Layout};
use super::model::Point;
use crate::columns::{self, end_cut};

/// Columns of a label at most.
const LONGEST: usize = 12;

/// Pixels from one label that stands aslant to the next.
const ASLANT: f64 = 16.0;

/// Pixels below the axis where labels stand side by side, and where they stand aslant.
const HEIGHTS: (f64, f64) = (40.0, 78.0);

/// The labels of a chart's points.
pub(super) struct Labels {
    groups: Vec<Group>,
}

/// Neighbours of one label.
struct Group {
    first: usize,
    last: usize,
    text: String,
}

impl Labels {
    pub(super) fn of(points: &[Point]) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for (index, point) in points.iter().enumerate() {
            match groups.last_mut() {
                Some(group) if !point.label.is_empty() && points[group.first].label == point.label => {
                    group.last = index
                }
                _ => groups.push(Group { first: index, last: index, text: end_cut(&point.label, LONGEST) }),
            }
        }
        Self { groups }
    }

    /// Pixels that they need below an axis with so many from point to point.
    pub(super) fn height(&self, step: f64) -> f64 {
        if self.is_level(step) { HEIGHTS.0 } else { HEIGHTS.1 }
    }

    /// They have room side by side.
    fn is_level(&self, step: f64) -> bool {
        let ends = |group: &Group| {
            let half = (columns::of(&group.text) as f64 + 1.0) * COLUMN / 2.0;
            (group.middle() * step - half, group.middle() * step + half)
        };
        self.groups.windows(2).all(|pair| ends(&pair[0]).1 <= ends(&pair[1]).0)
    }

    /// Draws as many as do not touch.
    pub(super) fn draw(&self, out: &mut Vec<Shape>, layout: &Layout) {
        let y = layout.bottom + 18.0;
        let level = self.is_level(layout.step());
        let mut free = f64::NEG_INFINITY;
        for group in &self.groups {
            let x = layout.left + (group.middle() + 0.5) * layout.step();
            if group.last > group.first {
                let (from, to, y) = (layout.x(group.first), layout.x(group.last), layout.bottom + 5.0);
                out.push(Shape::Path { ink: Ink::Grid, outline: format!("M{from:.1} {y:.1}H{to:.1}") });
            }
            if level {
                out.push(Shape::Text(Text::new(x, y, Anchor::Middle, &group.text)));
            } else if x >= free {
                let text = Text::new(x, y, Anchor::End, &group.text);
                out.push(Shape::Text(Text { is_aslant: true, ..text }));
                free = x + ASLANT;
            }
        }
    }
}

impl Group {
    /// The index of its middle.
    fn middle(&self) -> f64 {
        (self.first + self.last) as f64 / 2.0
    }
}
