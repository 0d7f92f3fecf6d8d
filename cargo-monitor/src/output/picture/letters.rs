//! Text as outlines.

use monitor_analysis::chart::{Anchor, Font, Text};
use monitor_analysis::sanitise::terminal;
use ttf_parser::{Face, GlyphId, OutlineBuilder};

use super::canvas::{Part, Place};

/// Steps of a curve of a letter.
const STEPS: usize = 8;

/// The font, plain and bold.
pub(super) struct Letters {
    plain: Face<'static>,
    bold: Face<'static>,
}

impl Letters {
    pub(super) fn new() -> Result<Self, ttf_parser::FaceParsingError> {
        let face = |font| Face::parse(font, 0);
        Ok(Self { plain: face(dejavu::sans::regular())?, bold: face(dejavu::sans::bold())? })
    }

    /// The letters of a text, each where it stands.
    pub(super) fn set(&self, text: &Text, pixels: f32) -> Vec<Part> {
        let (face, size) = match text.font {
            Font::Plain => (&self.plain, 12.0),
            Font::Axis => (&self.bold, 12.0),
            Font::Title => (&self.bold, 16.0),
        };
        let scale = size * pixels / f32::from(face.units_per_em());
        let glyphs: Vec<GlyphId> =
            terminal(&text.content).chars().map(|letter| face.glyph_index(letter).unwrap_or_default()).collect();
        let mut ends = Vec::new();
        let mut end = 0.0;
        for (index, glyph) in glyphs.iter().enumerate() {
            let closer = index.checked_sub(1).map_or(0, |before| kerning(face, glyphs[before], *glyph));
            end += f32::from(closer) * scale;
            ends.push(end);
            end += f32::from(face.glyph_hor_advance(*glyph).unwrap_or(0)) * scale;
        }
        let back = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => end / 2.0,
            Anchor::End => end,
        };
        let (sine, cosine) = if text.is_aslant { (-0.5_f32.sqrt(), 0.5_f32.sqrt()) } else { (0.0, 1.0) };
        let origin = (text.x as f32 * pixels, text.y as f32 * pixels);
        let letter = |(glyph, begin): (&GlyphId, f32)| {
            let mut pen = Contours::default();
            face.outline_glyph(*glyph, &mut pen)?;
            let place = |(x, y): &Place| {
                let (x, y) = (begin - back + x * scale, -y * scale);
                (origin.0 + x * cosine - y * sine, origin.1 + x * sine + y * cosine)
            };
            Some(pen.0.iter().map(|contour| contour.iter().map(place).collect()).collect())
        };
        glyphs.iter().zip(ends).filter_map(letter).collect()
    }
}

/// By how much two letters stand closer than others: `A` and `V`.
fn kerning(face: &Face<'_>, left: GlyphId, right: GlyphId) -> i16 {
    let tables = face.tables().kern.into_iter().flat_map(|table| table.subtables);
    let mut level = tables.filter(|table| table.horizontal && !table.has_cross_stream);
    level.find_map(|table| table.glyphs_kerning(left, right)).unwrap_or(0)
}

/// The contours of a letter in units of its font, upwards.
#[derive(Default)]
struct Contours(Vec<Vec<Place>>);

impl Contours {
    fn here(&self) -> Place {
        self.0.last().and_then(|contour| contour.last()).copied().unwrap_or_default()
    }

    fn curve(&mut self, at: impl Fn(f32) -> Place) {
        let steps = (1..=STEPS).map(|step| at(step as f32 / STEPS as f32));
        self.0.last_mut().into_iter().for_each(|contour| contour.extend(steps.clone()));
    }
}

impl OutlineBuilder for Contours {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.push(vec![(x, y)]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.curve(|_| (x, y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let from = self.here();
        self.curve(|along| between(along, between(along, from, (x1, y1)), between(along, (x1, y1), (x, y))));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let from = self.here();
        self.curve(|along| {
            let middle = between(along, (x1, y1), (x2, y2));
            let first = between(along, between(along, from, (x1, y1)), middle);
            between(along, first, between(along, middle, between(along, (x2, y2), (x, y))))
        });
    }

    fn close(&mut self) {}
}

/// From one place to another, as far along as the share says.
fn between(along: f32, from: Place, to: Place) -> Place {
    (from.0 + (to.0 - from.0) * along, from.1 + (to.1 - from.1) * along)
}
