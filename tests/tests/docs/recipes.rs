//! The book's SQL runs on a real file, and finds what it is meant to find.

use monitor_tests::markdown::Document;
use monitor_tests::{Project, run};

/// Tests that have something for every recipe to find.
const TESTS: &str = r#"
#[cfg(test)]
mod tests {
    use monitor_runtime::monitored;
    use std::hint::black_box;

    #[rstest::rstest]
    #[case(1000)]
    #[monitored]
    fn sums(#[case] count: usize) {
        let rounds = if env!("CARGO_PKG_VERSION") == "0.1.0" { 1 } else { 2 };
        for _ in 0..rounds {
            drop(black_box(vec![1_u8; count]));
        }
    }

    #[test]
    #[monitored]
    fn empty() {}

    #[test]
    #[monitored(max_heap = "1 KiB")]
    fn greedy() {
        drop(black_box(vec![1_u8; 2048]));
    }

    #[test]
    #[monitored]
    fn leaks() {
        std::mem::forget(black_box(vec![1_u8; 64]));
    }

    #[test]
    #[monitored]
    fn leaves_a_thread() {
        std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(60)));
    }

    #[test]
    #[ignore = "dies"]
    #[monitored(isolate)]
    fn dies() {
        std::process::abort();
    }
}
"#;

#[test]
fn every_recipe_finds_something() {
    let project = Project::library_with("docs-recipes", "rstest = \"0.28\"", TESTS);
    let session = |arguments: &[&str]| {
        let mut cargo = project.cargo(&[&["test", "--lib"], arguments].concat());
        cargo.env("MONITOR_BUDGETS", "report").env("MONITOR_TAGS", "suite=nightly");
        run(cargo)
    };
    assert_eq!(session(&["--", "--ignored"]).code, Some(101), "the test that aborts fails");
    let _ = session(&[]).succeeded();
    // Another version, so another lock file, for the second session.
    let manifest = std::fs::read_to_string(project.path("Cargo.toml")).expect("the manifest can be read");
    project.write("Cargo.toml", &manifest.replacen("0.1.0", "0.2.0", 1));
    let _ = session(&[]).succeeded();

    let database = project.database();
    let chapter = Document::read("docs/src/file.md");
    let recipes: Vec<_> = chapter.blocks().into_iter().filter(|block| block.language == "sql").collect();
    assert!(recipes.len() > 9, "only {} recipes", recipes.len());
    for recipe in &recipes {
        let rows = database.rows(&recipe.text);
        let all =
            || database.rows("select variant, outcome, wall_seconds, heap_retained_bytes, attribution from TESTS");
        assert!(!rows.is_empty(), "{}:{} finds nothing among {:?}", chapter.path, recipe.line, all());
    }
    let found = |words: &str| {
        let recipe = recipes.iter().find(|recipe| recipe.text.contains(words)).expect("there is such a recipe");
        database.rows(&recipe.text)
    };
    assert_eq!(found("now\n"), [["sums[1000]", "1", "2"]]);
    assert!(found("heap_retained_bytes > 0").contains(&vec!["leaks".to_owned(), "64".to_owned()]));
    assert_eq!(found("'over budget'").len(), 3, "two over budget and one crashed");
    assert!(found("'shared'").iter().any(|row| row[0] == "leaves_a_thread"));
}
