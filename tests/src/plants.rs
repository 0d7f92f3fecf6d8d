//! Changes planted into crates that others have written, to see whether `cargo monitor explain` names them.
//!
//! `tests/fixtures/plants` has a folder for each crate, with a manifest, tests if the crate has none to use, and a patch for each
//! plant. The head of a patch says of which round it is, what kind of change it is, of which test, by what it shows, and what is to be named: parts of
//! a function's or a package's name, or lines of a file, separated by `|`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::database::Database;
use crate::project::{Project, Run, repository, run, target};
use crate::published::{copied, online, source};

/// Cases of `primes-demo` that take minutes where nothing is optimised; nothing is planted for them.
const WITHOUT_LONG_ONES: [&str; 5] =
    ["--", "--skip", "all_divisors::tests::test_prime::case_5", "--skip", "sieve::tests::test_prime::case_5"];

/// A planted change.
#[derive(Clone, Debug)]
pub struct Plant {
    /// The folder of the crate.
    pub base: String,
    /// The patch.
    pub name: String,
    /// Slower, quadratic, larger buffer…
    pub kind: String,
    /// `instructions`, or the figure of memory that changes: `heap_total`, `heap_peak`, `heap_end`.
    pub by: String,
    /// `tuned`, or in which round it was first seen: plants were judged before anything was mended for their round.
    pub set: String,
    test: String,
    expected: String,
    patch: PathBuf,
}

/// What `explain` said of a plant.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Row of the table in which what was planted stands, counted from 1.
    pub rank: Option<usize>,
    /// How much of the test's cost was planted.
    pub share: f64,
    /// What stands in the first row.
    pub first: String,
}

/// A crate with its repository.
#[derive(Debug)]
pub struct Base {
    project: Project,
    monitor: PathBuf,
    commit: String,
}

/// The crates into which something is planted, by name.
///
/// # Panics
///
/// If the folder is not there.
#[must_use]
pub fn bases() -> Vec<String> {
    let folders = fs::read_dir(folder("")).expect("the crates can be listed").flatten();
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// All plants of a crate.
///
/// # Panics
///
/// If there is no such folder.
#[must_use]
pub fn plants(base: &str) -> Vec<Plant> {
    let files = fs::read_dir(folder(base)).expect("the plants can be listed").flatten().map(|entry| entry.path());
    let mut patches: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "patch")).collect();
    patches.sort();
    patches.into_iter().map(|path| Plant::read(base, path)).collect()
}

fn folder(base: &str) -> PathBuf {
    repository().join("tests/fixtures/plants").join(base)
}

impl Plant {
    fn read(base: &str, patch: PathBuf) -> Self {
        let text = fs::read_to_string(&patch).expect("a patch can be read");
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_else(|| panic!("{}: no {name}", patch.display())).to_owned()
        };
        let name = patch.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self {
            base: base.to_owned(),
            name,
            kind: field("kind"),
            by: field("by"),
            set: field("set"),
            test: field("test"),
            expected: field("expected"),
            patch,
        }
    }

    /// Whether this row names what was planted.
    fn is_named(&self, function: &str, place: &str, package: &str) -> bool {
        let (file, line) = place.rsplit_once(':').unwrap_or((place, ""));
        let is_within = |lines: &str| {
            let bounds = lines.split_once('-').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
            bounds
                .zip(line.parse().ok())
                .is_some_and(|((from, to), line): ((u32, u32), u32)| from <= line && line <= to)
        };
        self.expected.split('|').any(|expected| match expected.rsplit_once(".rs:") {
            Some((path, lines)) => file.ends_with(&format!("{path}.rs")) && is_within(lines),
            None => function.contains(expected) || package.split(' ').next() == Some(expected),
        })
    }
}

impl Base {
    /// Makes the repository, for this build of the command; `None` if the crate can't be fetched.
    ///
    /// # Panics
    ///
    /// If something else fails.
    #[must_use]
    pub fn new(name: &str, monitor: &Path) -> Option<Self> {
        let manifest = fs::read_to_string(folder(name).join("manifest.toml")).expect("there is a manifest");
        let version = manifest.lines().find_map(|line| line.strip_prefix("version = ")).expect("it has a version");
        let source =
            if name == "primes-demo" { repository().join(name) } else { source(name, version.trim_matches('"'))? };
        let ignored = "target\n.pymon*\n";
        let project = Project::kept(&format!("plants/{name}"), &[("Cargo.toml", &manifest), (".gitignore", ignored)]);
        copied(&source, Path::new("src"), &project);
        if let Ok(tests) = fs::read_to_string(folder(name).join("tests.rs")) {
            project.write("tests/plants.rs", &tests);
        }
        let _ = fs::remove_dir_all(project.path(".git"));
        let _ = fs::remove_file(project.path(".pymon"));
        let base = Self { project, monitor: monitor.to_owned(), commit: String::new() };
        let _ = base.project.git(&["init", "--quiet"]);
        let _ = base.monitor(&[&["test", "--quiet"], base.chosen(), &WITHOUT_LONG_ONES].concat()).succeeded();
        let commit = base.project.commit("base");
        Some(Self { commit, ..base })
    }

