//! `cargo monitor init` on real projects: what it adds, what it leaves alone, what the tests then record, and back.
#![forbid(unsafe_code)]

mod lint;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use monitor_tests::{Project, Run, repository, run};

/// Every kind of test, as a stranger's crate has them, of which nothing but the tests may change.
const LIB: &str = r#"#![no_std]
#![deny(warnings, missing_docs)]
//! A library.

/// Adds.
///
/// ```
/// assert_eq!(stranger::add(1, 2), 3);
/// ```
pub fn add(a: u8, b: u8) -> u8 {
    a + b
}

#[test]
fn beside_the_code() {}

#[cfg_attr(all(), test)]
#[cfg(test)]
fn under_a_condition() {}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::String;

    use rstest::rstest;

    fn helper() -> u8 {
        super::add(1, 2)
    }

    #[test] // on its own line
    // why
    fn	plain()   { assert_eq!( helper(), 3 ) }

    #[test] fn on_one_line() {}

    #[test]
    #[should_panic(expected = "as it should")]
    /// Says why.
    fn panics() {
        panic!("as it should");
    }

    #[rstest]
    #[case(1)]
    #[case::named(2)]
    fn cases(#[case] a: u8) {
        assert!(a > 0);
    }

    #[tokio::test(
        flavor = "multi_thread"
    )]
    async fn asynchronous() -> Result<(), String> {
        Ok(())
    }

    use tokio::test as asynchronous_test;

    #[asynchronous_test]
    async fn by_another_name() {}

    macro_rules! make {
        ($name:ident) => {
            #[test]
            fn $name() {}
        };
    }

    make!(made);

    mod deeper {
        #[test]
        fn plain() {}
    }

    mod elsewhere;
}
"#;

const MEMBER: &str = "# mine\n[package]\nname = \"stranger\"   # the best\nversion = \"0.1.0\"\nedition = \"2018\"\n\n\
                      [dev-dependencies]\nrstest  =  \"0.28\"\ntokio.workspace = true\n\n# last\n[features]\n";

const ALLOCATING: &str = "[package]\nname = \"allocating\"\nversion = \"0.1.0\"\nedition = \"2015\"\n";

/// As tokio's `cfg_io! { mod … }` and `cfg_if!` have it.
const MODULES_IN_MACROS: &str = r#"
macro_rules! give_on {
    ($($item:item)*) => { $($item)* };
}
macro_rules! nothing {
    ($($any:tt)*) => {};
}
macro_rules! choose {
    (if yes { $($item:item)* } else $other:tt) => { $($item)* };
}

give_on! {
    mod given_on;

    #[test]
    fn in_a_macro() {}

    mod in_line {
        mod deeper;
        #[path = "elsewhere.rs"]
        mod by_path;
    }
}
nothing! { if mod nothing; { mod } (mod nothing;) }
choose! {
    if yes {
        mod chosen;
    } else {
        mod of_no_file;
    }
}

#[test]
fn plain() {}
"#;

const BARE: &str = "#[test]\nfn bare() {\n    let one = ::std::option::Option::Some(1);\n    ::std::assert_eq!(one, ::std::option::Option::Some(1));\n}\n";

const MADE: &str = "macro_rules! make {\n    ($name:ident) => {\n        #[test]\n        fn $name() {}\n    };\n}\nmake!(beside_an_allocator);\n";

/// A workspace without a root package: a member with all kinds of tests, one with an allocator in a test file, one without tests.
fn files() -> Vec<(&'static str, String)> {
    let workspace = "[workspace]\nresolver = \"3\"\nmembers = [\"one\", \"two\", \"three\"]\n\n[workspace.dependencies]\n\
                     tokio = { version = \"1\", features = [\"full\"] }\n";
    let allocator = "#[global_allocator]\nstatic ALLOCATOR: std::alloc::System = std::alloc::System;\n\n";
    vec![
        ("Cargo.toml", workspace.to_owned()),
        (".gitignore", "/target".to_owned()),
        ("one/Cargo.toml", MEMBER.to_owned()),
        ("one/src/lib.rs", LIB.to_owned()),
        ("one/src/tests/elsewhere.rs", "#[test]\r\nfn of_windows() {}\r\n".to_owned()),
        ("one/src/nobody.rs", "#[test]\nfn never_built() {}\n".to_owned()),
        ("one/tests/outside.rs", "#[test]\nfn outside() {\n    let _ = stranger::add(1, 2);\n}\n".to_owned()),
        ("one/tests/bare.rs", format!("#![no_implicit_prelude]\n\n{BARE}")),
        ("two/Cargo.toml", ALLOCATING.to_owned()),
        ("two/src/lib.rs", MODULES_IN_MACROS.to_owned()),
        ("two/src/given_on.rs", "#[test]\nfn given_on() {}\n".to_owned()),
        ("two/src/chosen.rs", "#[test]\nfn chosen() {}\n".to_owned()),
        ("two/src/in_line/deeper.rs", "#[test]\nfn deeper() {}\n".to_owned()),
        ("two/src/in_line/elsewhere.rs", "#[test]\nfn by_path() {}\n".to_owned()),
        ("two/src/main.rs", format!("{allocator}fn main() {}\n\n#[test]\nfn of_a_program() {{}}\n", "{}")),
        ("two/benches/alone.rs", format!("{allocator}fn main() {}\n", "{}")),
        ("two/tests/allocates.rs", format!("{allocator}#[test]\nfn allocates() {{\n    let _ = vec![1];\n}}\n")),
        ("two/tests/allocates_in_macros.rs", format!("{allocator}{MADE}")),
        ("two/tests/broken.txt", "#[test] fn {".to_owned()),
        ("three/Cargo.toml", ALLOCATING.replace("allocating", "testless")),
        ("three/src/lib.rs", "pub fn nothing() {}\n".to_owned()),
    ]
}

