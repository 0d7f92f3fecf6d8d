//! What a session's row says of the run: description, tags, CI, toolchain, lock file.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use monitor_tests::{Database, Project, manifest, run};
use tempfile::TempDir;

static PROJECT: LazyLock<(Project, PathBuf)> = LazyLock::new(|| {
    let project = Project::kept(
        "facts",
        &[("Cargo.toml", &manifest("facts", "")), ("src/lib.rs", include_str!("../fixtures/one_test.rs"))],
    );
    let binary = project.test_binary();
    (project, binary)
});

/// Runs the test with these variables, once more into the same file if there is one.
fn record(path: &Path, variables: &[(&str, &str)]) {
    let (project, binary) = &*PROJECT;
    let mut command = project.command(binary);
    command.env("MONITOR_DB", path).envs(variables.iter().copied());
    let run = run(command).succeeded();
    assert_eq!(run.stderr, "");
}

fn database() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("x.pymon");
    (folder, path)
}

/// The one session's description; every value is a text, as pytest-monitor's clients need it.
fn description(path: &Path) -> BTreeMap<String, String> {
    let rows = Database::open(path).rows("select key, value, type from TEST_SESSIONS, json_each(RUN_DESCRIPTION)");
    rows.into_iter()
        .map(|row| {
            let [key, value, kind] = row.try_into().expect("three columns");
            assert_eq!(kind, "text", "{key}: {value}");
            (key, value)
        })
        .collect()
}

fn described(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    let (_folder, path) = database();
    record(&path, variables);
    description(&path)
}

#[test]
fn a_run_says_which_toolchain_it_was_built_with() {
    let description = described(&[]);
    let rustc = std::process::Command::new("rustc").arg("--version").output().expect("there is a rustc");
    assert_eq!(description["rust_toolchain"], String::from_utf8_lossy(&rustc.stdout).trim());
    assert_eq!(description["rust_profile"], "dev");
    assert!(description["rust_target"].contains('-'), "{description:?}");
    for key in ["description", "__ci__", "pipeline_branch", "pipeline_build_no"] {
        assert_eq!(description.get(key), None);
    }
}

#[test]
fn description_and_tags_are_kept_as_they_are() {
    let description = described(&[
        ("MONITOR_DESCRIPTION", "a \"night\" run,\nwith {braces} and \u{1f980}"),
        ("MONITOR_TAGS", "color=red, shape = a=b ,größe=ä,rust_profile=mine"),
    ]);
    let value = |key: &str| description[key].as_str();
    assert_eq!(value("description"), "a \"night\" run,\nwith {braces} and \u{1f980}");
    assert_eq!([value("color"), value("shape"), value("größe")], ["red", "a=b", "ä"]);
    assert_eq!(value("rust_profile"), "mine", "a tag wins over a fact");
}

