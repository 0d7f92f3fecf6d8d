//! Pixels, and how they are covered.

use ab_glyph_rasterizer::{Rasterizer, point};

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

/// A place in pixels, from the upper left.
pub(super) type Place = (f32, f32);

/// More pixels than any chart has.
pub(super) const MOST_PIXELS: f64 = 1e8;

/// Closed contours that belong together: one inside another that goes the other way round is a hole.
pub(super) type Part = Vec<Vec<Place>>;

/// White paper.
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Red, green and blue, row by row.
    pub(super) pixels: Vec<u8>,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![255; width * height * 3] }
    }

    /// Lays a colour over what any of the parts covers: where two overlap it is no darker.
    pub(super) fn fill(&mut self, parts: &[Part], colour: Colour, opacity: f32) {
        let Some(frame) = Frame::around(parts).map(|frame| frame.within(self.width, self.height)) else { return };
        let mut covered = vec![0.0_f32; frame.width() * frame.height()];
        parts.iter().for_each(|part| cover(part, &frame, &mut covered));
        for (row, shares) in covered.chunks_exact(frame.width().max(1)).enumerate() {
            let first = ((frame.top as usize + row) * self.width + frame.left as usize) * 3;
            let pixels = self.pixels[first..].chunks_exact_mut(3);
            for (pixel, share) in pixels.zip(shares).filter(|(_, share)| **share > 0.0) {
                for (below, above) in pixel.iter_mut().zip(colour) {
                    let (under, over) = (f32::from(*below), f32::from(above));
                    *below = (under + (over - under) * share * opacity).round() as u8;
                }
            }
        }
    }
}

/// Raises the shares of the frame's pixels to what the part covers of them.
fn cover(part: &Part, frame: &Frame, covered: &mut [f32]) {
    let Some(own) = Frame::around(std::slice::from_ref(part)) else { return };
    let mut raster = Rasterizer::new(own.width(), own.height());
    let at = |(x, y): Place| point(x - own.left as f32, y - own.top as f32);
    for contour in part {
        for (from, to) in contour.iter().zip(contour.iter().cycle().skip(1)) {
            raster.draw_line(at(*from), at(*to));
        }
    }
    raster.for_each_pixel_2d(|x, y, share| {
        let (x, y) = (own.left + x as i32, own.top + y as i32);
        if share > 0.0 && (frame.left..frame.right).contains(&x) && (frame.top..frame.bottom).contains(&y) {
            let pixel = &mut covered[(y - frame.top) as usize * frame.width() + (x - frame.left) as usize];
            *pixel = pixel.max(share.min(1.0));
        }
    });
}

/// Whole pixels around something.
struct Frame {
    left: i32,
    top: i32,
    right: i32,
    bottom: i32,
}

impl Frame {
    /// With a pixel to spare. There is none around nothing, nor around what is far larger than a chart.
    fn around(parts: &[Part]) -> Option<Self> {
        let places = || parts.iter().flatten().flatten();
        let ends = |side: fn(&Place) -> f32| {
            let sides = || places().map(side);
            Some((sides().reduce(f32::min)?.floor() as i32 - 1, sides().reduce(f32::max)?.ceil() as i32 + 1))
        };
        let ((left, right), (top, bottom)) = (ends(|place| place.0)?, ends(|place| place.1)?);
        let pixels = (f64::from(right) - f64::from(left)) * (f64::from(bottom) - f64::from(top));
        (pixels <= MOST_PIXELS).then_some(Self { left, top, right, bottom })
    }

    fn within(self, width: usize, height: usize) -> Self {
        let (width, height) = (width as i32, height as i32);
        let (left, top) = (self.left.clamp(0, width), self.top.clamp(0, height));
        Self { left, top, right: self.right.clamp(left, width), bottom: self.bottom.clamp(top, height) }
    }

    fn width(&self) -> usize {
        (self.right - self.left) as usize
    }

    fn height(&self) -> usize {
        (self.bottom - self.top) as usize
    }
}