fn project() -> Project {
    let files = files();
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let project = Project::new(&files);
    let mut git = project.command("git");
    git.args(["init", "--quiet"]);
    let _ = run(git).succeeded();
    project
}

fn init(project: &Project, args: &[&str]) -> Run {
    let mut command: Command = project.command(env!("CARGO_BIN_EXE_cargo-monitor"));
    command.arg("init").args(args);
    run(command)
}

/// Every file of the project, without git's.
fn contents(project: &Project) -> BTreeMap<String, Vec<u8>> {
    fn read(root: &Path, folder: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).expect("a folder can be read") {
            let path = entry.expect("a folder can be read").path();
            let name = path.strip_prefix(root).expect("it is below").display().to_string();
            if path.is_dir() && name != ".git" {
                read(root, &path, all);
            } else if path.is_file() {
                all.insert(name, fs::read(&path).expect("a file can be read"));
            }
        }
    }
    let mut all = BTreeMap::new();
    read(project.root(), project.root(), &mut all);
    all
}

#[test]
fn a_workspace_is_set_up_runs_and_is_taken_back() {
    let project = project();
    let before = contents(&project);

    let dry = init(&project, &["--dry-run"]).succeeded();
    assert_eq!(contents(&project), before, "a dry run writes nothing");
    assert!(dry.stdout.contains("--- a/one/src/lib.rs\n+++ b/one/src/lib.rs\n@@"), "{}", dry.stdout);

    let done = init(&project, &["--format", "json"]).succeeded();
    assert!(done.stderr.ends_with("next: cargo monitor test\n"), "{}", done.stderr);
    let left = "no `mod` that is seen leads there from a target";
    assert!(done.stdout.contains(left), "{left} is not in {}", done.stdout);
    let after = contents(&project);
    let text = |path: &str| String::from_utf8(after[path].clone()).expect("it is text");
    assert_eq!(text(".gitignore"), "/target\n.pymon*\n");
    assert!(text("Cargo.toml").contains("\nmonitor-runtime = { path = \""), "{}", text("Cargo.toml"));
    assert_eq!(
        text("one/Cargo.toml"),
        MEMBER.replace("workspace = true\n", "workspace = true\nmonitor-runtime.workspace = true\n")
    );
    assert!(text("two/Cargo.toml").contains("\nmonitor-runtime.workspace = true\n"), "{}", text("two/Cargo.toml"));
    for test in ["allocates", "allocates_in_macros"] {
        let text = text(&format!("two/tests/{test}.rs"));
        assert!(text.starts_with("#[monitor_runtime::allocator]\nstatic ALLOCATOR: std"), "{text}");
    }
    let conditions = "#[cfg_attr(not(test), global_allocator)]\n#[cfg_attr(test, monitor_runtime::allocator)]\nstatic ALLOCATOR: std";
    assert!(text("two/src/main.rs").starts_with(conditions), "{}", text("two/src/main.rs"));
    assert_eq!(
        text("one/src/tests/elsewhere.rs"),
        "#[test]\r\n#[monitor_runtime::monitored]\r\nfn of_windows() {}\r\n"
    );
    assert!(text("one/tests/bare.rs").contains("#[::monitor_runtime::monitored]\n"), "{}", text("one/tests/bare.rs"));
    assert_eq!(text("Cargo.lock").as_bytes(), before["Cargo.lock"]);
    for untouched in
        ["three/Cargo.toml", "three/src/lib.rs", "one/src/nobody.rs", "two/tests/broken.txt", "two/benches/alone.rs"]
    {
        assert_eq!(after[untouched], before[untouched], "{untouched}");
    }
    let annotated = text("one/src/lib.rs");
    let lines = annotated.split_inclusive('\n').filter(|line| !line.ends_with("monitor_runtime::monitored]\n"));
    let lines: String = lines.filter(|line| !line.ends_with("monitor_runtime::monitored)]\n")).collect();
    assert_eq!(lines.replace("#[monitor_runtime::monitored] ", ""), LIB, "all else is as it was");

    let again = init(&project, &["--format", "json"]).succeeded();
    assert_eq!(contents(&project), after, "a second run changes nothing: {}", again.stdout);

    let tested = project.test(&["--workspace"]);
    let rows = project.database().column("select ITEM_VARIANT from TEST_METRICS order by 1");
    let expected = [
        "allocates",
        "asynchronous",
        "bare",
        "beside_an_allocator",
        "beside_the_code",
        "by_another_name",
        "by_path",
        "cases[1]",
        "cases[2]",
        "chosen",
        "deeper",
        "given_on",
        "in_a_macro",
        "made",
        "of_a_program",
        "of_windows",
        "on_one_line",
        "outside",
        "panics",
        "plain",
        "plain",
        "plain",
        "under_a_condition",
    ];
    assert_eq!(rows, expected, "{}", tested.stdout);
    assert_eq!(project.database().column("select distinct memory_source from TESTS"), ["heap"]);
    let _ = run(project.cargo(&["build", "--workspace"])).succeeded();

    let contents_when_built = contents(&project);

    // Others' lines change in the meantime.
    let edit = |text: &str| {
        text.replace("/// Adds.", "/// Adds two.").replace("panic!(\"as it should\");", "panic!(\"as it should\")")
    };
    project.write("one/src/lib.rs", &edit(&text("one/src/lib.rs")));
    project.write(".gitignore", &format!("{}more\n", text(".gitignore")));
    let undone = init(&project, &["--undo"]).succeeded();
    assert!(!undone.stderr.contains("left alone"), "{}", undone.stderr);
    let back = contents(&project);
    for (path, text) in &before {
        let text = String::from_utf8_lossy(text);
        let expected = match path.as_str() {
            "one/src/lib.rs" => edit(&text),
            ".gitignore" => "/targetmore\n".to_owned(),
            _ => text.into_owned(),
        };
        let found = String::from_utf8_lossy(&back[path]).replace("/target\nmore", "/targetmore");
        assert_eq!(found, expected, "{path}");
    }
    assert!(!back.contains_key(".pymon-init.json"));
    let lock = |files: &BTreeMap<String, Vec<u8>>| String::from_utf8_lossy(&files["Cargo.lock"]).into_owned();
    assert!(lock(&contents_when_built).contains("monitor-core"));
    let nothing = init(&project, &["--undo"]).succeeded();
    assert!(nothing.stderr.contains("nothing to take back"), "{}", nothing.stderr);
}

