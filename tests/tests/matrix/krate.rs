//! The crate that has all shapes at all places.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use monitor_tests::{Database, Project, Run, manifest, run, shapes};

/// Modules of shapes.
pub const SOURCES: &[(&str, &str)] = &[
    ("plain", include_str!("../../fixtures/shapes/plain.rs")),
    ("asynchronous", include_str!("../../fixtures/shapes/asynchronous.rs")),
    ("cases", include_str!("../../fixtures/shapes/cases.rs")),
    ("wrapped", include_str!("../../fixtures/shapes/wrapped.rs")),
    ("short", include_str!("../../fixtures/shapes/short.rs")),
    ("aliased", include_str!("../../fixtures/shapes/aliased.rs")),
    ("measured", include_str!("../../fixtures/shapes/measured.rs")),
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
pub struct Shapes {
    project: Project,
    binary: OnceLock<PathBuf>,
    monitored: Vec<String>,
    /// The modules that have a module of shapes, and its name.
    having: Vec<(String, &'static str)>,
}

impl Shapes {
    pub fn new(edition: &str) -> Self {
        let mut having: Vec<(String, &str)> = Vec::new();
        let mut files: Vec<(String, String)> = Vec::new();
        let mut add = |module: String, name: &'static str, text: String| {
            files.push((format!("src/{module}/{name}.rs"), text));
            having.push((module, name));
        };
        for (name, source) in SOURCES {
            add("without".to_owned(), name, (*source).to_owned());
            add("within".to_owned(), name, shapes::monitored_module(source));
            let places = (0..).map_while(|place| Some((place, shapes::monitored_at(source, place)?)));
            places.for_each(|(place, text)| add(format!("at_{place}"), name, text));
        }
        having.sort();
        let mut lib = LINTS.to_owned();
        for of_one in having.chunk_by(|(one, _), (other, _)| one == other) {
            let names: String = of_one.iter().map(|(_, name)| format!("    mod {name};\n")).collect();
            lib += &format!("\n#[cfg(test)]\nmod {} {{\n{names}}}\n", of_one[0].0);
        }
        let name = format!("shapes-{edition}");
        let manifest = manifest(&name, DEPENDENCIES).replace("edition = \"2024\"", &format!("edition = \"{edition}\""));
        files.extend([("src/lib.rs".to_owned(), lib), ("Cargo.toml".to_owned(), manifest)]);
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let mut monitored: Vec<_> = having.iter().map(|(module, _)| module.clone()).collect();
        monitored.dedup();
        monitored.retain(|module| module != "without");
        Self { project: Project::kept(&name, &files), binary: OnceLock::new(), monitored, having }
    }

    /// A crate name's form of the package's.
    pub fn crate_name(&self) -> String {
        self.project.root().file_name().expect("a project has a name").to_string_lossy().replace('-', "_")
    }

    /// The monitored modules that have a module `name` of shapes.
    pub fn having(&self, name: &str) -> impl Iterator<Item = &String> {
        let having = move |module: &&String| self.having.iter().any(|(one, known)| one == *module && *known == name);
        self.monitored.iter().filter(having)
    }

    /// All monitored modules.
    pub fn monitored(&self) -> &[String] {
        &self.monitored
    }

    /// `cargo ARGS`.
    pub fn cargo(&self, args: &[&str]) -> Command {
        self.project.cargo(args)
    }

    /// What `cargo ARGS` with these variables records; its tests may fail.
    pub fn record(&self, name: &str, args: &[&str], variables: &[(&str, &str)]) -> Database {
        let path = self.project.path(&format!("{name}.pymon"));
        let _ = fs::remove_file(&path);
        let mut command = self.cargo(args);
        command.env("MONITOR_DB", &path).envs(variables.iter().copied());
        let run = run(command);
        assert!(path.exists(), "{}{}", run.stdout, run.stderr);
        Database::open(&path)
    }

    /// Runs the tests of `MODULE::NAME::` one by one.
    pub fn run(&self, module: &str, name: &str, backtraces: &str) -> Run {
        let binary = self.binary.get_or_init(|| self.project.test_binary());
        let mut command = self.project.command(binary);
        command.args(["--test-threads=1", "--show-output", "--include-ignored"]).arg(format!("{module}::{name}::"));
        command.env("RUST_BACKTRACE", backtraces).env("MONITOR_DB", self.project.path("run.pymon"));
        run(command)
    }
}
