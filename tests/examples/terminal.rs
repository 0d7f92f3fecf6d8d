//! `terminal COLUMNS FILE COMMAND`: runs the command line on a terminal with so many columns and writes a picture of what is
//! seen, as SVG. `docs/pictures` makes the book's pictures with it.
#![forbid(unsafe_code)]

use std::process::Command;
use std::{env, fs};

use monitor_tests::terminal::Terminal;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [columns, file, line] = arguments.as_slice() else { panic!("usage: terminal COLUMNS FILE COMMAND") };
    let terminal = Terminal::run(columns.parse().expect("a number of columns"), line, Command::new("script"));
    fs::write(file, terminal.svg(line)).expect("the picture can be written");
}