#[test]
fn modules_get_the_attribute_instead_of_their_tests() {
    let lib = "#[cfg(test)]\nmod tests {\n    #[test]\n    fn one() {}\n    mod inner {\n        #[test]\n        fn two() {}\n    }\n}\n\
               #[test]\nfn outside() {}\n";
    let manifest = "[package]\nname = \"by-modules\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    let project = Project::new(&[("Cargo.toml", manifest), ("src/lib.rs", lib)]);
    let _ = init(&project, &["--modules", "--path", &repository().display().to_string()]).succeeded();
    let text = fs::read_to_string(project.path("src/lib.rs")).expect("the file can be read");
    let expected = lib
        .replace("#[cfg(test)]\n", "#[cfg(test)]\n#[monitor_runtime::monitored]\n")
        .replace("#[test]\nfn outside", "#[test]\n#[monitor_runtime::monitored]\nfn outside");
    assert_eq!(text, expected);
    assert!(!project.path(".gitignore").exists(), "no repository, nothing to ignore");
    let _ = project.test(&["--lib"]);
    assert_eq!(project.database().column("select ITEM from TEST_METRICS order by 1"), ["one", "outside", "two"]);
    let told = init(&project, &["--git", "https://example.com/monitor.git"]).succeeded();
    assert!(told.stderr.contains("left as it is: by-modules depends on monitor-runtime already"), "{}", told.stderr);
    let _ = init(&project, &["--undo"]).succeeded();
    assert_eq!(fs::read_to_string(project.path("src/lib.rs")).expect("the file can be read"), lib);
    assert_eq!(fs::read_to_string(project.path("Cargo.toml")).expect("the file can be read"), manifest);
}

/// A package that depends on this one, which says that it links SQLite.
fn beside(name: &str, version: &str) -> Project {
    let manifest = format!(
        "[package]\nname = \"conflicting\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\n{name} = {{ path = \"sys\" }}\n"
    );
    let sys = format!(
        "[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\nlinks = \"sqlite3\"\nbuild = \"build.rs\"\n"
    );
    Project::new(&[
        ("Cargo.toml", &manifest),
        ("src/lib.rs", "#[test]\nfn plain() {}\n"),
        ("sys/Cargo.toml", &sys),
        ("sys/build.rs", "fn main() {}\n"),
        ("sys/src/lib.rs", ""),
    ])
}

