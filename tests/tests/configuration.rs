//! Every variable has its effect; a value that makes no sense is told once, with the remedy, and changes nothing.
//!
//! Those with a file of their own: `MONITOR_SCOPE` (scopes), `MONITOR_SESSION` (sessions), `MONITOR_SCM_ID` (revision),
//! `MONITOR_TAGS` and `MONITOR_DESCRIPTION` (facts), `MONITOR_EXPLICIT_PARAMETERS` (`odd_names`), `MONITOR_ISOLATE`
//! (isolation).
#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use monitor_tests::{Database, Project, Run, manifest, nextest_is_there, run};
use tempfile::TempDir;

static PROJECT: LazyLock<(Project, PathBuf)> = LazyLock::new(|| {
    let project = Project::kept(
        "configuration",
        &[("Cargo.toml", &manifest("configuration", "")), ("src/lib.rs", include_str!("../fixtures/configured.rs"))],
    );
    let binary = project.test_binary();
    (project, binary)
});

/// Runs the test binary in `folder` with these variables.
fn run_in(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Run {
    let (project, binary) = &*PROJECT;
    let mut command = project.command(binary);
    command.args(args).current_dir(folder).envs(variables.iter().copied());
    run(command)
}

/// As [`run_in`], into a new file, which is opened.
fn record(args: &[&str], variables: &[(&str, &str)]) -> (Run, Database, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("x.pymon").display().to_string();
    let run = run_in(folder.path(), args, &[&[("MONITOR_DB", path.as_str())], variables].concat());
    (run, Database::open(Path::new(&path)), folder)
}

fn files_in(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("the folder can be read").flatten();
    let mut names: Vec<String> = files.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn monitoring_can_be_switched_off() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let workspace = files_in(PROJECT.0.root());
    for off in [("MONITOR", "off"), ("MONITOR", "0"), ("MONITOR_DB", "off"), ("MONITOR_DB", "/dev/null")] {
        let run = run_in(folder.path(), &[], &[off]).succeeded();
        assert_eq!(run.stderr, "", "{off:?}");
    }
    assert_eq!(files_in(folder.path()), [] as [&str; 0]);
    assert_eq!(files_in(PROJECT.0.root()), workspace);
    // Without a file budgets still hold; without monitoring the attribute is as good as not there.
    let over_budget = |off| run_in(folder.path(), &["--include-ignored"], &[off]).code;
    assert_eq!(over_budget(("MONITOR_DB", "off")), Some(101));
    assert_eq!(over_budget(("MONITOR", "off")), Some(0));
}

#[test]
fn the_file_is_where_it_is_asked_for() {
    let project = Project::new(&[
        ("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"deep/member\"]\n"),
        ("deep/member/Cargo.toml", &manifest("configuration-member", "").replace("[workspace]\n", "")),
        ("deep/member/src/lib.rs", include_str!("../fixtures/configured.rs")),
    ]);
    let elsewhere = tempfile::tempdir().expect("a temporary folder can be made");
    let absolute = elsewhere.path().join("x.pymon").display().to_string();
    let cases = [
        (None, project.path(".pymon")),
        (Some(""), project.path(".pymon")),
        (Some("other.pymon"), project.path("other.pymon")),
        (Some("target/../deep/x"), project.path("deep/x")),
        (Some(absolute.as_str()), PathBuf::from(&absolute)),
    ];
    fs::create_dir(project.path("target")).expect("a folder can be made");
    for (value, expected) in cases {
        let mut command = project.cargo(&["test", "--lib"]);
        command.envs(value.map(|value| ("MONITOR_DB", value)));
        assert_eq!(run(command).succeeded().warnings(), [] as [&str; 0]);
        assert_eq!(Database::open(&expected).value("select count(*) from TEST_METRICS"), "2", "{value:?}");
        fs::remove_file(&expected).expect("the file can be removed");
    }
    assert_eq!(files_in(project.root()), ["Cargo.lock", "Cargo.toml", "deep", "target"]);
    assert_eq!(files_in(&project.path("deep/member")), ["Cargo.toml", "src"]);
}

#[test]
fn tests_that_were_built_elsewhere_record_where_they_run() {
    if !nextest_is_there() {
        return;
    }
    let project = Project::library("configuration-archive", include_str!("../fixtures/configured.rs"));
    let nextest = |folder: &Path, args: &[&str]| {
        let mut command = project.command("cargo");
        command.arg("nextest").args(args).current_dir(folder);
        let _ = run(command).succeeded();
    };
    let archive = project.outside().join("tests.tar.zst").display().to_string();
    nextest(project.root(), &["archive", "--archive-file", &archive]);
    let elsewhere = project.outside().join("elsewhere");
    fs::rename(project.root(), &elsewhere).expect("a folder can be renamed");
    let remap = elsewhere.display().to_string();
    nextest(&elsewhere, &["run", "--archive-file", &archive, "--workspace-remap", &remap]);
    let database = Database::open(&elsewhere.join(".pymon"));
    assert_eq!(database.value("select count(*) from TEST_METRICS"), "2");
    assert_eq!(database.value("select count(*) from SESSION_LOCKFILES"), "1");
    assert!(!project.root().exists(), "the folder where they were built came back");
}

#[test]
fn cargos_own_table_of_variables_is_enough() {
    let project = Project::library("configuration-env", include_str!("../fixtures/configured.rs"));
    project.write(
        ".cargo/config.toml",
        "[env]\nMONITOR_DB = { value = \"kept.pymon\", relative = true }\nMONITOR_TAGS = \"suite=nightly\"\n",
    );
    let _ = project.test(&["--lib"]);
    let database = Database::open(&project.path("kept.pymon"));
    assert_eq!(database.value("select json_extract(RUN_DESCRIPTION, '$.suite') from TEST_SESSIONS"), "nightly");
}

#[test]
fn components_are_named_forced_and_prefixed() {
    let cases = [
        (&[][..], ["cart", "configuration"]),
        (&[("MONITOR_COMPONENT", "shop")], ["shop", "shop"]),
        (&[("MONITOR_COMPONENT_PREFIX", "shop")], ["shop.cart", "shop.configuration"]),
        (&[("MONITOR_COMPONENT", ""), ("MONITOR_COMPONENT_PREFIX", "")], ["cart", "configuration"]),
    ];
    for (variables, components) in cases {
        let (run, database, _folder) = record(&[], variables);
        assert_eq!(run.stderr, "");
        assert_eq!(database.column("select COMPONENT from TEST_METRICS order by ITEM"), components, "{variables:?}");
    }
}

#[test]
fn a_forced_component_and_a_prefix_exclude_each_other() {
    let both = [("MONITOR_COMPONENT", "shop"), ("MONITOR_COMPONENT_PREFIX", "north")];
    let (run, database, _folder) = record(&[], &both);
    assert_eq!(run.code, Some(0));
    assert_eq!(run.warnings().len(), 1);
    for words in ["MONITOR_COMPONENT=shop", "MONITOR_COMPONENT_PREFIX=north", "exclude each other", "unset one"] {
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
    assert_eq!(database.column("select distinct COMPONENT from TEST_METRICS"), ["shop"]);
    let (run, ..) = record(&[], &[&both[..], &[("MONITOR_STRICT", "1")]].concat());
    assert_eq!(run.code, Some(101), "an error where nothing may be in trouble");
    assert!(run.stdout.contains("exclude each other"), "{}", run.stdout);
}

#[test]
fn a_frequency_that_is_given_is_used_and_makes_no_other_machine_class() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("x.pymon").display().to_string();
    for (session, frequency) in [("a", ""), ("b", "2600"), ("c", "2600")] {
        let variables = [("MONITOR_DB", path.as_str()), ("MONITOR_SESSION", session), ("MONITOR_CPU_FREQ", frequency)];
        let run = run_in(folder.path(), &[], &variables).succeeded();
        assert_eq!(run.stderr, "");
    }
    let database = Database::open(Path::new(&path));
    assert_eq!(database.value("select count(*) from EXECUTION_CONTEXTS"), "2");
    assert_eq!(database.value("select count(*) from EXECUTION_CONTEXTS where CPU_FREQUENCY_MHZ = 2600"), "1");
    assert_eq!(database.value("select count(distinct CLASS_H) from CONTEXT_CLASSES"), "1");
    assert_eq!(
        database.column(
            "select count(*) from TEST_METRICS join EXECUTION_CONTEXTS using (ENV_H) group by ENV_H order by 1"
        ),
        ["2", "4"]
    );
}

#[test]
fn budgets_are_enforced_or_reported() {
    let all = &["--include-ignored"];
    for (variables, code) in
        [(&[][..], 101), (&[("MONITOR_BUDGETS", "enforce")], 101), (&[("MONITOR_BUDGETS", "report")], 0)]
    {
        let (run, database, _folder) = record(all, variables);
        assert_eq!(run.code, Some(code), "{variables:?} {}", run.stdout);
        assert_eq!(
            database.rows("select item, outcome from TESTS order by 1"),
            [["of_the_cart", "passed"], ["of_the_package", "passed"], ["spends_too_much", "over budget"]]
        );
        assert_eq!(run.stdout.contains("max_allocations"), code != 0, "{}", run.stdout);
    }
}

/// Variables, a value that makes no sense, and the remedy.
const SENSELESS: &[(&str, &str, &str)] = &[
    ("MONITOR", "perhaps", "use 1 or 0"),
    ("MONITOR_SCOPE", "class", "name function, module or session"),
    ("MONITOR_SCOPE", "function module", "separated by commas"),
    ("MONITOR_TAGS", "lonely", "KEY=VALUE,KEY=VALUE"),
    ("MONITOR_TAGS", "a=1,=2", "KEY=VALUE,KEY=VALUE"),
    ("MONITOR_EXPLICIT_PARAMETERS", "2", "use 1 or 0"),
    ("MONITOR_CPU_FREQ", "2.6 GHz", "whole number of MHz"),
    ("MONITOR_CPU_FREQ", "-1", "whole number of MHz"),
    ("MONITOR_STRICT", "very", "use 1 or 0"),
    ("MONITOR_BUDGETS", "perhaps", "use report or enforce"),
    ("MONITOR_ISOLATE", "a bit", "use 1 or 0"),
    ("MONITOR_ISOLATE_TIMEOUT", "soon", "500ms, 60s or 5min"),
    ("MONITOR_REMOTE", "http://localhost:9", "unset it"),
];

#[test]
fn a_value_that_makes_no_sense_is_told_once_and_changes_nothing() {
    for (name, value, remedy) in SENSELESS {
        let (run, database, _folder) = record(&[], &[(name, value)]);
        assert_eq!(run.code, Some(0), "{name}={value}: {}", run.stdout);
        assert_eq!(run.stderr.lines().count(), 1, "{name}={value}: {}", run.stderr);
        assert_eq!(run.warnings().len(), 1, "{name}={value}: {}", run.stderr);
        assert!(run.stderr.contains(name) && run.stderr.contains(remedy), "{name}={value}: {}", run.stderr);
        assert_eq!(database.value("select count(*) from TESTS where outcome = 'passed'"), "2", "{name}={value}");
    }
}

#[test]
fn several_troubles_are_all_told() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::create_dir(folder.path().join("folder")).expect("a folder can be made");
    let path = folder.path().join("folder").display().to_string();
    let variables = [("MONITOR_DB", path.as_str()), ("MONITOR_CPU_FREQ", "fast"), ("MONITOR_TAGS", "lonely,k=v")];
    let run = run_in(folder.path(), &[], &variables);
    assert_eq!(run.code, Some(0));
    let warnings = run.warnings();
    assert_eq!(warnings.len(), 3, "{}", run.stderr);
    for words in ["MONITOR_CPU_FREQ", "MONITOR_TAGS", "is a folder"] {
        assert_eq!(warnings.iter().filter(|warning| warning.contains(words)).count(), 1, "{words}: {}", run.stderr);
    }
}
