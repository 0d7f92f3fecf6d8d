//! A real terminal without a window: a program runs on a pseudo terminal, and an emulator keeps what people would see.

use std::fmt::Write as _;
use std::ops::Range;
use std::process::Command;

use vt100::{Color, Parser};

use crate::project::{Run, run};

/// Height and width of a character in a picture, in pixels, and the empty border around all.
const LINE: usize = 19;
const CHARACTER: f64 = 8.43;
const BORDER: usize = 14;

/// The eight colours of a terminal and their bright kin; readable on the background.
const COLOURS: [&str; 16] = [
    "#8b949e", "#ff7b72", "#7ee787", "#e3b341", "#79c0ff", "#d2a8ff", "#76e3ea", "#e6edf3", "#8b949e", "#ff7b72",
    "#7ee787", "#e3b341", "#79c0ff", "#d2a8ff", "#76e3ea", "#ffffff",
];
const TEXT: &str = "#e6edf3";
const BACKGROUND: &str = "#0d1117";

/// What is on a terminal after a program has ended.
pub struct Terminal {
    screen: Parser,
    /// How the program ended. Its standard error is on the screen too.
    pub run: Run,
}

impl Terminal {
    /// Runs a command line of a shell on a terminal with so many columns, by the environment and in the folder of `command`,
    /// which has to be a shell.
    ///
    /// # Panics
    ///
    /// If the program `script` of util-linux is missing.
    #[must_use]
    pub fn run(columns: u16, line: &str, mut command: Command) -> Self {
        let line = format!("stty cols {columns} rows 200 -onlcr; {line}");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("TERM", "xterm-256color");
        // Logs of `CI` are coloured whatever the terminal is called.
        for name in ["CI", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(name);
        }
        let run = run(command);
        let mut screen = Parser::new(200, columns, 0);
        screen.process(run.stdout.replace('\n', "\r\n").as_bytes());
        Self { screen, run }
    }

    /// The lines, without the blanks at their ends.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let (_, columns) = self.screen.screen().size();
        let mut lines: Vec<String> =
            self.screen.screen().rows(0, columns).map(|line| line.trim_end().to_owned()).collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }

    /// A picture of the screen as SVG, below the command as it was typed.
    #[must_use]
    pub fn svg(&self, typed: &str) -> String {
        let screen = self.screen.screen();
        let (_, columns) = screen.size();
        let lines = self.lines();
        let width = (f64::from(columns) * CHARACTER).ceil() as usize + 2 * BORDER;
        let height = (lines.len() + 1) * LINE + 2 * BORDER;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\">\n<title>{typed}</title>\n<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
             <g font-family=\"ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\" \
             fill=\"{TEXT}\">\n",
            typed = escaped(typed),
        );
        let y = |line: usize| BORDER + (line + 1) * LINE - 5;
        let _ = writeln!(
            svg,
            "<text x=\"{BORDER}\" y=\"{}\"><tspan fill=\"#7ee787\">$</tspan> <tspan font-weight=\"bold\">{}</tspan></text>",
            y(0),
            escaped(typed)
        );
        for row in 0..lines.len() as u16 {
            for Stretch { columns, style, text } in stretches(screen, row, columns) {
                let x = BORDER as f64 + f64::from(columns.start) * CHARACTER;
                let length = columns.len() as f64 * CHARACTER;
                let _ = writeln!(
                    svg,
                    "<text x=\"{x:.1}\" y=\"{}\" textLength=\"{length:.1}\"{style}>{}</text>",
                    y(usize::from(row) + 1),
                    escaped(&text)
                );
            }
        }
        svg + "</g>\n</svg>\n"
    }
}

/// A part of a line that looks alike.
struct Stretch {
    columns: Range<u16>,
    /// Attributes of SVG.
    style: String,
    text: String,
}

/// The parts of a line. Two blanks end one, since those who draw SVG make one blank of several.
fn stretches(screen: &vt100::Screen, row: u16, columns: u16) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    let mut blanks = 2;
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column) else { continue };
        // The right half of a Chinese, Japanese or Korean character.
        if cell.is_wide_continuation() {
            continue;
        }
        let end = column + if cell.is_wide() { 2 } else { 1 };
        if cell.contents().trim().is_empty() {
            blanks += 1;
            continue;
        }
        let style = style(cell);
        match found.last_mut() {
            Some(last) if blanks < 2 && last.style == style => {
                last.text.push_str(if blanks == 1 { " " } else { "" });
                last.text.push_str(cell.contents());
                last.columns.end = end;
            }
            _ => found.push(Stretch { columns: column..end, style, text: cell.contents().to_owned() }),
        }
        blanks = 0;
    }
    found
}

fn style(cell: &vt100::Cell) -> String {
    let mut style = String::new();
    match cell.fgcolor() {
        Color::Idx(index) if usize::from(index) < COLOURS.len() => {
            let _ = write!(style, " fill=\"{}\"", COLOURS[usize::from(index)]);
        }
        Color::Rgb(red, green, blue) => {
            let _ = write!(style, " fill=\"#{red:02x}{green:02x}{blue:02x}\"");
        }
        _ if cell.dim() => style.push_str(" fill=\"#8b949e\""),
        _ => {}
    }
    if cell.bold() {
        style.push_str(" font-weight=\"bold\"");
    }
    style
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
