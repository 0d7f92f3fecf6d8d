//! What is refused: one error for one mistake, on the token, and the item stays as it is without the attribute.
#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;

#[test]
fn mistakes_are_told_on_the_token() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

/// A comment marks each mistake.
#[test]
fn one_mistake_gives_one_error() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut sources = 0;
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).expect("the source can be read");
            let errors = fs::read_to_string(path.with_extension("stderr")).expect("the errors are known");
            let mistakes = source.lines().filter(|line| line.contains("// mistake")).count();
            let told = errors.lines().filter(|line| line.starts_with("error")).count();
            assert_eq!(told, mistakes, "{}", path.display());
            sources += 1;
        }
    }
    assert!(sources > 5, "{sources} sources");
}
