//! A chart as PNG.
//!
//! Text is drawn with DejaVu Sans, which is built in: the picture is the same on a machine without fonts. It has Latin,
//! Greek, Cyrillic and many symbols; what it lacks, as Chinese, becomes a box. Each letter stands beside the one before: those
//! of Arabic are not joined.

mod canvas;
mod encode;
mod letters;
mod outline;
mod pen;

use anyhow::Context as _;
use monitor_analysis::chart::{COLOURS, Figure, Ink, Shape};

use canvas::{Canvas, Colour, MOST_PIXELS};
use letters::Letters;

/// What an SVG of the chart has in its style sheet for light.
const TEXT: Colour = [0x2b, 0x2f, 0x36];
const GRID: Colour = [0xe3, 0xe6, 0xea];
const MARK: Colour = [0x6b, 0x72, 0x7c];
const DASHES: (f32, f32) = (3.0, 4.0);

/// The picture of a figure, so many pixels for each of its own.
///
/// # Errors
///
/// If the picture would be too large, or the font cannot be read.
pub fn png(figure: &Figure, pixels: f32) -> anyhow::Result<Vec<u8>> {
    let (width, height) = (figure.width * f64::from(pixels), figure.height * f64::from(pixels));
    anyhow::ensure!(width * height <= MOST_PIXELS, "the picture is too large");
    let mut canvas = Canvas::new(width.round() as usize, height.round() as usize);
    let letters = Letters::new().context("the font cannot be read")?;
    let mut picture = Picture { canvas: &mut canvas, letters, pixels };
    figure.shapes.iter().for_each(|shape| picture.draw(shape, TEXT));
    encode::png(canvas.width, canvas.height, &canvas.pixels)
}

struct Picture<'a> {
    canvas: &'a mut Canvas,
    letters: Letters,
    pixels: f32,
}

impl Picture<'_> {
    fn draw(&mut self, shape: &Shape, colour: Colour) {
        match shape {
            Shape::Coloured { line, shapes } => {
                let colour = hexadecimal(COLOURS[line % COLOURS.len()]);
                shapes.iter().for_each(|shape| self.draw(shape, colour));
            }
            Shape::Text(text) => self.canvas.fill(&self.letters.set(text, self.pixels), colour, 1.0),
            Shape::Path { ink, outline } => self.path(*ink, outline, colour),
            Shape::Hint { .. } => {}
        }
    }

    fn path(&mut self, ink: Ink, outline: &str, colour: Colour) {
        let lines = outline::lines(outline, self.pixels);
        let one = self.pixels;
        let (parts, colour, opacity) = match ink {
            Ink::Grid => (pen::stroke(&lines, one), GRID, 1.0),
            Ink::Mark => (pen::stroke(&pen::dashed(&lines, DASHES.0 * one, DASHES.1 * one), one), MARK, 1.0),
            Ink::Area => (pen::enclosed(lines), colour, 0.2),
            Ink::Dots => (pen::dots(&lines, 2.0 * one), colour, 0.55),
            Ink::Line | Ink::Sample => (pen::stroke(&lines, 2.0 * one), colour, 1.0),
            Ink::Points | Ink::Key => (pen::enclosed(lines), colour, 1.0),
        };
        self.canvas.fill(&parts, colour, opacity);
    }
}

/// `#c8352b`.
fn hexadecimal(colour: &str) -> Colour {
    let value = u32::from_str_radix(colour.trim_start_matches('#'), 16).unwrap_or(0);
    let [_, red, green, blue] = value.to_be_bytes();
    [red, green, blue]
}
