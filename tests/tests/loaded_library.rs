//! A library that is loaded while tests run, with monitored code in it: it has its own copy of the runtime, and of SQLite.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use monitor_tests::{Database, Project, manifest, run};

#[test]
fn no_row_is_lost_beside_a_library_with_monitored_code() {
    const RUNS: usize = 10;
    let program = manifest("loading", "libc = \"0.2\"").replace("[workspace]", "[workspace]\nmembers = [\"plugin\"]");
    let plugin = manifest("loading-plugin", "")
        .replace("[workspace]", "[lib]\ncrate-type = [\"cdylib\"]")
        .replace("[dev-dependencies]", "[dependencies]");
    let project = Project::kept(
        "loading",
        &[
            ("Cargo.toml", &program),
            ("src/lib.rs", include_str!("../fixtures/loading.rs")),
            ("plugin/Cargo.toml", &plugin),
            ("plugin/src/lib.rs", include_str!("../fixtures/loaded.rs")),
        ],
    );
    let _ = run(project.cargo(&["build", "--package", "loading-plugin"])).succeeded();
    let binary = project.test_binary();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("x.pymon");
    for _ in 0..RUNS {
        let mut command = project.command(&binary);
        command.arg("--test-threads=4").env("MONITOR_DB", &path);
        assert_eq!(run(command).succeeded().warnings(), [] as [&str; 0]);
    }
    let database = Database::open(&path);
    assert_eq!(
        database.rows("select package, outcome, count(*), min(heap_peak_bytes) >= 1048576 from TESTS group by 1, 2"),
        [["loading", "passed", "80", "0"], ["loading-plugin", "passed", "80", "1"]]
    );
    assert_eq!(database.rows("select STATE, count(*) from PROCESSES group by 1"), [["settled", "10"]]);
    assert_eq!(database.value("pragma integrity_check"), "ok");
    let files = std::fs::read_dir(folder.path()).expect("the folder can be read").flatten();
    let spools = files.filter(|file| file.file_name().to_string_lossy().contains("spool"));
    assert_eq!(spools.count(), 0, "the program has brought what the library left");
}
