//! From a chart to its figure.

use super::axis::Scale;
use super::field::{Field, TICK_GAP};
use super::figure::{Anchor, Figure, Font, Ink, Place, Shape, Text};
use super::labels::Labels;
use super::layout::{COLUMN, Layout};
use super::legend::Legend;
use super::model::{Axis, Chart, Line, Mark, Style};
use crate::columns::{self, middle_cut};
use crate::quantity::Quantity;

/// Height of the title, and of the names of axes above them.
const TITLE: f64 = 34.0;
const AXIS_TITLE: f64 = 24.0;

/// Between the edge and the ticks, and on the right where there is no axis.
const BORDER: f64 = 10.0;
const MARGIN_RIGHT: f64 = 20.0;

/// Width of a change point for the pointer.
const CHANGE: f64 = 9.0;

impl Chart {
    /// What is drawn, with or without the title.
    #[must_use]
    pub fn figure(&self, titled: bool) -> Figure {
        let drawing = Drawing::of(self, titled);
        let (width, height) = (drawing.width, drawing.height);
        Figure { title: self.title.clone(), width, height, shapes: drawing.shapes() }
    }
}

/// A chart with the places of its parts.
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

    fn shapes(&self) -> Vec<Shape> {
        let Self { chart, width, whole, .. } = self;
        let mut out = Vec::new();
        if self.titled {
            let shown = middle_cut(&chart.title, ((width - 2.0 * BORDER) / 9.0) as usize);
            let title = Text::new(width / 2.0, 24.0, Anchor::Middle, &shown);
            out.push(Shape::Text(Text { font: Font::Title, ..title }));
        }
        self.legend.draw(&mut out, if self.titled { TITLE } else { 0.0 }, *width);
        self.fields.iter().for_each(|field| field.frame(&mut out));
        self.fields.iter().for_each(|field| field.area(&mut out));
        let marks = || chart.marks.iter().filter(|mark| mark.index < whole.count);
        out.extend(marks().map(|mark| marked(whole, mark)));
        let many = self.fields.iter().map(|field| field.axis.lines.len()).sum::<usize>() > self.fields.len();
        self.fields.iter().for_each(|field| field.lines(&mut out, many));
        self.labels.draw(&mut out, whole);
        out.extend((0..whole.count).map(|index| self.run(index)));
        out.extend(marks().map(|mark| self.change(mark)));
        out
    }

    /// Over everything, a column for each point that tells its values.
    fn run(&self, index: usize) -> Shape {
        let width = self.whole.step();
        self.hint(Place::Run, index, self.whole.x(index) - width / 2.0, width)
    }

    /// Over the columns, since a dashed line stands between two of them.
    fn change(&self, mark: &Mark) -> Shape {
        let x = self.whole.x(mark.index) - self.whole.step() / 2.0 - CHANGE / 2.0;
        self.hint(Place::Change(mark.index), mark.index, x, CHANGE)
    }

    fn hint(&self, place: Place, index: usize, x: f64, width: f64) -> Shape {
        let (y, height) = (self.whole.top, self.whole.bottom - self.whole.top);
        Shape::Hint { place, x, y, width, height, lines: self.tooltip(index) }
    }

    fn tooltip(&self, index: usize) -> Vec<String> {
        let point = &self.chart.points[index];
        let mut tooltip = vec![point.label.clone(), point.note.clone()];
        for Field { axis, .. } in &self.fields {
            tooltip.extend(axis.lines.iter().filter_map(|line| said(axis, line, index)));
        }
        let marks = self.chart.marks.iter().filter(|mark| mark.index == index);
        tooltip.extend(marks.flat_map(|mark| mark.text.lines().map(str::to_owned)));
        tooltip.retain(|line| !line.is_empty());
        tooltip
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
fn marked(layout: &Layout, mark: &Mark) -> Shape {
    let x = layout.x(mark.index) - layout.step() / 2.0;
    Shape::Path { ink: Ink::Mark, outline: format!("M{x:.1} {:.1}V{:.1}", layout.top, layout.bottom) }
}
