//! `page WIDTH HEIGHT ADDRESS FILE`: opens a page in Chromium and writes what is seen, as PNG. `docs/pictures` makes the
//! picture of the server with it.
#![forbid(unsafe_code)]

use std::{env, fs};

use monitor_tests::browser::Browser;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [width, height, address, file] = arguments.as_slice() else { panic!("usage: page WIDTH HEIGHT ADDRESS FILE") };
    let pixels = |text: &str| text.parse().expect("a number of pixels");
    let mut browser = Browser::start(pixels(width), pixels(height)).expect("Chromium is installed");
    browser.visit(address);
    fs::write(file, browser.screenshot()).expect("the picture can be written");
}
