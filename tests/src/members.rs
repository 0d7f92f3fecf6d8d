//! A workspace of three packages with unit, integration and doc tests.

use crate::{Project, manifest};

/// The members' folders.
pub const MEMBERS: [&str; 3] = ["one", "two", "three"];
/// Monitored tests that `cargo nextest run` runs in each member: three unit tests and one from outside.
pub const TESTS_PER_MEMBER: usize = 4;
/// Doc tests of each member, which `cargo test` runs too.
pub const DOC_TESTS_PER_MEMBER: usize = 2;

/// The workspace, kept under a name that no other test binary uses.
#[must_use]
pub fn workspace(name: &str) -> Project {
    let members = MEMBERS.join("\", \"");
    let mut files =
        vec![("Cargo.toml".to_owned(), format!("[workspace]\nresolver = \"3\"\nmembers = [\"{members}\"]\n"))];
    for member in MEMBERS {
        let package = format!("{name}-{member}");
        let source = |text: &str| text.replace("{{crate}}", &package.replace('-', "_"));
        files.extend([
            (format!("{member}/Cargo.toml"), manifest(&package, "").replace("[workspace]\n", "")),
            (format!("{member}/src/lib.rs"), source(include_str!("../fixtures/member.rs"))),
            (format!("{member}/tests/outside.rs"), source(include_str!("../fixtures/member_outside.rs"))),
        ]);
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    Project::kept(name, &files)
}
