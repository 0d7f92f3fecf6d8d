//! The chart as SVG.

use std::fmt::Write;

use super::axis::Scale;
use super::model::{Axis, Chart, Line, Mark, Style};
use crate::quantity::Quantity;
use crate::sanitise::html;

/// Colours that people who see few of them can tell apart (Wong, 2011), after the talk's red and blue.
const COLOURS: [&str; 8] = ["#c8352b", "#2b62c8", "#009e73", "#e69f00", "#cc79a7", "#56b4e9", "#8c6d1f", "#555555"];

const MARGIN_TOP: f64 = 70.0;
const MARGIN_BOTTOM: f64 = 40.0;

/// Where labels stand aslant.
const MARGIN_BOTTOM_ASLANT: f64 = 78.0;

const MARGIN_SIDE: f64 = 92.0;

/// Where the title of an axis is, from the edge.
const AXIS_TITLE: f64 = 20.0;

/// Width of a character of the labels, estimated.
const CHARACTER: f64 = 6.6;

/// Characters of a label below the axis.
const LABEL: usize = 12;

/// Pixels between runs from which on each has a dot.
const DOTS_FROM: f64 = 10.0;

/// How charts look; dark where the reader's system is.
pub const STYLE: &str = "\
.cost-chart{color:#2b2f36}\
.cost-chart .paper{fill:#fff}\
.cost-chart text{font-family:system-ui,'DejaVu Sans',sans-serif;font-size:12px;fill:currentColor}\
.cost-chart .title{font-size:16px;font-weight:600}\
.cost-chart .grid{stroke:#e3e6ea}\
.cost-chart .mark{stroke:#8b929c;stroke-dasharray:3 4}\
.cost-chart .run{fill:#000;fill-opacity:0}\
.cost-chart .run:hover,.cost-chart .run.here{fill-opacity:.06}\
@media screen and (prefers-color-scheme:dark){\
.cost-chart{color:#d6dae0}\
.cost-chart .paper{fill:#16191d}\
.cost-chart .grid{stroke:#2d3239}\
.cost-chart .run{fill:#fff}\
.cost-chart .run:hover,.cost-chart .run.here{fill-opacity:.1}\
.cost-chart .c0{color:#ff7a70}\
.cost-chart .c1{color:#6ea8ff}}";

impl Chart {
    /// The chart as an SVG document.
    #[must_use]
    pub fn svg(&self) -> String {
        document(self)
    }

    /// The chart as an element of an HTML page that has [`STYLE`] among its styles.
    #[must_use]
    pub fn element(&self) -> String {
        element(self)
    }
}

/// Pixels between two panels.
const PANEL_GAP: f64 = 26.0;

/// Where things are.
#[derive(Clone, Copy)]
struct Layout {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    count: usize,
    /// The labels below the axis have room side by side.
    level: bool,
}

impl Layout {
    fn of(chart: &Chart) -> Self {
        let (width, height) = size(chart);
        let is_talk = chart.right.is_some() && chart.style == Style::Talk;
        let (left, right) = (MARGIN_SIDE, width - if is_talk { MARGIN_SIDE } else { 24.0 });
        let count = chart.points.len();
        let longest = chart.points.iter().map(|point| point.label.chars().count().min(LABEL)).max().unwrap_or(0);
        let level = (right - left) / count.max(1) as f64 >= (longest as f64 + 1.0) * CHARACTER;
        let bottom = height - if level { MARGIN_BOTTOM } else { MARGIN_BOTTOM_ASLANT };
        Self { left, right, top: MARGIN_TOP, bottom, count, level }
    }

    /// The panel of an axis, 0 above 1.
    fn panel(self, index: usize) -> Self {
        let height = (self.bottom - self.top - PANEL_GAP) / 2.0;
        let top = self.top + index as f64 * (height + PANEL_GAP);
        Self { top, bottom: top + height, ..self }
    }

    /// Width of a run: the first and the last have half of theirs outside their point, inside the frame.
    fn step(&self) -> f64 {
        (self.right - self.left) / self.count.max(1) as f64
    }

    fn x(&self, index: usize) -> f64 {
        self.left + (index as f64 + 0.5) * self.step()
    }

    fn y(&self, share: f64) -> f64 {
        self.bottom - share * (self.bottom - self.top)
    }
}

fn size(chart: &Chart) -> (f64, f64) {
    (f64::from(chart.width.max(320)), f64::from(chart.height.max(200)))
}

fn document(chart: &Chart) -> String {
    drawing(chart, " xmlns=\"http://www.w3.org/2000/svg\"", &format!("<style>{STYLE}</style>\n"))
}

fn element(chart: &Chart) -> String {
    drawing(chart, "", "")
}

