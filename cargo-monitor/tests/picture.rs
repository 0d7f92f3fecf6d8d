//! `plot -o chart.png`: the picture looks like the SVG of the same chart.
#![forbid(unsafe_code)]

mod common;

use std::fs;
use std::sync::Arc;

use common::Fixture;
use common::evolution::{evolution, hostile};
use monitor_store::Outcome;
use resvg::tiny_skia::{Pixmap, PremultipliedColorU8, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

/// Pixels of a picture for each of the SVG.
const PIXELS: f32 = 2.0;

/// The picture that the command writes, and what another program draws of the SVG.
fn both(fixture: &Fixture, args: &[&str]) -> (Pixmap, Pixmap) {
    let write = |name: &str| {
        let mut command = fixture.command(&[&["plot"], args, &["-o", name]].concat());
        // No font of the machine's is to be found: the one that is built in is used.
        command.env("HOME", fixture.folder()).env("FONTCONFIG_FILE", "/dev/null");
        let _ = monitor_tests::run(command).succeeded();
        fs::read(fixture.folder().join(name)).expect("the command has written the file")
    };
    let picture = Pixmap::decode_png(&write("chart.png")).expect("it is a PNG");
    let mut fonts = Database::new();
    for font in [dejavu::sans::regular(), dejavu::sans::bold()] {
        fonts.load_font_data(font.to_vec());
    }
    let options = Options { fontdb: Arc::new(fonts), ..Options::default() };
    let svg = Tree::from_data(&write("chart.svg"), &options).expect("it is an SVG");
    let size = svg.size().to_int_size().scale_by(PIXELS).expect("it has a size");
    let mut drawn = Pixmap::new(size.width(), size.height()).expect("it has a size");
    resvg::render(&svg, Transform::from_scale(PIXELS, PIXELS), &mut drawn.as_mut());
    (picture, drawn)
}

/// How far two pixels are apart in their farthest colour.
fn apart(one: &PremultipliedColorU8, other: &PremultipliedColorU8) -> u8 {
    let colours = |pixel: &PremultipliedColorU8| [pixel.red(), pixel.green(), pixel.blue()];
    let pairs = colours(one).into_iter().zip(colours(other));
    pairs.map(|(one, other)| one.abs_diff(other)).max().unwrap_or(0)
}

/// Of thousand pixels that one of the two has drawn on, those of which the other has nothing similar beside it.
fn differing(picture: &Pixmap, drawn: &Pixmap) -> usize {
    assert_eq!((picture.width(), picture.height()), (drawn.width(), drawn.height()));
    let (width, height) = (picture.width(), picture.height());
    let white = PremultipliedColorU8::from_rgba(255, 255, 255, 255).expect("white");
    let at = |of: &Pixmap, x: u32, y: u32| of.pixels()[(y * width + x) as usize];
    let lacks = |of: &Pixmap, x: u32, y: u32, wanted: PremultipliedColorU8| {
        let around = |at: u32, end: u32| at.saturating_sub(1)..=(at + 1).min(end - 1);
        !around(y, height).any(|y| around(x, width).any(|x| apart(&at(of, x, y), &wanted) < 48))
    };
    let (mut inked, mut lacking) = (0, 0);
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
        let (here, there) = (at(picture, x, y), at(drawn, x, y));
        if apart(&here, &white) > 16 || apart(&there, &white) > 16 {
            inked += 1;
            lacking += usize::from(lacks(drawn, x, y, here) || lacks(picture, x, y, there));
        }
    }
    assert!(inked > 10_000, "something is drawn: {inked} pixels");
    lacking * 1000 / inked
}

/// Three commits with three sessions each, and one with a single session.
fn repeated() -> Fixture {
    let fixture = Fixture::empty();
    for day in 1..=10_u32 {
        let (commit, wall) = (format!("{:x}aaaaaaaa", 0xbea5_u32 + day / 3), f64::from(day / 3 + day % 3 + 1) / 4.0);
        let rows = [("demo::reads", wall, 4096_u64 << (day % 3), Outcome::Passed)];
        fixture.session(day, &commit, &[], &rows);
    }
    fixture
}

#[test]
fn a_picture_looks_like_the_svg() {
    let letters = ["grows", "steady", "wrong", "--title", "AVA To, Größe (½) Ж é ≤ 読"];
    for (fixture, args) in [
        (repeated(), ["reads"].as_slice()),
        (evolution(), letters.as_slice()),
        (hostile(), ["evil", "--style", "talk"].as_slice()),
    ] {
        let (picture, drawn) = both(&fixture, args);
        let differing = differing(&picture, &drawn);
        assert!(differing <= 15, "{args:?}: {differing} of 1000 pixels differ");
    }
}
