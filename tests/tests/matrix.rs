//! Every shape of a test, with `#[monitored]` at every place among its attributes.
#![forbid(unsafe_code)]

use monitor_tests::shapes::{self, Expected};
use monitor_tests::{Database, Project, Run, manifest, run};

/// Modules of shapes.
const SOURCES: &[(&str, &str)] = &[
    ("plain", include_str!("../fixtures/shapes/plain.rs")),
    ("asynchronous", include_str!("../fixtures/shapes/asynchronous.rs")),
    ("cases", include_str!("../fixtures/shapes/cases.rs")),
    ("wrapped", include_str!("../fixtures/shapes/wrapped.rs")),
];

const DEPENDENCIES: &str = "rstest = \"0.28\"\nserial_test = \"3\"\ntest-case = \"3\"\ntest-log = \"0.2\"\n\
                            tokio = { version = \"1\", features = [\"full\", \"test-util\"] }\n";

const LINTS: &str = "#![forbid(unsafe_code)]\n#![deny(warnings, clippy::all, clippy::pedantic)]\n";

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

fn assert_rows(shapes: &Shapes, database: &Database, krate: &str, only: impl Fn(&Expected) -> bool) {
    let mut problems = String::new();
    for module in &shapes.monitored {
        for (name, source) in SOURCES {
            if !shapes.project.path(&format!("src/{module}/{name}.rs")).exists() {
                continue;
            }
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

#[test]
fn every_place_records_the_same_rows() {
    let shapes = Shapes::new("2024");
    let (run, database) = shapes.record(&["test", "--lib", "--", "--include-ignored"]);
    println!("{}\n{}", run.stdout, run.stderr);
    assert_rows(&shapes, &database, "shapes_2024", |_| true);
}
