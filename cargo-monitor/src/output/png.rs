//! SVG as PNG.
//!
//! Text is drawn with DejaVu Sans, which is built in: the picture is the same on a machine without fonts. It has Latin,
//! Greek, Cyrillic, Arabic and many symbols; what it lacks, as Chinese, becomes a box.

use std::sync::Arc;

use anyhow::Context as _;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

const FAMILY: &str = "DejaVu Sans";

/// The picture of an SVG document, so many pixels for each of its own.
///
/// # Errors
///
/// If the document is no SVG, or the picture would be too large.
pub fn png(svg: &str, pixels: f32) -> anyhow::Result<Vec<u8>> {
    let mut fonts = Database::new();
    for font in [dejavu::sans::regular(), dejavu::sans::bold()] {
        fonts.load_font_data(font.to_vec());
    }
    fonts.set_sans_serif_family(FAMILY);
    let options = Options { font_family: FAMILY.to_owned(), fontdb: Arc::new(fonts), ..Options::default() };
    let tree = Tree::from_str(svg, &options).context("the chart is not an SVG that can be drawn")?;
    let size = tree.size().to_int_size().scale_by(pixels).context("the picture has no size")?;
    let mut picture = Pixmap::new(size.width(), size.height()).context("the picture is too large")?;
    resvg::render(&tree, Transform::from_scale(pixels, pixels), &mut picture.as_mut());
    picture.encode_png().context("the picture cannot be encoded")
}
