//! What a chart consists of, in the order in which it is drawn.

/// A chart with the places of all that is in it: what an SVG and a picture have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The name of the chart.
    pub title: String,
    /// Pixels from left to right.
    pub width: f64,
    /// Pixels from top to bottom.
    pub height: f64,
    /// What is drawn on the paper, the lowest first.
    pub shapes: Vec<Shape>,
}

/// A part of a figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Shapes in the colour of a line.
    Coloured {
        /// The number of the line.
        line: usize,
        /// What has its colour.
        shapes: Vec<Shape>,
    },
    /// A text in one line.
    Text(Text),
    /// A line, or what it encloses.
    Path {
        /// What it stands for.
        ink: Ink,
        /// Where it goes, as the `d` of an SVG path: of the commands `MmLlHhVvAaZz`, and arcs are of circles.
        outline: String,
    },
    /// A place that tells something to who points at it; nothing is to be seen there.
    Hint {
        /// What the place is.
        place: Place,
        /// Left edge.
        x: f64,
        /// Upper edge.
        y: f64,
        /// Pixels from left to right.
        width: f64,
        /// Pixels from top to bottom.
        height: f64,
        /// What it tells.
        lines: Vec<String>,
    },
}

/// A text in one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Where its anchor is.
    pub x: f64,
    /// Where its baseline is.
    pub y: f64,
    /// What of it is at `x`.
    pub anchor: Anchor,
    /// Its letters.
    pub font: Font,
    /// It rises by 45 degrees around its anchor.
    pub is_aslant: bool,
    /// What it says.
    pub content: String,
}

impl Text {
    /// A level text in plain letters.
    pub(super) fn new(x: f64, y: f64, anchor: Anchor, content: &str) -> Self {
        Self { x, y, anchor, font: Font::Plain, is_aslant: false, content: content.to_owned() }
    }
}

/// What of a text is at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its first letter begins there.
    Start,
    /// Its middle.
    Middle,
    /// Its last letter ends there.
    End,
}

/// The letters of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Font {
    /// Of 12 pixels.
    Plain,
    /// Bold, of 12 pixels: what an axis shows.
    Axis,
    /// Bold, of 16 pixels: the chart's title.
    Title,
}

/// How a path is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// A thin line behind everything.
    Grid,
    /// A dashed line: a change point.
    Mark,
    /// What is between a line and zero: translucent.
    Area,
    /// The runs of points that have several: round dots, translucent.
    Dots,
    /// A line through the medians, two pixels wide.
    Line,
    /// The shapes of points.
    Points,
    /// A line in the legend.
    Sample,
    /// A shape in the legend.
    Key,
}

/// What can be pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The column of a point.
    Run,
    /// Around the dashed line before this point.
    Change(usize),
}
