//! What a pen covers that goes along lines.

use std::f32::consts::TAU;

use super::canvas::{Part, Place};
use super::outline::Line;

/// Corners of what stands for a circle of a few pixels.
const CORNERS: usize = 32;

/// The insides of lines.
pub(super) fn enclosed(lines: Vec<Line>) -> Vec<Part> {
    lines.into_iter().map(|line| vec![line]).collect()
}

/// Lines so wide: flat at their ends, round where they bend.
pub(super) fn stroke(lines: &[Line], width: f32) -> Vec<Part> {
    let mut parts = Vec::new();
    for line in lines {
        parts.extend(line.windows(2).map(|pair| vec![bar(pair[0], pair[1], width)]));
        let bends = line.iter().skip(1).take(line.len().saturating_sub(2));
        parts.extend(bends.map(|place| vec![circle(*place, width / 2.0)]));
    }
    parts
}

/// A round dot where each line begins.
pub(super) fn dots(lines: &[Line], radius: f32) -> Vec<Part> {
    lines.iter().filter_map(|line| Some(vec![circle(*line.first()?, radius)])).collect()
}

/// The lines in pieces of a length, with gaps between them.
pub(super) fn dashed(lines: &[Line], dash: f32, gap: f32) -> Vec<Line> {
    let mut dashes = Vec::new();
    for pair in lines.iter().flat_map(|line| line.windows(2)) {
        let (from, to) = (pair[0], pair[1]);
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let at = |along: f32| {
            let share = along.min(length) / length;
            (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
        };
        let count = (length / (dash + gap)).ceil() as usize;
        let begins = (0..count).map(|index| index as f32 * (dash + gap));
        dashes.extend(begins.map(|begin| vec![at(begin), at(begin + dash)]));
    }
    dashes
}

fn bar(from: Place, to: Place, width: f32) -> Vec<Place> {
    let length = (to.0 - from.0).hypot(to.1 - from.1).max(f32::MIN_POSITIVE);
    let (x, y) = ((from.1 - to.1) / length * width / 2.0, (to.0 - from.0) / length * width / 2.0);
    vec![(from.0 + x, from.1 + y), (to.0 + x, to.1 + y), (to.0 - x, to.1 - y), (from.0 - x, from.1 - y)]
}

fn circle(middle: Place, radius: f32) -> Vec<Place> {
    let angles = (0..CORNERS).map(|index| index as f32 / CORNERS as f32 * TAU);
    angles.map(|angle| (middle.0 + radius * angle.cos(), middle.1 + radius * angle.sin())).collect()
}
