//! `counts [CRATE…]`: counts the instructions of tests twice while every processor has something else to do, and prints how many
//! counts differ and how much longer counting takes. The tests are those of `primes-demo` and published crates, as they were
//! published, and some of threads. It needs valgrind, and crates.io. `CARGO_MONITOR` names another build of the command.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::{env, fs, hint, thread};

use monitor_tests::published::{copied, online, source};
use monitor_tests::{Project, Run, cargo_monitor, manifest, repository, run};

/// Crates whose tests work on one thread and ask no clock, with what of them is tested.
const CRATES: [(&str, &str, &[&str]); 3] =
    [("semver", "1.0.28", &["--tests"]), ("dissimilar", "1.0.11", &["--lib"]), ("shlex", "2.0.1", &["--lib"])];

/// Of `primes-demo`: without the tests that take minutes.
const PRIMES: &[&str] = &["--lib", "--", "miller_rabin", "square_root", "all_agree"];

const THREADS: &str = include_str!("../fixtures/counted_threads.rs");

fn main() {
    let chosen: Vec<String> = env::args().skip(1).collect();
    let is_chosen = |name: &str| chosen.is_empty() || chosen.iter().any(|wanted| wanted == name);
    let mut projects: Vec<(&str, Project, &[&str])> = Vec::new();
    if is_chosen("primes-demo") {
        let manifest = include_str!("../fixtures/plants/primes-demo/manifest.toml");
        let project = Project::kept("counts/primes-demo", &[("Cargo.toml", manifest)]);
        copied(&repository().join("primes-demo"), Path::new("src"), &project);
        projects.push(("primes-demo", project, PRIMES));
    }
    for (name, version, tests) in CRATES.into_iter().filter(|(name, ..)| is_chosen(name)) {
        projects.push((name, published(name, version), tests));
    }
    if is_chosen("threads") {
        let manifest = manifest("counted-threads", "rayon = \"1\"\ntokio = { version = \"1\", features = [\"full\"] }");
        let project = Project::kept("counts/threads", &[("Cargo.toml", &manifest), ("src/lib.rs", THREADS)]);
        projects.push(("threads", project, &["--lib"]));
    }
    for (_, project, tests) in &projects {
        let _ =
            run(online(project.cargo(&[&["test", "--no-run", "--quiet"], tests[..1].as_ref()].concat()))).succeeded();
    }
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while !ends.load(Relaxed) {
                    hint::spin_loop();
                }
            });
        }
        for (name, project, tests) in &projects {
            twice(name, project, tests);
        }
        ends.store(true, Relaxed);
    });
}

/// The crate with the attribute on its tests.
fn published(name: &str, version: &str) -> Project {
    let source = source(name, version).unwrap_or_else(|| panic!("{name} {version} can be fetched"));
    let manifest = fs::read_to_string(source.join("Cargo.toml")).expect("a crate has a manifest");
    let manifest = if manifest.contains("[workspace]") { manifest } else { manifest + "\n[workspace]\n" };
    let project = Project::kept(&format!("counts/{name}"), &[("Cargo.toml", &manifest)]);
    let _ = fs::remove_file(project.path(".pymon-init.json"));
    copied(&source, Path::new(""), &project);
    let _ = monitor(&project, &["init", "--format=json", "--path", &repository().to_string_lossy()]);
    project
}

/// Counts twice, and prints what differs.
fn twice(name: &str, project: &Project, tests: &[&str]) {
    let _ = fs::remove_file(project.path(".pymon"));
    let runs = [(); 2].map(|()| monitor(project, &[&["test", "--instructions"], tests].concat()));
    let counts = project.database().rows(
        "select PATH || '::' || VARIANT, count(*), min(instructions), max(instructions) from TESTS \
         where instructions is not null group by 1 having count(*) > 1",
    );
    let differing: Vec<_> = counts.iter().filter(|row| row[2] != row[3]).collect();
    println!("{name}: {} tests counted twice, {} with equal counts", counts.len(), counts.len() - differing.len());
    for row in differing {
        let [least, most] = [&row[2], &row[3]].map(|count| count.parse::<f64>().unwrap_or(f64::NAN));
        println!("    {}: {} and {}, {:.4} %", row[0], row[2], row[3], 100.0 * (most / least - 1.0));
    }
    for line in runs[0].stderr.lines().filter(|line| line.contains("tests counted in")) {
        println!("    {line}");
    }
}

fn monitor(project: &Project, arguments: &[&str]) -> Run {
    let program = env::var_os("CARGO_MONITOR").map_or_else(cargo_monitor, PathBuf::from);
    let mut command = online(project.command(program));
    command.args(arguments);
    run(command).succeeded()
}
