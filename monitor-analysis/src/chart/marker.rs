//! The shapes of points: who does not tell the colours of two lines apart tells their shapes.

/// A shape of about seven pixels as a path, relative to its middle.
const SHAPES: [&str; 8] = [
    "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z",
    "m-3-3h6v6h-6z",
    "m0-4.2l4 7h-8z",
    "m0-4.5l4.5 4.5l-4.5 4.5l-4.5-4.5z",
    "m0 4.2l4-7h-8z",
    "m-1.2-4h2.4v2.8h2.8v2.4h-2.8v2.8h-2.4v-2.8h-2.8v-2.4h2.8z",
    "m-4-1.5h8v3h-8z",
    "m-1.5-4h3v8h-3z",
];

/// The path of the shapes of a line at some places.
pub(super) fn path(line: usize, places: &[(f64, f64)]) -> String {
    let shape = SHAPES[line % SHAPES.len()];
    places.iter().map(|(x, y)| format!("M{x:.1} {y:.1}{shape}")).collect()
}