#[test]
fn each_ci_system_is_recognised() {
    /// Variables, and what follows from them.
    type Case = (&'static [(&'static str, &'static str)], [&'static str; 3]);
    let cases: &[Case] = &[
        (&[("BUILD_NUMBER", "7"), ("BRANCH_NAME", "main"), ("JOB_NAME", "job")], ["jenkinsci", "main", "7"]),
        (&[("BUILD_NUMBER", "7"), ("JOB_NAME", "job")], ["jenkinsci", "job", "7"]),
        (&[("CIRCLE_JOB", "test"), ("CIRCLE_BUILD_NUM", "8")], ["circleci", "test", "8"]),
        (&[("TRAVIS_BUILD_ID", "99"), ("TRAVIS_BUILD_NUMBER", "9")], ["travisci", "99", "9"]),
        (&[("DRONE_REPO_BRANCH", "dev"), ("DRONE_BUILD_NUMBER", "10")], ["droneci", "dev", "10"]),
        (&[("CI_JOB_NAME", "unit"), ("CI_PIPELINE_ID", "11")], ["gitlabci", "unit", "11"]),
        (&[("BITBUCKET_BRANCH", "b"), ("BITBUCKET_BUILD_NUMBER", "12")], ["bitbucketci", "b", "12"]),
        (
            &[
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_RUN_NUMBER", "13"),
                ("GITHUB_REF_NAME", "1/merge"),
                ("GITHUB_HEAD_REF", "fix"),
            ],
            ["githubactions", "fix", "13"],
        ),
        // On a push GitHub sets the head's name, to nothing.
        (
            &[
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_RUN_NUMBER", "13"),
                ("GITHUB_REF_NAME", "main"),
                ("GITHUB_HEAD_REF", ""),
            ],
            ["githubactions", "main", "13"],
        ),
        (
            &[("TF_BUILD", "True"), ("BUILD_BUILDNUMBER", "20261123.1"), ("BUILD_SOURCEBRANCHNAME", "main")],
            ["azurepipelines", "main", "20261123.1"],
        ),
        (
            &[("BUILDKITE", "true"), ("BUILDKITE_BUILD_NUMBER", "14"), ("BUILDKITE_BRANCH", "x")],
            ["buildkite", "x", "14"],
        ),
        (
            &[("TEAMCITY_VERSION", "2026.1"), ("BUILD_NUMBER", "15"), ("TEAMCITY_BUILDCONF_NAME", "Unit")],
            ["teamcity", "Unit", "15"],
        ),
    ];
    for (variables, expected) in cases {
        let description = described(variables);
        let keys = ["__ci__", "pipeline_branch", "pipeline_build_no"];
        assert_eq!(keys.map(|key| description[key].as_str()), *expected, "{variables:?}");
    }
}

#[test]
fn the_lock_file_is_kept_once_for_each_content() {
    let project = Project::library("facts-lockfile", include_str!("../fixtures/one_test.rs"));
    let binary = project.test_binary();
    let (_folder, path) = database();
    let record = |session: &str| {
        let mut command = project.command(&binary);
        command.env("MONITOR_DB", &path).env("MONITOR_SESSION", session);
        let _ = run(command).succeeded();
    };
    record("first");
    record("second");
    let lock = fs::read_to_string(project.path("Cargo.lock")).expect("there is a lock file");
    project.write("Cargo.lock", &format!("{lock}\n# changed\n"));
    record("third");
    fs::remove_file(project.path("Cargo.lock")).expect("the lock file can be removed");
    record("fourth");

    let database = Database::open(&path);
    let locks = database.column(
        "select CONTENT from TEST_SESSIONS left join SESSION_LOCKFILES using (SESSION_H) left join LOCKFILES using (LOCKFILE_H) \
         order by RUN_DATE",
    );
    assert_eq!(locks, [lock.clone(), lock.clone(), format!("{lock}\n# changed\n"), "NULL".to_owned()]);
    assert_eq!(database.value("select count(*) from LOCKFILES"), "2");
}

#[test]
fn the_context_is_this_machine() {
    let (_folder, path) = database();
    record(&path, &[]);
    let database = Database::open(&path);
    let cpus = std::thread::available_parallelism().expect("the system knows its processors");
    assert_eq!(database.value("select CPU_COUNT from EXECUTION_CONTEXTS"), cpus.to_string());
    assert!(database.number("select RAM_TOTAL_MB from EXECUTION_CONTEXTS") > 100.0);
    let row =
        database.rows("select MACHINE_ARCH, CPU_TYPE, SYSTEM_INFO, PYTHON_INFO from EXECUTION_CONTEXTS").swap_remove(0);
    assert_eq!(row[0], format!("{}bit", usize::BITS));
    assert_eq!(row[1], std::env::consts::ARCH);
    assert!(row[2].contains(" - "), "{}", row[2]);
    assert!(row[3].starts_with("rustc ") && row[3].ends_with(" dev"), "{}", row[3]);
}
