//! The chart as SVG.

use std::fmt::Write;

use super::axis::Scale;
use super::field::{Field, TICK_GAP};
use super::labels::Labels;
use super::layout::Layout;
use super::legend::Legend;
use super::model::{Axis, Chart, Line, Mark, Style};
use super::write::{COLUMN, text};
use crate::columns::{self, middle_cut};
use crate::quantity::Quantity;
use crate::sanitise::html;

/// Height of the title, and of the names of axes above them.
const TITLE: f64 = 34.0;
const AXIS_TITLE: f64 = 24.0;

/// Between the edge and the ticks, and on the right where there is no axis.
const BORDER: f64 = 10.0;
const MARGIN_RIGHT: f64 = 20.0;

/// Width of a change point for the pointer.
const CHANGE: f64 = 9.0;

/// The style sheet of charts; dark where the reader's system is set to dark.
pub const STYLE: &str = "\
.cost-chart{color:#2b2f36}\
.cost-chart .paper{fill:#fff}\
.cost-chart text{font-family:system-ui,'DejaVu Sans',sans-serif;font-size:12px;fill:currentColor}\
.cost-chart .title{font-size:16px;font-weight:600}\
.cost-chart .axis{font-weight:600}\
.cost-chart .grid{stroke:#e3e6ea}\
.cost-chart .mark{stroke:#6b727c;stroke-dasharray:3 4}\
.cost-chart .run,.cost-chart .change{fill:#000;fill-opacity:0}\
.cost-chart .run:hover,.cost-chart .change:hover,.cost-chart .run.here{fill-opacity:.06}\
@media screen and (prefers-color-scheme:dark){\
.cost-chart{color:#d6dae0}\
.cost-chart .paper{fill:#16191d}\
.cost-chart .grid{stroke:#2d3239}\
.cost-chart .mark{stroke:#9aa4b0}\
.cost-chart .run,.cost-chart .change{fill:#fff}\
.cost-chart .run:hover,.cost-chart .change:hover,.cost-chart .run.here{fill-opacity:.1}\
.cost-chart .c0{color:#ff7a70}\
.cost-chart .c1{color:#6ea8ff}}";

impl Chart {
    /// The chart as an SVG document.
    #[must_use]
    pub fn svg(&self) -> String {
        Drawing::of(self, true).draw(" xmlns=\"http://www.w3.org/2000/svg\"", &format!("<style>{STYLE}</style>\n"))
    }

    /// The chart as an element of an HTML page that has [`STYLE`] among its styles, and a heading above the chart: the chart's
    /// title is its name, but not drawn.
    #[must_use]
    pub fn element(&self) -> String {
        Drawing::of(self, false).draw("", "")
    }
}

/// A chart with the places of all that is in it.
struct Drawing<'a> {
    chart: &'a Chart,
    width: f64,
    height: f64,
    /// The title is drawn.
    titled: bool,
    legend: Legend,
    labels: Labels,
    /// Around all fields.
    whole: Layout,
    /// Each axis with its scale and its field.
    fields: Vec<Field<'a>>,
}

impl<'a> Drawing<'a> {
    fn of(chart: &'a Chart, titled: bool) -> Self {
        let (width, height) = (f64::from(chart.width.max(320)), f64::from(chart.height.max(200)));
        let axes: Vec<&Axis> = [&chart.left].into_iter().chain(&chart.right).collect();
        let talk = axes.len() > 1 && chart.style == Style::Talk;

        let ticks = if axes.len() > 1 { 3 } else { 5 };
        let scales: Vec<Scale> =
            if talk { level_scales(&axes) } else { axes.iter().map(|axis| Scale::of(axis, ticks)).collect() };
        let legend = Legend::of(&legend_names(&axes, talk), width);
        let labels = Labels::of(&chart.points);
        let ticks_width = |scales: &[Scale]| {
            let texts = scales.iter().flat_map(|scale| &scale.ticks);
            let longest = texts.map(|(_, text)| columns::of(text)).max().unwrap_or(0);
            BORDER + longest as f64 * COLUMN + TICK_GAP
        };
        let left = if talk { ticks_width(&scales[..1]) } else { ticks_width(&scales) };
        let right = width - if talk { ticks_width(&scales[1..]) } else { MARGIN_RIGHT };
        let top = if titled { TITLE } else { 0.0 } + legend.height() + AXIS_TITLE;
        let whole = Layout { left, right, top, bottom: height, count: chart.points.len() };
        let whole = Layout { bottom: height - labels.height(whole.step()), ..whole };
        let fields = axes.into_iter().zip(scales).enumerate().map(|(number, (axis, scale))| Field {
            axis,
            scale,
            place: if chart.right.is_some() && !talk { whole.panel(number) } else { whole },
            first: number * chart.left.lines.len(),
            right: talk && number == 1,
        });
        Self { chart, width, height, titled, legend, labels, whole, fields: fields.collect() }
    }

