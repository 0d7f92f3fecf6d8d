//! The lists in the book are those of the code: columns, variables, options, CI systems, words.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use monitor_store::{Attribution, Outcome, Writer};
use monitor_tests::markdown::Document;
use monitor_tests::{Database, repository};

#[test]
fn every_table_and_column_is_described() {
    let chapter = Document::read("docs/src/file.md");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("empty.pymon");
    let writer = Writer::open(&path).expect("a file can be made");
    writer.close(true).expect("the file can be closed");
    let database = Database::open(&path);
    let tables = database.column("select name from sqlite_master where type in ('table', 'view') order by name");
    assert!(tables.len() > 7, "{tables:?}");
    for table in &tables {
        let columns = database.column(&format!("select name from pragma_table_info('{table}')"));
        assert_eq!(chapter.column(table), columns, "{table}");
    }
    let version = database.value("pragma user_version");
    let sentence = format!("is the version of the schema: {version} today");
    assert!(source("docs/src/file.md").contains(&sentence), "the chapter does not say {sentence:?}");
}

#[test]
fn the_view_is_described_by_the_columns_that_it_shows() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("empty.pymon");
    Writer::open(&path).expect("a file can be made").close(true).expect("the file can be closed");
    let view = Database::open(&path).value("select sql from sqlite_master where name = 'TESTS'");
    let view = format!(" {} ", view.replace([',', '\n', '"'], " ").split_whitespace().collect::<Vec<_>>().join(" "));
    for row in Document::read("docs/src/file.md").table("TESTS") {
        let [column, meaning] = row.try_into().expect("two columns");
        let (column, meaning) = (column.trim_matches('`'), meaning.trim_matches('`'));
        let source = match meaning {
            "SESSION_H" => "s.TEXT",
            "ENV_H" => "e.TEXT",
            "ITEM" => "i.ITEM",
            "RUN" => "r.ID",
            "ITEM_START_TIME" => "END",
            other => other,
        };
        let defined = view.contains(&format!(" {source} {column} "));
        assert!(defined, "{column} is not {meaning}");
    }
}

#[test]
fn every_outcome_and_attribution_is_described() {
    let chapter = Document::read("docs/src/file.md");
    let words: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    assert_eq!(chapter.column("Outcomes"), words);
    let words: Vec<_> = Attribution::ALL.iter().map(|attribution| attribution.as_str()).collect();
    assert_eq!(chapter.column("Attribution"), words);
}

#[test]
fn every_variable_is_described() {
    let config = source("monitor-core/src/config.rs");
    let code = config.split("#[cfg(test)]").next().expect("there is code");
    let strings = code.split('"').skip(1).step_by(2);
    let read: BTreeSet<_> = strings
        .filter(|text| {
            text.starts_with("MONITOR") && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        })
        .collect();
    let described = Document::read("docs/src/configuration.md").column("Variables");
    let described: BTreeSet<_> = described.iter().map(String::as_str).collect();
    assert_eq!(described, read);
}

#[test]
fn every_option_is_described() {
    let options = source("monitor-macros/src/options.rs");
    let known = options.split("const KNOWN").nth(1).and_then(|rest| rest.split('"').nth(1)).expect("a list of options");
    let known: Vec<_> = known.split(", ").collect();
    let described = Document::read("docs/src/attribute.md").column("Options");
    let described: Vec<_> = described.iter().filter_map(|option| option.split(' ').next()).collect();
    assert_eq!(described, known);
}

#[test]
fn every_ci_system_is_described() {
    let ci = source("monitor-core/src/facts/ci.rs");
    let table = ci.split("SYSTEMS: ").nth(1).and_then(|rest| rest.split("];").next()).expect("a table");
    // Of a system that is recognised in several ways each has a row.
    let mut systems: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in table.lines().filter(|line| line.trim_start().starts_with("(\"")) {
        let mut words = row.split('"').skip(1).step_by(2).flat_map(str::split_ascii_whitespace).peekable();
        let name = *words.peek().expect("a name");
        systems.entry(name).or_default().extend(words);
    }
    let rows = Document::read("docs/src/configuration.md").table("CI systems");
    assert_eq!(rows.len(), systems.len());
    for row in rows {
        let told: BTreeSet<_> = row[1..].iter().flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
        let name = row[1].trim_matches('`');
        assert_eq!(Some(&told), systems.get(name), "{name}");
    }
}

#[test]
fn every_exit_code_is_described() {
    let exit = source("cargo-monitor/src/exit.rs");
    let help = exit.split("pub const HELP").nth(1).and_then(|rest| rest.split('"').nth(1)).expect("a help text");
    let coded: Vec<_> = help.lines().filter_map(|line| line.strip_prefix("  ")?.split_once("  ")).collect();
    assert!(coded.len() > 5, "{help}");
    let described = Document::read("docs/src/gating.md").table("Exit codes");
    let described: Vec<_> = described.iter().map(|row| (&*row[0], &*row[1])).collect();
    assert_eq!(described, coded);
}

#[test]
fn every_feature_is_described() {
    let manifest = source("monitor-runtime/Cargo.toml");
    let features = manifest.split("[features]").nth(1).and_then(|rest| rest.split("\n[").next()).expect("features");
    let features: Vec<_> = features
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name)
        .filter(|name| *name != "default")
        .collect();
    for (path, heading) in
        [("docs/src/configuration.md", "Cargo features"), ("monitor-runtime/README.md", "monitor-runtime")]
    {
        assert_eq!(Document::read(path).column(heading), features, "{path}");
    }
}

#[test]
fn every_file_on_the_map_exists() {
    let map = Document::read("ARCHITECTURE.md");
    for package in ["monitor-macros", "monitor-core", "monitor-store", "monitor-analysis", "cargo-monitor"] {
        for row in map.table(package) {
            for name in row[0].split('`').skip(1).step_by(2) {
                let path = format!("{package}/src/{}", name.trim_end_matches("*.sql"));
                assert!(repository().join(&path).exists(), "{path} is on the map, but not there");
            }
        }
    }
}

fn source(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
