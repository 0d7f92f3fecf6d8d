//! What a chart shows.

use crate::quantity::Unit;

/// A chart of one or more series over runs.
///
/// ```
/// use monitor_analysis::chart::{Axis, Chart, Line, Point};
/// use monitor_analysis::quantity::Unit;
///
/// let points = ["1a2b3c4", "5d6e7f8"].map(|commit| Point { label: commit.to_owned(), ..Point::default() });
/// let time = Line { name: "wall time".to_owned(), values: vec![Some(60.0), Some(360.0)] };
/// let memory = Line { name: "memory".to_owned(), values: vec![Some(4e6), Some(5e9)] };
/// let chart = Chart {
///     title: "Memory / Wall Time evolution of test_prime[982451653] by commit".to_owned(),
///     points: points.to_vec(),
///     left: Axis { unit: Unit::Seconds, lines: vec![time] },
///     right: Some(Axis { unit: Unit::Bytes, lines: vec![memory] }),
///     ..Chart::default()
/// };
/// assert!(chart.svg().starts_with("<svg "));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Its title, above it.
    pub title: String,
    /// The runs, in the order of history.
    pub points: Vec<Point>,
    /// The first axis, red when it has one line.
    pub left: Axis,
    /// The second axis, blue when it has one line.
    pub right: Option<Axis>,
    /// How two axes stand.
    pub style: Style,
    /// Runs marked by a vertical line: change points.
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
    /// One field with an axis on each side, as in the talk that this project began with.
    Talk,
}

/// A run on the x axis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// What stands below the axis: an abbreviated commit.
    pub label: String,
    /// What else the tooltip says: date, branch.
    pub note: String,
}

/// A y axis and what is drawn along it. It begins at zero; a single line has its area filled.
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
    /// A value for each run, in base units; `None` leaves a gap.
    pub values: Vec<Option<f64>>,
}

/// A marked run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Index of the run.
    pub index: usize,
    /// What the tooltip says of it, in lines: the change point, the dependencies that came with it.
    pub text: String,
}
