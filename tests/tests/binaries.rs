//! Test binaries have the same names under cargo as under nextest, so that a test is the same one in both.
#![forbid(unsafe_code)]

use monitor_tests::{Database, Project, manifest, nextest_is_there, run};

const SOURCE: &str = include_str!("../fixtures/one_test.rs");

fn record(project: &Project, args: &[&str], file: &str) -> Vec<Vec<String>> {
    let mut command = project.cargo(args);
    command.env("MONITOR_DB", file);
    let _ = run(command).succeeded();
    let database = Database::open(&project.path(file));
    database.rows("select PACKAGE, BINARY, ITEM_PATH from TEST_PROFILES order by 2")
}

#[test]
fn every_kind_of_target_is_named_as_nextest_does() {
    let main = format!("{SOURCE}\nfn main() {{}}\n");
    let manifest = manifest("many-binaries", "").replace("[workspace]", "[lib]\nname = \"other_name\"\n\n[workspace]");
    let project = Project::new(&[
        ("Cargo.toml", &manifest),
        ("src/lib.rs", SOURCE),
        ("src/main.rs", &main),
        ("src/bin/second-one.rs", &main),
        ("examples/an-example.rs", &main),
        ("benches/a-bench.rs", SOURCE),
        ("tests/with-dash.rs", SOURCE),
        ("tests/a-folder/main.rs", "mod part;\n"),
        ("tests/a-folder/part.rs", SOURCE),
    ]);
    let by_cargo = record(&project, &["test", "--all-targets"], "cargo.pymon");
    let expected = [
        ("many-binaries", "other_name::tests"),
        ("many-binaries::a-folder", "a_folder::part::tests"),
        ("many-binaries::bench/a-bench", "a_bench::tests"),
        ("many-binaries::bin/many-binaries", "many_binaries::tests"),
        ("many-binaries::bin/second-one", "second_one::tests"),
        ("many-binaries::example/an-example", "an_example::tests"),
        ("many-binaries::with-dash", "with_dash::tests"),
    ];
    assert_eq!(by_cargo, expected.map(|(binary, path)| ["many-binaries", binary, path]));
    if nextest_is_there() {
        assert_eq!(record(&project, &["nextest", "run", "--all-targets"], "nextest.pymon"), by_cargo);
    }
}