    /// Plants the change and asks what became dearer.
    ///
    /// # Errors
    ///
    /// What the command said, if it gave no answer.
    ///
    /// # Panics
    ///
    /// If the patch does not apply.
    pub fn explain(&self, plant: &Plant) -> Result<Answer, String> {
        let _ = self.project.git(&["checkout", "--quiet", "--force", "--detach", &self.commit]);
        // With this repository's path in it.
        let patch = fs::read_to_string(&plant.patch).expect("a patch can be read");
        self.project.write(".git/plant.patch", &patch);
        let _ = self.project.git(&["apply", "-p0", ".git/plant.patch"]);
        // What it depends on may have changed with it.
        let _ = run(online(self.project.cargo(&["metadata", "--format-version=1"]))).succeeded();
        let head = self.project.commit(&plant.name);
        let asked = ["explain", &plant.test, &self.commit, &head, "--build", "--all", "--format=json", "--"];
        let said = self.monitor(&[&asked, self.chosen()].concat());
        match serde_json::from_str(&said.stdout) {
            Ok(document) => Ok(self.answer(plant, &document)),
            Err(_) => Err(said.stderr),
        }
    }

    /// Variants of the tests that were counted at the commit of the last question.
    ///
    /// # Panics
    ///
    /// If a file can't be read.
    #[must_use]
    pub fn counted_variants(&self) -> BTreeSet<String> {
        let counted = format!(
            "select variant from TESTS where session = (select session from TESTS where revision = '{}' \
             and instructions is not null order by session_date desc limit 1)",
            self.project.git(&["rev-parse", "HEAD"])
        );
        let folders = fs::read_dir(target().join("monitor")).expect("commits were counted").flatten();
        let files = folders.map(|folder| folder.path().join("commits.pymon")).filter(|file| file.exists());
        files.flat_map(|file| Database::open(&file).column(&counted)).collect()
    }

    /// The tests that are built: crates' own ones may need what is not there.
    fn chosen(&self) -> &[&str] {
        if self.project.path("tests/plants.rs").exists() { &["--test=plants"] } else { &[] }
    }

    fn answer(&self, plant: &Plant, said: &Value) -> Answer {
        let empty = Vec::new();
        let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let (table, key) = if plant.by == "instructions" { ("functions", "function") } else { ("heap", "site") };
        let rows: Vec<[String; 3]> = said[table]
            .as_array()
            .unwrap_or(&empty)
            .iter()
            .map(|row| {
                let name = text(row, key);
                let innermost = name.split(" < ").next().unwrap_or_default().to_owned();
                [format!("{innermost} {}", text(row, "inlined")), text(row, "place"), text(row, "package")]
            })
            .collect();
        let at = rows.iter().position(|[function, place, package]| plant.is_named(function, place, package));
        let facts = &said["explanation"];
        let share = match plant.by.as_str() {
            "instructions" => {
                facts["difference"].as_f64().unwrap_or(0.0) / facts["base_instructions"].as_f64().unwrap_or(f64::NAN)
            }
            by => {
                let (changed, of) = match by {
                    "heap_total" => ("total_change_bytes", "heap_allocated_bytes"),
                    "heap_peak" => ("peak_change_bytes", "heap_peak_bytes"),
                    _ => ("end_change_bytes", "heap_peak_bytes"),
                };
                let sites = said[table].as_array().unwrap_or(&empty);
                sites.iter().filter_map(|site| site[changed].as_f64()).sum::<f64>()
                    / self.project.database().number(&format!(
                        "select {of} from TESTS where PATH || '.' || VARIANT glob '*{}*' limit 1",
                        plant.test
                    ))
            }
        };
        Answer { rank: at.map(|at| at + 1), share, first: rows.first().map(|row| row.join("  ")).unwrap_or_default() }
    }

    fn monitor(&self, arguments: &[&str]) -> Run {
        let mut command = online(self.project.command(&self.monitor));
        command.args(arguments);
        run(command)
    }
}
