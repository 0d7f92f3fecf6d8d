//! The compiler that this macro runs in: how it was told to compile the crate under test. Cargo tells nobody else.

use std::path::Path;
use std::{env, fs};

/// Options that differ from build to build, and change nothing.
const OF_ONE_BUILD: [&str; 3] = ["metadata", "extra-filename", "incremental"];

/// The options of `-C` and `-Z`, one a line; `None` if this process is not the compiler (but an editor's server), or does not
/// know its arguments.
pub(crate) fn options() -> Option<String> {
    let mut arguments = env::args_os().map(|text| text.to_string_lossy().into_owned());
    let program = arguments.next()?;
    // Cargo writes them to a file if they are too long for the system.
    let mut all = Vec::with_capacity(arguments.len());
    for argument in arguments {
        match argument.strip_prefix('@').map(fs::read_to_string) {
            Some(file) => all.extend(file.ok()?.lines().map(str::to_owned)),
            None => all.push(argument),
        }
    }
    // A wrapper may have named it otherwise; rustdoc, which compiles the tests in documentation, names no crate.
    let is_compiler = Path::new(&program).file_stem().is_some_and(|name| name == "rustc")
        || all.iter().any(|argument| argument == "--crate-name");
    is_compiler.then(|| among(&all).join("\n"))
}

fn among(arguments: &[String]) -> Vec<&str> {
    let mut found = Vec::new();
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        let option = match argument {
            "-C" | "-Z" | "--codegen" => arguments.next(),
            "-O" => Some("opt-level=3"),
            _ => ["-C", "-Z", "--codegen="].iter().find_map(|flag| argument.strip_prefix(flag)),
        };
        let name = |option: &&str| option.split('=').next().is_some_and(|name| !OF_ONE_BUILD.contains(&name));
        found.extend(option.filter(name));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_in_every_spelling() {
        let line = "--crate-name a --edition=2024 -C opt-level=1 -Cdebuginfo=2 -C metadata=0a -Zsanitizer=address -Z x \
                    --codegen target-cpu=native --codegen=lto -O --cfg test -C instrument-coverage";
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        assert_eq!(
            among(&arguments),
            [
                "opt-level=1",
                "debuginfo=2",
                "sanitizer=address",
                "x",
                "target-cpu=native",
                "lto",
                "opt-level=3",
                "instrument-coverage"
            ]
        );
    }
}
