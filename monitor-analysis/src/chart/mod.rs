//! Charts of histories: lines and areas over runs, in one panel or two, as a figure and as SVG; and sparklines for the terminal.
//!
//! The output depends on the input only, to the byte. An SVG carries its values: each point has a `<title>` that browsers
//! show as a tooltip, without scripts and external requests.

mod axis;
mod drawing;
mod field;
mod figure;
mod labels;
mod layout;
mod legend;
mod logarithmic;
mod marker;
mod model;
mod sparkline;
mod svg;

pub use figure::{Anchor, Figure, Font, Ink, Place, Shape, Text};
pub use model::{Axis, Chart, Line, Mark, Point, Style};
pub use sparkline::sparkline;
pub use svg::{COLOURS, STYLE};
