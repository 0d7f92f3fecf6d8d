//! What a chart shows.

use crate::quantity::Unit;
use crate::summary::median;

/// A chart of one or more series over runs.
///
/// ```
/// use monitor_analysis::chart::{Axis, Chart, Line, Point};
/// use monitor_analysis::quantity::Unit;
///
/// let points = ["1a2b3c4", "5d6e7f8"].map(|commit| Point { label: commit.to_owned(), ..Point::default() });
/// let time = Line { name: "wall time".to_owned(), values: vec![vec![60.0], vec![360.0, 365.0, 359.0]] };
/// let memory = Line { name: "memory".to_owned(), values: vec![vec![4e6], vec![5e9, 5e9, 5e9]] };
/// let chart = Chart {
///     title: "Memory / Wall Time evolution of test_prime[982451653] by commit".to_owned(),
///     points: points.to_vec(),
///     left: Axis { unit: Unit::Seconds, lines: vec![time] },
///     right: Some(Axis { unit: Unit::Bytes, lines: vec![memory] }),
///     ..Chart::default()
/// };
/// assert!(chart.svg().starts_with("<svg "));
/// ```
#[must_use]
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Its title. A picture shows it; in a page, which has a heading of its own, it is the chart's name for screen readers.
    pub title: String,
    /// The points on the x axis, oldest first: commits or sessions. Neighbours with the same label share it.
    pub points: Vec<Point>,
    /// The first axis, red when it has one line.
    pub left: Axis,
    /// The second axis, blue when it has one line.
    pub right: Option<Axis>,
    /// How a chart with two axes is drawn.
    pub style: Style,
    /// Points marked by a vertical line: change points.
    pub marks: Vec<Mark>,
    /// Width in pixels, at least 320.
    pub width: u32,
    /// Height in pixels, at least 200.
    pub height: u32,
}

impl Default for Chart {
    /// An empty chart of 960 by 420 pixels.
    fn default() -> Self {
        let left = Axis { unit: Unit::Seconds, lines: Vec::new() };
        let (title, points, marks) = (String::new(), Vec::new(), Vec::new());
        Self { title, points, left, right: None, style: Style::default(), marks, width: 960, height: 420 }
    }
}

/// How a chart of two axes is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// A panel for each axis, one above the other: nothing covers anything else.
    #[default]
    Panels,
    /// One panel with an axis on each side.
    Talk,
}

impl Chart {
    /// The same chart for a screen 400 pixels wide, with ticks and labels that fit there.
    pub fn narrow(&self) -> Self {
        Self { width: 340, height: if self.right.is_some() { 400 } else { 300 }, ..self.clone() }
    }
}

/// A commit or a session on the x axis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// What stands below the axis: an abbreviated commit.
    pub label: String,
    /// What else the tooltip says: date, branch.
    pub note: String,
}

/// A y axis and what is drawn along it. It begins at zero, and a single line has its area filled; where the values span more
/// than one and a half decades it is logarithmic, with zero below a gap. That of [`Style::Talk`] never is.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Unit of all its values.
    pub unit: Unit,
    /// The series.
    pub lines: Vec<Line>,
}

/// A series.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name in legend and tooltip.
    pub name: String,
    /// The values of each point's runs, in base units. Each run has a dot, and the line goes through their median. A point
    /// without runs leaves a gap. Values that are not finite are ignored.
    pub values: Vec<Vec<f64>>,
}

impl Line {
    /// The finite values of a point's runs.
    pub(super) fn runs(&self, point: usize) -> Vec<f64> {
        let values = self.values.get(point).into_iter().flatten();
        values.copied().filter(|value| value.is_finite()).collect()
    }

    /// What the line goes through at a point.
    pub(super) fn level(&self, point: usize) -> Option<f64> {
        median(&self.runs(point))
    }
}

/// A marked point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Index of the point: the first of the new level.
    pub index: usize,
    /// The lines of its tooltip: the change point, and the dependencies that changed with it.
    pub text: String,
}
