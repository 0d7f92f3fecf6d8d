//! The workflow files for CI are YAML, use actions that exist, and run scripts that a shell and `cargo monitor` take.

use std::ffi::OsStr;
use std::process::Command;

use monitor_tests::markdown::{Block, Document};
use monitor_tests::run;
use yaml_rust2::{Yaml, YamlLoader};

use crate::commands::folder_of_cargo_monitor;

/// What the workflows may use. All of it is GitHub's own.
const ACTIONS: [&str; 5] = [
    "actions/checkout@v4",
    "actions/cache/restore@v4",
    "actions/cache/save@v4",
    "actions/upload-artifact@v4",
    "actions/download-artifact@v4",
];

/// Keys whose values are scripts: of GitHub, of GitLab.
const SCRIPTS: [&str; 3] = ["run", "script", "before_script"];

fn workflows() -> Vec<(Block, Yaml)> {
    let blocks = Document::read("docs/src/gating.md").blocks().into_iter().filter(|block| block.language == "yaml");
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
    let used: Vec<String> = workflows().iter().flat_map(|(_, yaml)| texts(yaml, &["uses"])).collect();
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
        assert!(scripts.len() > 2, "line {}: {scripts:?}", block.line);
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
