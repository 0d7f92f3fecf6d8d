//! The documents' Rust code compiles and passes, fails or is refused as they say.

use std::collections::BTreeSet;
use std::fs;

use monitor_tests::markdown::{Block, Document};
use monitor_tests::{Database, Project, manifest, run};

use crate::session::compare;

/// What the examples use beside the runtime.
const DEPENDENCIES: &str = r#"
monitor-store = { path = "{{repo}}/monitor-store" }
rstest = "0.28"
serial_test = "3"
test-case = "3"
test-log = "0.2"
tokio = { version = "1", features = ["full"] }
"#;

/// One example: a module of a fixture crate, named after its place.
struct Example {
    module: String,
    block: Block,
    /// The block after it, if that is plain text: what it makes the tools say.
    said: Option<String>,
}

/// The examples with this flag, or those without any.
fn examples(flag: Option<&str>) -> Vec<Example> {
    let mut found = Vec::new();
    for document in Document::all() {
        let name = document.path.trim_end_matches(".md").replace(['/', '-', '.'], "_").to_lowercase();
        let mut blocks = document.blocks().into_iter().peekable();
        while let Some(block) = blocks.next() {
            let wanted = match flag {
                Some(flag) => block.has(flag),
                None => block.flags.is_empty() && block.note.is_none(),
            };
            if block.language == "rust" && wanted {
                let said = blocks.peek().filter(|next| next.language == "text").map(|next| next.text.clone());
                found.push(Example { module: format!("{name}_{}", block.line), block, said });
            }
        }
    }
    assert!(!found.is_empty(), "no examples with {flag:?}");
    found
}

/// A crate with a module for each example.
fn project(name: &str, examples: &[Example]) -> Project {
    let modules: String = examples.iter().map(|example| format!("#[cfg(test)]\nmod {};\n", example.module)).collect();
    let lib = format!("#![allow(dead_code, unused_imports, clippy::all)]\n{modules}");
    let project = Project::kept(name, &[("Cargo.toml", &manifest(name, DEPENDENCIES)), ("src/lib.rs", &lib)]);
    for example in examples {
        project.write(&format!("src/{}.rs", example.module), &example.block.text);
    }
    project
}

#[test]
fn examples_pass_and_their_rows_have_the_names_that_are_told() {
    let project = project("docs-examples", &examples(None));
    let file = project.path(".pymon");
    let _ = fs::remove_file(&file);
    let _ = run(project.cargo(&["test", "--lib"])).succeeded();
    let database = Database::open(&file);
    let recorded: BTreeSet<_> =
        database.column("select variant from TESTS where outcome = 'passed'").into_iter().collect();
    for name in Document::read("docs/src/attribute.md").column("Names") {
        assert!(recorded.contains(&name), "no row of {name}, but of {recorded:?}");
    }
    assert_eq!(database.column("select distinct outcome from TESTS"), ["passed"]);
    assert!(!recorded.contains("too_small_to_look_at"), "`skip` does not skip");
    assert_eq!(database.value("select component from TESTS where item = 'sums_up_much'"), "checkout");
    assert_eq!(database.value("select attribution from TESTS where item = 'has_a_process_to_itself'"), "process");
}

#[test]
fn failing_examples_say_what_is_shown() {
    for example in examples(Some("should_panic")) {
        let said = example.said.as_deref().expect("what a failing example says stands below it").to_owned();
        let place = example.module.clone();
        let project = project("docs-failing", &[example]);
        let run = run(project.cargo(&["test", "--lib"]));
        assert_eq!(run.code, Some(101), "{place} passes:\n{}{}", run.stdout, run.stderr);
        let said = said.replace("src/lib.rs", &format!("src/{place}.rs"));
        for line in said.lines() {
            assert_eq!(compare(&["…", line, "…"], &run.stdout), Ok(()), "{place}:\n{}", run.stdout);
        }
    }
}

#[test]
fn refused_shapes_give_one_error_each_on_the_word_that_is_wrong() {
    let examples = examples(Some("compile_fail"));
    let project = project("docs-refused", &examples);
    let run = run(project.cargo(&["test", "--lib", "--no-run", "--message-format", "short"]));
    assert_eq!(run.code, Some(101), "{}", run.stderr);
    let errors: Vec<_> =
        run.stderr.lines().filter(|line| line.contains(": error") && line.starts_with("src/")).collect();
    let mut told = 0;
    for Example { module, block, .. } in &examples {
        for (line, number) in block.text.lines().zip(1..) {
            let Some((_, message)) = line.split_once("// error: ") else { continue };
            told += 1;
            let place = format!("src/{module}.rs:{number}:");
            let found = errors.iter().any(|error| error.starts_with(&place) && error.contains(message));
            assert!(found, "no error {message:?} at {place} among\n{}", errors.join("\n"));
        }
    }
    assert_eq!(errors.len(), told, "{}", errors.join("\n"));
}

#[test]
fn an_allocator_of_ones_own_is_wrapped_as_shown() {
    let document = Document::read("docs/src/allocators.md");
    let mut blocks = document.blocks().into_iter();
    let block = blocks.find(|block| block.language == "rust" && block.has("own-allocator"));
    let source = block.expect("the chapter shows the attribute").text;
    let manifest = manifest("docs-allocator", "mimalloc = \"0.1\"");
    let project = Project::kept("docs-allocator", &[("Cargo.toml", &manifest), ("src/lib.rs", &source)]);
    let file = project.path(".pymon");
    let _ = fs::remove_file(&file);
    let _ = project.test(&["--lib"]);
    let database = Database::open(&file);
    assert_eq!(
        database.value("select HEAP_PEAK || ' ' || ALLOCATIONS || ' ' || MEM_SOURCE from TEST_PROFILES"),
        "1000 1 heap"
    );
}

#[test]
fn cargos_env_table_configures_as_shown() {
    let document = Document::read("docs/src/configuration.md");
    let block = document.blocks().into_iter().find(|block| block.file() == Some(".cargo/config.toml"));
    let config = block.expect("the chapter shows an [env] table").text;
    let source = "#[cfg(test)]\nmod tests {\n    #[monitor_runtime::monitored]\n    #[test]\n    fn one() {}\n}\n";
    let project = Project::library("docs-configured", source);
    project.write(".cargo/config.toml", &config);
    let _ = project.test(&["--lib"]);
    let database = Database::open(&project.path("costs.pymon"));
    let session = "select json_extract(RUN_DESCRIPTION, '$.team') || ' ' || json_extract(RUN_DESCRIPTION, '$.suite') \
                   from TEST_SESSIONS";
    assert_eq!(database.value(session), "payments nightly");
    assert_eq!(database.value("select component from TESTS"), "shop.docs-configured");
}
