//! What tests print, and what compilers and linters say of them.

use std::collections::{BTreeMap, BTreeSet};

use monitor_tests::run;

use crate::krate::{SOURCES, Shapes};

/// What a run of the tests of `MODULE::NAME::` printed and its exit code, without what differs from run to run.
pub fn printed(shapes: &Shapes, module: &str, name: &str) -> String {
    let run = shapes.run(module, name, "0");
    let code = format!("exit code {:?}", run.code);
    let lines = run.stdout.lines().chain(run.stderr.lines()).chain([code.as_str()]).map(|line| {
        let line = line.replace(&format!("src/{module}/"), "src/").replace(&format!("{module}::"), "");
        let line = if module == "within" { line.replace("::tests::", "::") } else { line };
        let line = match (line.starts_with("thread '"), line.split_once("' ("), line.split_once(") panicked at ")) {
            (true, Some((thread, _)), Some((_, place))) => format!("{thread}' panicked at {place}"),
            _ => line,
        };
        line.split_once("; finished in").map_or(line.clone(), |(line, _)| line.to_owned())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What backtraces say of the user's functions: where each panic was, and name and place of the frames. What an attribute wrote
/// stands at the attribute.
pub fn backtraces(shapes: &Shapes, module: &str, name: &str) -> Vec<String> {
    let run = shapes.run(module, name, "1");
    let own = format!("src/{module}/");
    let (_, source) = SOURCES.iter().find(|(known, _)| *known == name).expect("a module of shapes");
    let mut frames = Vec::new();
    let mut function = "";
    for line in run.stdout.lines() {
        if let Some((_, place)) = line.split_once(" panicked at ") {
            frames.push(format!("panic at {}", place.replace(&own, "")));
        } else if let Some((_, name)) = line.trim().split_once(": ").filter(|(number, _)| number.parse::<u32>().is_ok())
        {
            function = name.trim_end_matches("::{{closure}}");
        } else if let Some((_, place)) = line.split_once("at ./").and_then(|(_, path)| path.split_once(&own)) {
            let line: usize = place.split(':').nth(1).and_then(|line| line.parse().ok()).expect("a frame has a line");
            if source.lines().nth(line - 1).is_some_and(|line| line.starts_with('#')) {
                continue;
            }
            frames.push(format!("{} at {place}", function.replace(&format!("{module}::"), "")));
        }
    }
    frames
}

/// The warnings of each module: file, line, text.
fn lints(shapes: &Shapes) -> BTreeMap<String, BTreeSet<String>> {
    let run = run(shapes.cargo(&["clippy", "--tests", "--message-format=short"])).succeeded();
    let mut lints = BTreeMap::<_, BTreeSet<_>>::new();
    for line in run.stderr.lines() {
        let Some((module, rest)) = line.strip_prefix("src/").and_then(|line| line.split_once('/')) else { continue };
        let mut parts = rest.splitn(4, ':');
        let (Some(file), Some(line), _, Some(text)) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        lints.entry(module.to_owned()).or_default().insert(format!("{file}:{line}:{text}"));
    }
    lints
}

/// Expects that clippy and rustc say nothing of the monitored modules that they do not say of those without.
pub fn assert_no_lints_of_ours(shapes: &Shapes) {
    let lints = lints(shapes);
    let without = &lints["without"];
    assert!(without.iter().any(|lint| lint.contains("`#[ignore]` without reason")), "clippy looks: {without:#?}");
    for module in shapes.monitored() {
        let ours: Vec<_> = lints.get(module).into_iter().flatten().filter(|lint| !without.contains(*lint)).collect();
        assert!(ours.is_empty(), "{module}: {ours:#?}");
    }
}
