//! A figure as SVG.

use std::fmt::Write as _;

use super::figure::{Anchor, Figure, Font, Ink, Place, Shape, Text};
use super::model::Chart;
use crate::sanitise::html;

/// Colours that people who see few of them can tell apart (Wong, 2011), after the talk's red and blue.
pub const COLOURS: [&str; 8] = ["#c8352b", "#2b62c8", "#009e73", "#e69f00", "#cc79a7", "#56b4e9", "#8c6d1f", "#555555"];

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
        document(&self.figure(true), " xmlns=\"http://www.w3.org/2000/svg\"", &format!("<style>{STYLE}</style>\n"))
    }

    /// The chart as an element of an HTML page that has [`STYLE`] among its styles, and a heading above the chart: the chart's
    /// title is its name, but not drawn.
    #[must_use]
    pub fn element(&self) -> String {
        document(&self.figure(false), "", "")
    }
}

fn document(figure: &Figure, namespace: &str, style: &str) -> String {
    let Figure { width, height, .. } = figure;
    let title = html(&figure.title);
    let mut out = format!(
        "<svg{namespace} class=\"cost-chart\" role=\"img\" aria-label=\"{title}\" \
         width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n{style}\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n"
    );
    figure.shapes.iter().for_each(|shape| self::shape(&mut out, shape));
    out.push_str("</svg>\n");
    out
}

fn shape(out: &mut String, shape: &Shape) {
    let _ = match shape {
        Shape::Coloured { line, shapes } => {
            let index = line % COLOURS.len();
            let _ = writeln!(out, "<g class=\"c{index}\" color=\"{}\">", COLOURS[index]);
            shapes.iter().for_each(|inner| self::shape(out, inner));
            writeln!(out, "</g>")
        }
        Shape::Text(text) => self::text(out, text),
        Shape::Path { ink, outline } => writeln!(out, "<path{} d=\"{outline}\"/>", attributes(*ink)),
        Shape::Hint { place, x, y, width, height, lines } => {
            let place = match place {
                Place::Run => "class=\"run\"".to_owned(),
                Place::Change(index) => format!("class=\"change\" data-run=\"{index}\""),
            };
            let text = lines.iter().map(|line| html(line)).collect::<Vec<_>>().join("\n");
            writeln!(
                out,
                "<rect {place} x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\">\
                 <title>{text}</title></rect>"
            )
        }
    };
}

fn text(out: &mut String, text: &Text) -> std::fmt::Result {
    let Text { x, y, .. } = text;
    let anchor = match text.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let class = match text.font {
        Font::Plain => "",
        Font::Axis => " class=\"axis\"",
        Font::Title => " class=\"title\"",
    };
    let turned = if text.is_aslant { format!(" transform=\"rotate(-45 {x:.1} {y:.1})\"") } else { String::new() };
    let content = html(&text.content);
    writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{class}{turned}>{content}</text>")
}

fn attributes(ink: Ink) -> &'static str {
    match ink {
        Ink::Grid => " class=\"grid\"",
        Ink::Mark => " class=\"mark\"",
        Ink::Area => " class=\"area\" fill=\"currentColor\" fill-opacity=\"0.2\"",
        Ink::Dots => {
            " class=\"dots\" fill=\"none\" stroke=\"currentColor\" stroke-opacity=\"0.55\" stroke-width=\"4\" \
             stroke-linecap=\"round\""
        }
        Ink::Line => {
            " class=\"line\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" stroke-linejoin=\"round\""
        }
        Ink::Points => " class=\"points\" fill=\"currentColor\"",
        Ink::Sample => " stroke=\"currentColor\" stroke-width=\"2\"",
        Ink::Key => " fill=\"currentColor\"",
    }
}