#[test]
fn what_cargo_does_not_take_changes_nothing_and_is_foreseen() {
    for (name, version) in [("libsqlite3-sys", "0.20.0"), ("sqlite3-src", "0.7.0"), ("libsqlite3-sys", "0.30.0")] {
        let project = beside(name, version);
        let before = contents(&project);
        // The last is of a version that would do, but is not the registry's: cargo itself has to say so.
        let is_foreseen = version != "0.30.0";
        for how in [&["--dry-run"][..], &[]] {
            let refused = init(&project, how);
            assert_eq!(contents(&project), before);
            if how == ["--dry-run"] && !is_foreseen {
                let _ = refused.succeeded();
                continue;
            }
            assert_eq!(refused.code, Some(1), "{}", refused.stdout);
            assert!(refused.stderr.contains("links to the native library"), "{}", refused.stderr);
            if is_foreseen {
                for word in [name, version, "conflicting", "update the crate", "cargo monitor nextest"] {
                    assert!(refused.stderr.contains(word), "{word} is not in {}", refused.stderr);
                }
            }
        }
    }
}

/// As of memchr 2.8, whose macros hand functions to `quickcheck!`, which need no attribute to become tests.
#[test]
fn what_a_macro_hands_to_quickcheck_is_named() {
    let manifest = "[package]\nname = \"asked\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    let lib = "#[cfg(test)]\nmod tests {\n    macro_rules! q {\n        ($name:ident) => {\n            quickcheck::quickcheck! {\n                \
               fn $name(a: u8) -> bool { a < 9 }\n            }\n        };\n    }\n\n    q!(one);\n}\n";
    let project = Project::new(&[("Cargo.toml", manifest), ("src/lib.rs", lib)]);
    let done = init(&project, &[]).succeeded();
    assert!(done.stdout.contains("macro q") && done.stdout.contains("above fn"), "{done:?}");
    project.write("src/lib.rs", &lib.replace("fn $name", "#[monitor_runtime::monitored]\n                fn $name"));
    let again = init(&project, &[]).succeeded();
    assert!(!again.stdout.contains("macro q"), "{again:?}");
}

/// As of heck 0.5, whose tests are all made by a macro; but this one is for others too, who may not have the runtime.
#[test]
fn where_only_macros_make_tests_all_but_the_attribute_is_there() {
    let manifest = "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    let lib = "#[cfg(test)]\nmod tests {\n    #[macro_export]\n    macro_rules! t {\n        ($name:ident) => {\n            #[test]\n            \
               fn $name() {}\n        };\n    }\n\n    t!(one);\n}\n";
    let project = Project::new(&[("Cargo.toml", manifest), ("src/lib.rs", lib)]);
    let done = init(&project, &[]).succeeded();
    assert!(done.stdout.contains("macro t") && done.stdout.contains("below its #[test]"), "{done:?}");
    assert!(done.stderr.contains("next: write the attribute where the list says"), "{done:?}");
    let written = fs::read_to_string(project.path("Cargo.toml")).expect("the manifest");
    assert!(written.contains("monitor-runtime = { path"), "{written}");
    assert_eq!(fs::read_to_string(project.path("src/lib.rs")).expect("the source"), lib);
    project.write("src/lib.rs", &lib.replace("#[test]\n", "#[test]\n            #[monitor_runtime::monitored]\n"));
    let again = init(&project, &[]).succeeded();
    assert!(!again.stdout.contains("macro t"), "{again:?}");
    let _ = init(&project, &["--undo"]).succeeded();
    assert_eq!(fs::read_to_string(project.path("Cargo.toml")).expect("the manifest"), manifest);
}

#[test]
fn what_can_not_be_done_is_told() {
    let manifest = "[package]\nname = \"untested\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    let project = Project::new(&[("Cargo.toml", manifest), ("src/lib.rs", "fn f() {\n")]);
    let nothing = init(&project, &[]).succeeded();
    assert!(
        nothing.stdout.contains("it does not parse") && nothing.stderr.contains("there are no tests to monitor"),
        "{nothing:?}"
    );
    assert!(!project.path(".pymon-init.json").exists());
    let unknown = init(&project, &["--package", "nobody"]);
    assert!(unknown.code == Some(1) && unknown.stderr.contains("no package nobody"), "{unknown:?}");
    let nowhere = init(&project, &["--path", "."]);
    assert!(nowhere.code == Some(1) && nowhere.stderr.contains("is not a clone"), "{nowhere:?}");
}