    fn draw(&self, namespace: &str, style: &str) -> String {
        let Self { chart, width, height, whole, .. } = self;
        let title = html(&chart.title);
        let mut out = format!(
            "<svg{namespace} class=\"cost-chart\" role=\"img\" aria-label=\"{title}\" \
             width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n{style}\
             <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n"
        );
        if self.titled {
            let shown = middle_cut(&chart.title, ((width - 2.0 * BORDER) / 9.0) as usize);
            text(&mut out, width / 2.0, 24.0, "middle", " class=\"title\"", &shown);
        }
        self.legend.draw(&mut out, if self.titled { TITLE } else { 0.0 }, *width);
        self.fields.iter().for_each(|field| field.frame(&mut out));
        self.fields.iter().for_each(|field| field.area(&mut out));
        let marks = || chart.marks.iter().filter(|mark| mark.index < whole.count);
        marks().for_each(|mark| marked(&mut out, whole, mark));
        let many = self.fields.iter().map(|field| field.axis.lines.len()).sum::<usize>() > self.fields.len();
        self.fields.iter().for_each(|field| field.lines(&mut out, many));
        self.labels.draw(&mut out, whole);
        (0..whole.count).for_each(|index| self.run(&mut out, index));
        marks().for_each(|mark| self.change(&mut out, mark));
        out.push_str("</svg>\n");
        out
    }

    /// Over everything, a column for each point that tells its values.
    fn run(&self, out: &mut String, index: usize) {
        let (top, height, step) = (self.whole.top, self.whole.bottom - self.whole.top, self.whole.step());
        let x = self.whole.x(index) - step / 2.0;
        let title = self.tooltip(index);
        let _ = writeln!(
            out,
            "<rect class=\"run\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{step:.1}\" height=\"{height:.1}\">\
             <title>{title}</title></rect>"
        );
    }

    /// Over the columns, since a dashed line stands between two of them.
    fn change(&self, out: &mut String, mark: &Mark) {
        let (top, height) = (self.whole.top, self.whole.bottom - self.whole.top);
        let (x, title) = (self.whole.x(mark.index) - self.whole.step() / 2.0 - CHANGE / 2.0, self.tooltip(mark.index));
        let _ = writeln!(
            out,
            "<rect class=\"change\" data-run=\"{}\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{CHANGE}\" height=\"{height:.1}\">\
             <title>{title}</title></rect>",
            mark.index
        );
    }

    fn tooltip(&self, index: usize) -> String {
        let point = &self.chart.points[index];
        let mut tooltip = vec![point.label.clone(), point.note.clone()];
        for Field { axis, .. } in &self.fields {
            tooltip.extend(axis.lines.iter().filter_map(|line| said(axis, line, index)));
        }
        let marks = self.chart.marks.iter().filter(|mark| mark.index == index);
        tooltip.extend(marks.flat_map(|mark| mark.text.lines().map(str::to_owned)));
        let lines: Vec<_> = tooltip.iter().filter(|line| !line.is_empty()).map(|line| html(line)).collect();
        lines.join("\n")
    }
}

/// The names in the legend. An axis of one line has its name above it.
fn legend_names<'a>(axes: &[&'a Axis], talk: bool) -> Vec<&'a str> {
    let named = talk || axes.iter().any(|axis| axis.lines.len() > 1);
    axes.iter().filter(|_| named).flat_map(|axis| &axis.lines).map(|line| line.name.as_str()).collect()
}

/// Linear scales whose ticks are at the same heights.
fn level_scales(axes: &[&Axis]) -> Vec<Scale> {
    let mut scales: Vec<Scale> = axes.iter().map(|axis| Scale::linear(axis, 5)).collect();
    let intervals = scales.first().map_or(0, |scale| scale.ticks.len() - 1);
    for (axis, scale) in axes.iter().zip(&mut scales).skip(1) {
        if let Some(level) = Scale::with_intervals(axis, intervals) {
            *scale = level;
        }
    }
    scales
}

/// What the tooltip says of a line: the median, and how far the runs are apart.
fn said(axis: &Axis, line: &Line, index: usize) -> Option<String> {
    let quantity = |value| Quantity { value, unit: axis.unit };
    let runs = line.runs(index);
    let level = quantity(line.level(index)?);
    let (least, greatest) = (runs.iter().copied().reduce(f64::min)?, runs.iter().copied().reduce(f64::max)?);
    let name = &line.name;
    Some(match least == greatest {
        true => format!("{name}: {level}"),
        false => format!("{name}: {level} ({} to {})", quantity(least), quantity(greatest)),
    })
}

/// A change point: between the point before and the first of the new level.
fn marked(out: &mut String, layout: &Layout, mark: &Mark) {
    let x = layout.x(mark.index) - layout.step() / 2.0;
    let (top, bottom) = (layout.top, layout.bottom);
    let _ = writeln!(out, "<path class=\"mark\" d=\"M{x:.1} {top:.1}V{bottom:.1}\"/>");
}
