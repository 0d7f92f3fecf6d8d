//! SQLite beside the one that a project has already: a graph holds one package that links it.
#![forbid(unsafe_code)]

use std::process::Command;

use monitor_tests::markdown::Document;
use monitor_tests::{Project, Run, manifest, run, skipped};

/// A test that uses the project's own SQLite; our row of it goes through the same library.
const LIB: &str = r#"
#[cfg(test)]
mod tests {
    #[monitor_runtime::monitored]
    #[test]
    fn asks() {
        let memory = rusqlite::Connection::open_in_memory().unwrap();
        let answer: i64 = memory.query_row("SELECT 6 * 7", [], |row| row.get(0)).unwrap();
        assert_eq!(answer, 42);
    }
}
"#;

/// Runs a cargo that may ask the registry; `None` if it can't be reached.
fn online(project: &Project, args: &[&str]) -> Option<Run> {
    let mut cargo = project.cargo(args);
    cargo.env("CARGO_NET_OFFLINE", "false");
    let run = run(cargo);
    let unreachable = ["failed to query", "failed to download", "Could not resolve", "failed to fetch"];
    if run.code != Some(0) && unreachable.iter().any(|words| run.stderr.contains(words)) {
        skipped("the registry can't be reached, so other versions of SQLite's crates are not tried");
        return None;
    }
    Some(run)
}

#[test]
fn the_oldest_rusqlite_carries_the_store() {
    let oldest = manifest("links-oldest", "rusqlite = { version = \"=0.25.4\", features = [\"bundled\"] }");
    let project = Project::new(&[("Cargo.toml", &oldest), ("src/lib.rs", LIB)]);
    let Some(run) = online(&project, &["test", "--lib"]) else { return };
    assert!(run.succeeded().stdout.contains("1 passed"));
    assert_eq!(project.database().column("select item || ' ' || outcome from TESTS"), ["asks passed"]);
}

#[test]
fn the_system_library_is_linked_where_that_is_asked_for() {
    if !Command::new("pkg-config").args(["--exists", "sqlite3"]).status().is_ok_and(|status| status.success()) {
        skipped("no SQLite library with pkg-config on this machine, so linking the system's is not tried");
        return;
    }
    let shown =
        Document::read("docs/src/sqlite.md").blocks().into_iter().find(|block| block.text.contains("default-features"));
    let dependencies = shown.expect("the chapter shows the dependency").text.replace("../monitor/", "{{repo}}/");
    let system = manifest("links-system", "");
    let system = system.split("[dev-dependencies]").next().expect("a head").to_owned() + &dependencies;
    let lib = "#[cfg(test)]\n#[monitor_runtime::monitored]\n#[test]\nfn nothing() {}\n";
    let project = Project::new(&[("Cargo.toml", &system), ("src/lib.rs", lib)]);
    let Some(tests) = online(&project, &["test", "--lib"]) else { return };
    let _ = tests.succeeded();
    assert_eq!(project.database().column("select item || ' ' || outcome from TESTS"), ["nothing passed"]);
    let mut ldd = project.command("ldd");
    ldd.arg(project.test_binary());
    assert!(run(ldd).succeeded().stdout.contains("libsqlite3.so"));
}

/// Every row of the book's table: what a project may depend on.
#[test]
fn cargo_finds_a_version_beside_every_crate_that_the_book_names() {
    for row in Document::read("docs/src/sqlite.md").table("Beside another SQLite") {
        let [dependency, found] = &row[..] else { panic!("two columns: {row:?}") };
        let dependency = dependency.trim_matches('`');
        let beside = manifest("links-beside", "")
            .replace("[dev-dependencies]", "[dependencies]\n{{dependency}}\n[dev-dependencies]");
        let project =
            Project::new(&[("Cargo.toml", &beside.replace("{{dependency}}", dependency)), ("src/lib.rs", "")]);
        std::fs::remove_file(project.path("Cargo.lock")).expect("the file can be removed");
        let Some(run) = online(&project, &["generate-lockfile"]) else { return };
        if let Some(version) = found.strip_prefix("rusqlite ") {
            let lock = std::fs::read_to_string(project.path("Cargo.lock"));
            let lock = lock.unwrap_or_else(|error| panic!("{dependency}: {error}: {}", run.stderr));
            assert!(lock.contains(&format!("name = \"rusqlite\"\nversion = \"{version}.")), "{dependency}: {lock}");
        } else {
            assert_eq!(found, "none", "{dependency}");
            assert!(run.stderr.contains("links to the native library `sqlite3`, but it conflicts"), "{}", run.stderr);
        }
    }
}
