//! The workflow files for CI and the action are YAML, use actions that exist, and run scripts that a shell and `cargo monitor`
//! take. What the action's scripts do is tried by `cargo-monitor/tests/action.rs`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::process::Command;

use monitor_tests::markdown::{Block, Document};
use monitor_tests::{repository, run, shellcheck};
use yaml_rust2::{Yaml, YamlLoader};

use crate::programs::folder_of_cargo_monitor;

pub(crate) const CHAPTERS: [&str; 4] =
    ["docs/src/gate-on-github.md", "docs/src/gate-on-gitlab.md", "docs/src/shards.md", "docs/src/instructions.md"];

/// What the workflows may use: GitHub's own, and this repository's action.
const ACTIONS: [&str; 7] = [
    "./.monitor",
    "actions/checkout@v4",
    "actions/cache@v4",
    "actions/cache/restore@v4",
    "actions/cache/save@v4",
    "actions/upload-artifact@v4",
    "actions/download-artifact@v4",
];

/// Keys whose values are scripts: of GitHub, of GitLab.
const SCRIPTS: [&str; 3] = ["run", "script", "before_script"];

fn workflows() -> Vec<(Block, Yaml)> {
    let blocks = CHAPTERS.into_iter().flat_map(|path| Document::read(path).blocks());
    let blocks = blocks.filter(|block| block.language == "yaml");
    let parsed = blocks.map(|block| {
        let mut documents = YamlLoader::load_from_str(&block.text)
            .unwrap_or_else(|error| panic!("the YAML at line {}: {error}", block.line));
        assert_eq!(documents.len(), 1, "line {}", block.line);
        (block, documents.remove(0))
    });
    parsed.collect()
}

#[test]
fn workflows_use_actions_that_exist() {
    let parsed = workflows().into_iter().map(|(_, yaml)| yaml).chain([action()]);
    let used: Vec<String> = parsed.flat_map(|yaml| texts(&yaml, &["uses"])).collect();
    assert!(used.len() > 5, "{used:?}");
    for action in used {
        assert!(ACTIONS.contains(&&*action), "{action}");
    }
}

#[test]
fn workflows_have_jobs_that_need_only_each_other() {
    for (block, yaml) in
        workflows().iter().filter(|(block, _)| block.file().is_some_and(|file| file.contains("github")))
    {
        let jobs = yaml["jobs"].as_hash().unwrap_or_else(|| panic!("no jobs at line {}", block.line));
        for (name, job) in jobs {
            assert!(job["runs-on"].as_str().is_some() && job["steps"].as_vec().is_some(), "{name:?}");
            if let Some(needed) = job["needs"].as_str() {
                assert!(jobs.contains_key(&Yaml::String(needed.to_owned())), "{name:?} needs {needed}");
            }
        }
    }
}

#[test]
fn the_scripts_of_workflows_are_scripts() {
    let cargo_monitor = folder_of_cargo_monitor().join("cargo-monitor");
    for (block, yaml) in workflows() {
        let scripts = texts(&yaml, &SCRIPTS);
        let is_ours = texts(&yaml, &["uses"]).iter().any(|used| used == "./.monitor");
        assert!(is_ours || scripts.len() > 2, "line {}: {scripts:?}", block.line);
        for script in scripts {
            // An expression of GitHub is replaced before the shell sees it.
            let script = script.replace("${{", "").replace("}}", "");
            let _ = run(command("bash", &["-n", "-c", &script])).succeeded();
            for line in script.lines().filter_map(|line| line.trim().strip_prefix("cargo monitor ")) {
                let name = line.split(' ').next().expect("a command has a name");
                let help = run(command(&cargo_monitor, &[name, "--help"])).succeeded().stdout;
                // What is not ours is cargo's there.
                let ours = line.split(' ').filter(|word| word.starts_with("--") && name != "nextest");
                for option in ours {
                    let known = help.split_whitespace().any(|word| word.trim_end_matches(',') == option);
                    assert!(known, "`cargo monitor {name}` has no {option}");
                }
            }
        }
    }
}

fn action() -> Yaml {
    let text = fs::read_to_string(repository().join("action.yml")).expect("the action is described");
    YamlLoader::load_from_str(&text).unwrap_or_else(|error| panic!("action.yml: {error}")).remove(0)
}

#[test]
fn the_action_declares_what_it_uses_and_the_book_describes_it() {
    let text = fs::read_to_string(repository().join("action.yml")).expect("the action is described");
    let action = action();
    let inputs = action["inputs"].as_hash().expect("inputs");
    let declared: Vec<_> = inputs.keys().filter_map(Yaml::as_str).collect();
    let used: BTreeSet<_> = text
        .split("inputs.")
        .skip(1)
        .map(|rest| rest.split(|letter: char| !letter.is_alphanumeric() && letter != '-').next().unwrap_or_default())
        .collect();
    assert_eq!(used, declared.iter().copied().collect());
    let chapter = Document::read(CHAPTERS[0]).table("Inputs");
    let told: Vec<_> = chapter.iter().map(|row| row[0].trim_matches('`')).collect();
    assert_eq!(told, declared);
    for row in &chapter {
        let default = inputs[&Yaml::String(row[0].trim_matches('`').to_owned())]["default"].as_str();
        assert!(!row[1].starts_with('`') || default == Some(row[1].trim_matches('`')), "{row:?} is {default:?}");
    }

    let scripts: BTreeSet<_> = texts(&action, &["run"])
        .into_iter()
        .filter_map(|script| Some(script.strip_prefix("bash \"$GITHUB_ACTION_PATH/")?.trim_end_matches('"').to_owned()))
        .collect();
    let files = fs::read_dir(repository().join("action")).expect("the action has scripts").flatten();
    let files = files.map(|file| format!("action/{}", file.file_name().display())).collect();
    assert_eq!(scripts, files);
    for script in scripts {
        let _ = run(command("bash", &["-n", &repository().join(script).display().to_string()])).succeeded();
    }
}

/// The action's scripts and those that `.ci` and the book's pictures are made by.
#[test]
fn the_shell_scripts_are_clean() {
    let Some(mut shellcheck) = shellcheck() else { return };
    let scripts = fs::read_dir(repository().join("action")).expect("the action has scripts").flatten();
    let scripts: Vec<_> = scripts.map(|script| script.path()).collect();
    assert!(scripts.len() > 3, "{scripts:?}");
    let others = [".ci/run", ".ci/sanitize", "docs/first-table"].map(|script| repository().join(script));
    // SC2153 takes variables that the action's steps set for misspelt ones.
    shellcheck.args(["--exclude", "SC2153"]).args(scripts).args(others);
    let _ = run(shellcheck).succeeded();
}

fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// The texts that stand under one of these keys, alone or in a list, anywhere.
fn texts(yaml: &Yaml, keys: &[&str]) -> Vec<String> {
    match yaml {
        Yaml::Array(items) => items.iter().flat_map(|item| texts(item, keys)).collect(),
        Yaml::Hash(fields) => fields
            .iter()
            .flat_map(|(key, value)| match key.as_str() {
                Some(key) if keys.contains(&key) => strings(value),
                _ => texts(value, keys),
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn strings(yaml: &Yaml) -> Vec<String> {
    match yaml {
        Yaml::String(text) => vec![text.clone()],
        Yaml::Array(items) => items.iter().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}
