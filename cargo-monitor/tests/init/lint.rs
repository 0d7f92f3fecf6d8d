//! Targets of which the lint `unused_crate_dependencies` asks that they name the runtime.

use std::fs;
use std::process::Command;

use monitor_tests::{Project, repository, run};

use super::{contents, init};

/// A macro that writes a test for one which hands attributes on, as nalgebra does for proptest's.
const THROUGH: &str = "\
use asking as _;

macro_rules! proptest {
    ($(#[$given:meta])* fn $name:ident($value:ident in $values:expr) $body:block) => {
        $(#[$given])*
        fn $name() {
            for $value in $values $body
        }
    };
}
macro_rules! make {
    ($name:ident) => {
        proptest! {
            #[test]
            fn $name(value in 0..9) {
                assert!(value < 9);
            }
        }
    };
}
make!(through);
";

/// As of crates that deny the lint, and that have a macro of their own with the name of a known one in a file of its own.
#[test]
fn every_target_says_that_it_has_the_runtime_where_rustc_is_to_ask() {
    let manifest = "[package]\nname = \"asking\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace.lints.rust]\n\
                    unused_crate_dependencies = { level = \"deny\", priority = 1 }\n[lints]\nworkspace = true\n\n\
                    [[bench]]\nname = \"own\"\nharness = false\n\n[workspace]\n";
    let using = "//! Why.\n\n/// What.\nuse std as _;\nuse asking as _;\n\nfn main() {}\n";
    let files = [
        ("Cargo.toml", manifest),
        ("src/lib.rs", "//! Why.\r\n\r\n/// What.\r\npub fn nothing() {}\r\n"),
        ("src/main.rs", using),
        ("benches/own.rs", using),
        ("examples/plain.rs", using),
        ("examples/allowed.rs", "#![allow(unused_crate_dependencies)]\nfn main() {}\n"),
        (
            "tests/with.rs",
            "use asking as _;\n#[macro_use]\nmod macros;\nquickcheck! { fn made() }\n#[test]\nfn plain() {}\n",
        ),
        ("tests/through.rs", THROUGH),
        (
            "tests/macros/mod.rs",
            "macro_rules! quickcheck {\n    (fn $name:ident()) => {\n        #[test]\n        fn $name() {}\n    };\n}\n",
        ),
    ];
    let project = Project::new(&files);
    let _ = init(&project, &[]).succeeded();
    let text = |path: &str| fs::read_to_string(project.path(path)).expect("the file can be read");
    let first = "//! Why.\r\n\r\n#[cfg(test)]\r\nuse monitor_runtime as _;\r\n\r\n/// What.\r\n";
    assert!(text("src/lib.rs").starts_with(first), "{}", text("src/lib.rs"));
    let first = "//! Why.\n\nuse monitor_runtime as _;\n\n/// What.\n";
    assert!(text("benches/own.rs").starts_with(first), "{}", text("benches/own.rs"));
    assert_eq!(text("examples/allowed.rs"), files[5].1);
    assert_eq!(text("tests/with.rs"), files[6].1.replace("#[test]\n", "#[test]\n#[monitor_runtime::monitored]\n"));
    let _ = project.test(&["--all-targets"]);
    let rows = project.database().column("select ITEM_VARIANT from TEST_METRICS order by 1");
    assert_eq!(rows, ["made", "plain", "through"]);
    let doctor = run({
        let mut command: Command = project.command(env!("CARGO_BIN_EXE_cargo-monitor"));
        command.arg("doctor");
        command
    });
    assert!(doctor.succeeded().stdout.contains("3 monitored, all that were found"));
    let after = contents(&project);
    let _ = init(&project, &[]).succeeded();
    assert_eq!(contents(&project), after, "a second run changes nothing");
    let _ = init(&project, &["--undo"]).succeeded();
    files.iter().for_each(|(path, before)| assert_eq!(text(path), *before, "{path}"));
}

/// The lint as each may set it, and whether that holds for the package.
#[test]
fn rustc_may_be_told_to_ask_by_flags_and_by_a_manifest_that_is_inherited() {
    const LINT: &str = "unused-crate-dependencies";
    let flags = format!("rustflags = [\"-D\", \"{LINT}\"]\n");
    let [build, target] = ["build", "target.'cfg(all())'"].map(|table| format!("[{table}]\n{flags}"));
    let shared = format!("[workspace.lints.rust]\n{LINT} = \"warn\"\n");
    let inherited = format!("{shared}[lints]\nworkspace = true\n");
    let denied = format!("-D{LINT}");
    let allowed = format!("{denied} -A {LINT}");
    for (manifest, config, variable, is_on) in [
        ("", &*build, "", true),
        ("", &target, "", true),
        ("", "", &*denied, true),
        ("", "", &allowed, false),
        (&inherited, "", "", true),
        (&inherited, "", &allowed, false),
        (&shared, "", "", false),
    ] {
        let manifest =
            format!("[package]\nname = \"asked\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n{manifest}");
        let example = "fn main() {}\n";
        let project = Project::new(&[
            ("Cargo.toml", &manifest),
            ("src/lib.rs", "#[test]\nfn one() {}\n"),
            ("examples/plain.rs", example),
            (".cargo/config.toml", config),
        ]);
        let text = || fs::read_to_string(project.path("examples/plain.rs")).expect("the file can be read");
        let variables: &[(&str, &str)] = if variable.is_empty() { &[] } else { &[("RUSTFLAGS", variable)] };
        let with = |name: &str, args: &[&str]| {
            let mut command: Command = project.command(env!("CARGO_BIN_EXE_cargo-monitor"));
            command.env_remove("RUSTFLAGS").envs(variables.iter().copied()).arg(name).args(args);
            run(command).succeeded().stdout
        };
        let case = format!("{manifest}{config}{variable}");
        let _ = with("init", &["--path", &repository().display().to_string()]);
        let named = format!("use monitor_runtime as _;\n\n{example}");
        assert_eq!(text(), if is_on { &named } else { example }, "{case}");
        assert!(!with("doctor", &[]).contains("lint"), "{case}");
        fs::write(project.path("examples/later.rs"), example).expect("a file can be written");
        let told = with("doctor", &[]);
        assert_eq!(told.contains("nothing uses the runtime in examples/later.rs"), is_on, "{case}: {told}");
        let _ = with("init", &["--undo"]);
        assert_eq!(text(), example, "{case}");
    }
}