fn drawing(chart: &Chart, namespace: &str, style: &str) -> String {
    let (width, height) = size(chart);
    let layout = Layout::of(chart);
    let title = html(&chart.title);
    let mut out = format!(
        "<svg{namespace} class=\"cost-chart\" role=\"img\" aria-label=\"{title}\" \
         width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n{style}\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n"
    );
    let shown = shortened(&chart.title, ((width - 40.0) / 9.0) as usize);
    text(&mut out, width / 2.0, 26.0, "middle", " class=\"title\"", &shown);
    let axes: Vec<&Axis> = [&chart.left].into_iter().chain(&chart.right).collect();
    legend(&mut out, &axes, width);
    let panels = axes.len() > 1 && chart.style == Style::Panels;
    let scales = if panels { axes.iter().map(|axis| Scale::of(axis, 3)).collect() } else { scales(&axes) };
    let places: Vec<Layout> = (0..axes.len()).map(|index| if panels { layout.panel(index) } else { layout }).collect();
    for (number, (axis, scale)) in axes.iter().zip(&scales).enumerate() {
        let side = if panels { 0 } else { number };
        // The first line of an axis that has one only: the axis is told by its name and colour.
        let only = if axis.lines.len() == 1 { Some((&axis.lines[0], number * chart.left.lines.len())) } else { None };
        ticks(&mut out, &places[number], scale, side, only);
    }
    let lines = || {
        axes.iter()
            .zip(&scales)
            .zip(&places)
            .flat_map(|((axis, scale), place)| axis.lines.iter().map(move |line| (axis, scale, place, line)))
    };
    // Areas of several lines on one axis would hide each other.
    for (index, (_, scale, place, line)) in lines().enumerate().filter(|(_, (axis, ..))| axis.lines.len() == 1) {
        coloured(&mut out, index, |out| area(out, place, scale, line));
    }
    for mark in chart.marks.iter().filter(|mark| mark.index < layout.count) {
        marked(&mut out, &layout, mark);
    }
    for (index, (_, scale, place, line)) in lines().enumerate() {
        coloured(&mut out, index, |out| stroke(out, place, scale, line));
    }
    labels(&mut out, chart, &layout);
    runs(&mut out, chart, &axes, &layout);
    out.push_str("</svg>\n");
    out
}

/// The scales of the axes; ticks of the right one are level with those of the left.
fn scales(axes: &[&Axis]) -> Vec<Scale> {
    let mut scales: Vec<Scale> = axes.iter().map(|axis| Scale::of(axis, 5)).collect();
    let intervals = scales.first().map_or(0, |scale| scale.ticks.len() - 1);
    for (axis, scale) in axes.iter().zip(&mut scales).skip(1) {
        if let Some(level) = Scale::with_intervals(axis, intervals) {
            *scale = level;
        }
    }
    scales
}

/// What `draw` draws with `currentColor`, in the colour of a line.
fn coloured(out: &mut String, index: usize, draw: impl FnOnce(&mut String)) {
    let index = index % COLOURS.len();
    let _ = writeln!(out, "<g class=\"c{index}\" color=\"{}\">", COLOURS[index]);
    draw(out);
    out.push_str("</g>\n");
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, attributes: &str, content: &str) {
    let content = html(content);
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{attributes}>{content}</text>");
}

/// The names of the lines, in a row below the title.
fn legend(out: &mut String, axes: &[&Axis], width: f64) {
    let lines: Vec<&Line> = axes.iter().flat_map(|axis| &axis.lines).collect();
    let longest = (width - 40.0) / lines.len().max(1) as f64 / CHARACTER - 5.0;
    let names: Vec<String> = lines.iter().map(|line| ending(&line.name, longest.max(4.0) as usize)).collect();
    let widths: Vec<f64> = names.iter().map(|name| (name.chars().count() as f64 + 5.0) * CHARACTER).collect();
    let mut x = (width - widths.iter().sum::<f64>()) / 2.0;
    for (index, name) in names.iter().enumerate() {
        coloured(out, index, |out| {
            let _ = writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"40\" width=\"14\" height=\"10\" rx=\"2\" fill=\"currentColor\"/>"
            );
        });
        text(out, x + 19.0, 49.0, "start", "", name);
        x += widths[index];
    }
}

/// The ticks of an axis: left (side 0) with grid lines, right (side 1) without. `only` is its one line with its index.
fn ticks(out: &mut String, layout: &Layout, scale: &Scale, side: usize, only: Option<(&Line, usize)>) {
    if side == 0 {
        for (value, _) in &scale.ticks {
            let (y, left, right) = (layout.y(scale.share(*value)), layout.left, layout.right);
            let _ = writeln!(out, "<path class=\"grid\" d=\"M{left:.1} {y:.1}H{right:.1}\"/>");
        }
    }
    let draw = |out: &mut String| {
        for (value, label) in &scale.ticks {
            let y = layout.y(scale.share(*value)) + 4.0;
            match side {
                0 => text(out, layout.left - 10.0, y, "end", "", label),
                _ => text(out, layout.right + 10.0, y, "start", "", label),
            }
        }
    };
    let Some((line, index)) = only else { return draw(out) };
    coloured(out, index, |out| {
        draw(out);
        let y = (layout.top + layout.bottom) / 2.0;
        let (x, angle) = if side == 0 { (AXIS_TITLE, -90) } else { (layout.right + MARGIN_SIDE - AXIS_TITLE, 90) };
        let name = shortened(&line.name, ((layout.bottom - layout.top) / CHARACTER) as usize);
        text(out, x, y, "middle", &format!(" transform=\"rotate({angle} {x:.1} {y:.1})\""), &name);
    });
}

