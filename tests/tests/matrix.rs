//! Every shape of a test, with `#[monitored]` at every place among its attributes.
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use monitor_tests::shapes::{self, Expected};
use monitor_tests::{Database, Project, Run, manifest, run};

/// Modules of shapes.
const SOURCES: &[(&str, &str)] = &[
    ("plain", include_str!("../fixtures/shapes/plain.rs")),
    ("asynchronous", include_str!("../fixtures/shapes/asynchronous.rs")),
    ("cases", include_str!("../fixtures/shapes/cases.rs")),
    ("wrapped", include_str!("../fixtures/shapes/wrapped.rs")),
    ("measured", include_str!("../fixtures/shapes/measured.rs")),
];

const DEPENDENCIES: &str = "rstest = \"0.28\"\nserial_test = \"3\"\ntest-case = \"3\"\ntest-log = \"0.2\"\n\
                            tokio = { version = \"1\", features = [\"full\", \"test-util\"] }\n";

/// Every lint there is for an expansion to break.
const LINTS: &str = "#![forbid(unsafe_code)]
#![warn(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    future_incompatible,
    let_underscore,
    missing_debug_implementations,
    missing_docs,
    nonstandard_style,
    rust_2018_idioms,
    rust_2024_compatibility,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_pub,
    unused,
    unused_extern_crates,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]
";

/// A crate that has all shapes in modules: `without` the attribute, with it `at_0`, `at_1`, … of their places, and `within`
/// modules that have it.
struct Shapes {
    project: Project,
    monitored: Vec<String>,
}

impl Shapes {
    fn new(edition: &str) -> Self {
        let mut files = Vec::new();
        let mut modules = vec!["without".to_owned(), "within".to_owned()];
        for (name, source) in SOURCES {
            files.push((format!("src/without/{name}.rs"), (*source).to_owned()));
            files.push((format!("src/within/{name}.rs"), shapes::monitored_module(source)));
            for place in 0.. {
                let Some(text) = shapes::monitored_at(source, place) else { break };
                modules.push(format!("at_{place}"));
                files.push((format!("src/at_{place}/{name}.rs"), text));
            }
        }
        modules.sort();
        modules.dedup();
        let mut lib = LINTS.to_owned();
        for module in &modules {
            let inner: String = SOURCES
                .iter()
                .filter(|(name, _)| files.iter().any(|(path, _)| *path == format!("src/{module}/{name}.rs")))
                .map(|(name, _)| format!("    mod {name};\n"))
                .collect();
            lib += &format!("\n#[cfg(test)]\nmod {module} {{\n{inner}}}\n");
        }
        let name = format!("shapes-{edition}");
        let manifest = manifest(&name, DEPENDENCIES).replace("edition = \"2024\"", &format!("edition = \"{edition}\""));
        files.extend([("src/lib.rs".to_owned(), lib), ("Cargo.toml".to_owned(), manifest)]);
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        modules.retain(|module| module != "without");
        Self { project: Project::kept(&name, &files), monitored: modules }
    }

    /// A crate name's form of the package's.
    fn crate_name(&self) -> String {
        self.project.root().file_name().expect("a project has a name").to_string_lossy().replace('-', "_")
    }

    /// The monitored modules that have a module `name` of shapes.
    fn having(&self, name: &str) -> impl Iterator<Item = &String> {
        let path = move |module: &String| self.project.path(&format!("src/{module}/{name}.rs"));
        self.monitored.iter().filter(move |module| path(module).exists())
    }

    /// Runs a command that records into a new file.
    fn record(&self, args: &[&str]) -> (Run, Database) {
        let path = self.project.path(&format!("{}.pymon", args.join("-").replace('/', "-")));
        let _ = std::fs::remove_file(&path);
        let mut command = self.project.cargo(args);
        command.env("MONITOR_DB", &path);
        let run = run(command);
        assert!(path.exists(), "{}{}", run.stdout, run.stderr);
        (run, Database::open(&path))
    }
}

/// The rows of a module of shapes.
fn rows(database: &Database, path: &str) -> Vec<(String, String, String)> {
    let sql = format!(
        "select ITEM, ITEM_VARIANT, OUTCOME from TEST_METRICS
         join TEST_PROFILES using (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME)
         where ITEM_PATH = '{path}' order by 1, 2, 3"
    );
    database.rows(&sql).into_iter().map(|row| row.try_into().map(|[a, b, c]: [String; 3]| (a, b, c)).unwrap()).collect()
}

fn assert_rows(shapes: &Shapes, database: &Database, only: impl Fn(&Expected) -> bool) {
    let krate = shapes.crate_name();
    let mut problems = String::new();
    for (name, source) in SOURCES {
        for module in shapes.having(name) {
            let tests = if module == "within" { "::tests" } else { "" };
            let found = rows(database, &format!("{krate}::{module}::{name}{tests}"));
            let mut expected: Vec<_> = shapes::expected(source)
                .into_iter()
                .filter(&only)
                .map(|row| (row.item, row.variant, row.outcome))
                .collect();
            expected.sort();
            for row in expected.iter().filter(|row| !found.contains(row)) {
                problems += &format!("{module}::{name} lacks {row:?}\n");
            }
            for row in found.iter().filter(|row| !expected.contains(row)) {
                problems += &format!("{module}::{name} has {row:?}\n");
            }
            if found.len() != expected.len() {
                problems += &format!("{module}::{name} has {} rows, not {}\n", found.len(), expected.len());
            }
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

/// What a run of the tests of `MODULE::NAME::` printed, without what differs from run to run.
fn printed(shapes: &Shapes, module: &str, name: &str) -> String {
    let mut command =
        shapes.project.cargo(&["test", "--lib", "--", "--test-threads=1", "--show-output", "--include-ignored"]);
    command.arg(format!("{module}::{name}::")).env("MONITOR_DB", shapes.project.path("printed.pymon"));
    let run = run(command);
    assert_eq!(run.code, Some(101), "{}{}", run.stdout, run.stderr);
    let stderr = run.stderr.lines().filter(|line| line.starts_with("error"));
    let lines = run.stdout.lines().chain(stderr).map(|line| {
        let line = line.replace(&format!("src/{module}/"), "src/").replace(&format!("{module}::"), "");
        let line = if module == "within" { line.replace("::tests::", "::") } else { line };
        let line = match (line.starts_with("thread '"), line.split_once("' ("), line.split_once(") panicked at ")) {
            (true, Some((thread, _)), Some((_, place))) => format!("{thread}' panicked at {place}"),
            _ => line,
        };
        line.split_once("; finished in").map_or(line.clone(), |(line, _)| line.to_owned())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What backtraces say of the user's functions: where each panic was, and name and place of the frames. What an attribute wrote
/// stands at the attribute.
fn backtraces(shapes: &Shapes, module: &str, name: &str) -> Vec<String> {
    let mut command = shapes.project.cargo(&["test", "--lib", "--", "--test-threads=1", "--include-ignored"]);
    command.arg(format!("{module}::{name}::")).env("RUST_BACKTRACE", "1").env("MONITOR", "1");
    command.env("MONITOR_DB", shapes.project.path("backtraces.pymon"));
    let run = run(command);
    let own = format!("src/{module}/");
    let (_, source) = SOURCES.iter().find(|(known, _)| *known == name).expect("a module of shapes");
    let mut frames = Vec::new();
    let mut function = "";
    for line in run.stdout.lines() {
        if let Some((_, place)) = line.split_once(" panicked at ") {
            frames.push(format!("panic at {}", place.replace(&own, "")));
        } else if let Some((_, name)) = line.trim().split_once(": ").filter(|(number, _)| number.parse::<u32>().is_ok())
        {
            function = name.trim_end_matches("::{{closure}}");
        } else if let Some((_, place)) = line.split_once("at ./").and_then(|(_, path)| path.split_once(&own)) {
            let line: usize = place.split(':').nth(1).and_then(|line| line.parse().ok()).expect("a frame has a line");
            if source.lines().nth(line - 1).is_some_and(|line| line.starts_with('#')) {
                continue;
            }
            frames.push(format!("{} at {place}", function.replace(&format!("{module}::"), "")));
        }
    }
    frames
}

/// The warnings of each module: file, line, text.
fn lints(shapes: &Shapes) -> BTreeMap<String, BTreeSet<String>> {
    let run = run(shapes.project.cargo(&["clippy", "--tests", "--message-format=short"])).succeeded();
    let mut lints = BTreeMap::<_, BTreeSet<_>>::new();
    for line in run.stderr.lines() {
        let Some((module, rest)) = line.strip_prefix("src/").and_then(|line| line.split_once('/')) else { continue };
        let mut parts = rest.splitn(4, ':');
        let (Some(file), Some(line), _, Some(text)) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        lints.entry(module.to_owned()).or_default().insert(format!("{file}:{line}:{text}"));
    }
    lints
}

fn assert_no_lints_of_ours(shapes: &Shapes) {
    let lints = lints(shapes);
    let without = &lints["without"];
    assert!(without.iter().any(|lint| lint.contains("`#[ignore]` without reason")), "clippy looks: {without:#?}");
    for module in &shapes.monitored {
        let ours: Vec<_> = lints.get(module).into_iter().flatten().filter(|lint| !without.contains(*lint)).collect();
        assert!(ours.is_empty(), "{module}: {ours:#?}");
    }
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| Shapes::new("2024"));

#[test]
fn every_place_records_the_same_rows() {
    let (_, database) = SHAPES.record(&["test", "--lib"]);
    assert_rows(&SHAPES, &database, |row| !row.ignored);
    let (_, database) = SHAPES.record(&["test", "--lib", "--", "--ignored"]);
    assert_rows(&SHAPES, &database, |row| row.ignored);
}

#[test]
fn only_the_body_is_measured() {
    let (_, database) = SHAPES.record(&["test", "--lib", "::measured::", "--", "--test-threads=8"]);
    let wrong = database.rows(
        "select path, variant, attribution, heap_allocated_bytes, allocations from TESTS
         where heap_allocated_bytes <> 1000 or allocations <> 1",
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Whoever holds the lock is measured, whoever waits for it is not yet.
    let locked = "select item_path || item_variant test, julianday(ITEM_START_TIME) * 86400.0 start, TOTAL_TIME seconds
                  from TEST_METRICS where ITEM like 'locked%'";
    let held: f64 = database.number(&format!("select sum(seconds) from ({locked})"));
    assert!(held > 0.02 * 4.0 * 3.0, "{held} s under the lock");
    let overlapping = database.rows(&format!(
        "select a.test, b.test from ({locked}) a join ({locked}) b
         on a.test < b.test and max(a.start, b.start) < min(a.start + a.seconds, b.start + b.seconds) - 0.001"
    ));
    assert!(overlapping.is_empty(), "{overlapping:#?}");
}

#[test]
fn explicit_parameters_are_named_the_same() {
    let path = SHAPES.project.path("explicit.pymon");
    let _ = std::fs::remove_file(&path);
    let mut command = SHAPES.project.cargo(&["test", "--lib", "::cases::"]);
    command.env("MONITOR_DB", &path).env("MONITOR_EXPLICIT_PARAMETERS", "1");
    let _ = run(command);
    let database = Database::open(&path);
    let krate = SHAPES.crate_name();
    let above = rows(&database, &format!("{krate}::at_0::cases"));
    let variants: Vec<_> = above.iter().map(|(_, variant, _)| variant.as_str()).collect();
    for variant in [
        "test_p[asint=10, asstr=10]",
        "product[number=2, flag=true, letter=b]",
        "cases_and_lists[word=two, number=1]",
        "without_debug[secret=case_1]",
        "async_cases[number=1]",
        "doubled[number=2, expected=4]",
        "borrowed[text=a, numbers=[1, 2]]",
        "async_case[number=1]",
    ] {
        assert!(variants.contains(&variant), "{variant} is not in {variants:#?}");
    }
    for module in SHAPES.having("cases") {
        let tests = if module == "within" { "::tests" } else { "" };
        assert_eq!(rows(&database, &format!("{krate}::{module}::cases{tests}")), above, "{module}");
    }
}

#[test]
fn nextest_records_the_same_rows() {
    let (_, database) = SHAPES.record(&["nextest", "run", "--no-fail-fast", "--run-ignored=all"]);
    assert_rows(&SHAPES, &database, |_| true);
}

#[test]
fn what_tests_print_is_unchanged() {
    for (name, _) in SOURCES {
        let without = printed(&SHAPES, "without", name);
        for module in SHAPES.having(name) {
            let with = printed(&SHAPES, module, name);
            let differing = with.lines().zip(without.lines()).find(|(with, without)| with != without);
            assert!(with == without, "{module}::{name}: {differing:#?}");
        }
    }
}

#[test]
fn backtraces_name_the_same_functions_and_lines() {
    for (name, _) in SOURCES {
        let without = backtraces(&SHAPES, "without", name);
        for module in ["at_0", "at_1"] {
            let with = backtraces(&SHAPES, module, name);
            let mut rest = with.iter();
            for frame in &without {
                assert!(rest.any(|ours| ours == frame), "{module}::{name} lacks {frame}: {with:#?}");
            }
        }
    }
    let frames = backtraces(&SHAPES, "at_0", "plain");
    let deep = [
        "panic at plain.rs:37:5:",
        "shapes_2024::plain::deep at plain.rs:37:5",
        "shapes_2024::plain::deep at plain.rs:38:5",
    ];
    assert!(frames.windows(3).any(|three| three == deep), "{frames:#?}");
}

#[test]
fn expansions_add_no_lints() {
    assert_no_lints_of_ours(&SHAPES);
}

#[test]
fn edition_2021_records_the_same_rows() {
    let shapes = Shapes::new("2021");
    let (_, database) = shapes.record(&["test", "--lib", "--", "--include-ignored"]);
    assert_rows(&shapes, &database, |_| true);
    assert_no_lints_of_ours(&shapes);
}