/// The points of a line, in parts without a gap.
fn parts(layout: &Layout, scale: &Scale, line: &Line) -> Vec<Vec<(f64, f64)>> {
    let values = line.values.iter().take(layout.count).enumerate();
    let points: Vec<Option<(f64, f64)>> = values
        .map(|(index, value)| {
            let value = value.filter(|value| value.is_finite())?;
            Some((layout.x(index), layout.y(scale.share(value))))
        })
        .collect();
    let parts = points.split(Option::is_none).filter(|part| !part.is_empty());
    parts.map(|part| part.iter().flatten().copied().collect()).collect()
}

fn path(part: &[(f64, f64)]) -> String {
    part.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect::<Vec<_>>().join("L")
}

/// The area between a line and zero.
fn area(out: &mut String, layout: &Layout, scale: &Scale, line: &Line) {
    let zero = layout.y(scale.share(0.0));
    for part in parts(layout, scale, line) {
        if let [(first, _), .., (last, _)] = part[..] {
            let path = path(&part);
            let _ = writeln!(
                out,
                "<path fill=\"currentColor\" fill-opacity=\"0.2\" d=\"M{first:.1} {zero:.1}L{path}L{last:.1} {zero:.1}Z\"/>"
            );
        }
    }
}

/// A line and its dots.
fn stroke(out: &mut String, layout: &Layout, scale: &Scale, line: &Line) {
    for part in parts(layout, scale, line) {
        if part.len() > 1 {
            let path = path(&part);
            let _ = writeln!(
                out,
                "<path fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" stroke-linejoin=\"round\" d=\"M{path}\"/>"
            );
        }
        for (x, y) in part.iter().filter(|_| part.len() == 1 || layout.step() >= DOTS_FROM) {
            let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"currentColor\"/>");
        }
    }
}

/// The labels below the axis: level where there is room, else aslant, and as many as do not touch.
fn labels(out: &mut String, chart: &Chart, layout: &Layout) {
    let every = if layout.level { 1 } else { (16.0 / layout.step()).ceil().max(1.0) as usize };
    let y = layout.bottom + 18.0;
    for (index, point) in chart.points.iter().enumerate().step_by(every) {
        let (x, label) = (layout.x(index), shortened(&point.label, LABEL));
        if layout.level {
            text(out, x, y, "middle", "", &label);
        } else {
            text(out, x, y, "end", &format!(" transform=\"rotate(-45 {x:.1} {y:.1})\""), &label);
        }
    }
}

/// A change point: between the run before and the first of the new level.
fn marked(out: &mut String, layout: &Layout, mark: &Mark) {
    let x = layout.x(mark.index) - layout.step() / 2.0;
    let (top, bottom) = (layout.top, layout.bottom);
    let title = mark.text.lines().map(html).collect::<Vec<_>>().join("\n");
    let _ = writeln!(out, "<path class=\"mark\" d=\"M{x:.1} {top:.1}V{bottom:.1}\"><title>{title}</title></path>");
}

/// Over everything, a column for each run that tells its values.
fn runs(out: &mut String, chart: &Chart, axes: &[&Axis], layout: &Layout) {
    let (top, height, step) = (layout.top, layout.bottom - layout.top, layout.step());
    for (index, point) in chart.points.iter().enumerate() {
        let mut tooltip = vec![point.label.clone(), point.note.clone()];
        for axis in axes {
            for line in &axis.lines {
                let value = line.values.get(index).copied().flatten();
                tooltip.extend(value.map(|value| format!("{}: {}", line.name, Quantity { value, unit: axis.unit })));
            }
        }
        let marks = chart.marks.iter().filter(|mark| mark.index == index);
        tooltip.extend(marks.flat_map(|mark| mark.text.lines().map(str::to_owned)));
        let lines: Vec<_> = tooltip.iter().filter(|line| !line.is_empty()).map(|line| html(line)).collect();
        let x = layout.x(index) - step / 2.0;
        let _ = writeln!(
            out,
            "<rect class=\"run\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{step:.1}\" height=\"{height:.1}\">\
             <title>{}</title></rect>",
            lines.join("\n")
        );
    }
}

/// The text, or an ellipsis and its end: names of tests differ there.
fn ending(text: &str, longest: usize) -> String {
    let count = text.chars().count();
    if count <= longest {
        return text.to_owned();
    }
    ['…'].into_iter().chain(text.chars().skip(count + 1 - longest)).collect()
}

/// The text, or its beginning and an ellipsis.
fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}
