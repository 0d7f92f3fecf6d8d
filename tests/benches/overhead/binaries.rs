//! One more test binary under `cargo test`: opening the file, one empty test, closing the file so that it is complete.

use std::time::Instant;

use monitor_tests::{Project, manifest};

use crate::least;

const BINARIES: usize = 20;
const ROUNDS: usize = 9;

pub(crate) fn run() {
    let empty = "fn empty() {}";
    let tests =
        format!("mod plain {{ #[test] {empty} }}\nmod recorded {{ #[test] #[monitor_runtime::monitored] {empty} }}\n");
    let project = Project::new(&[("Cargo.toml", &manifest("bench-binaries", "")), ("src/lib.rs", "")]);
    for number in 0..BINARIES {
        project.write(&format!("tests/empty_{number}.rs"), &tests);
    }
    let cargo_test = |module: &str| {
        let start = Instant::now();
        let _ = project.test(&["--tests", &format!("{module}::")]);
        start.elapsed().as_secs_f64() * 1e3
    };
    cargo_test("plain");
    cargo_test("recorded");
    let (mut plain, mut recorded) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(cargo_test("plain"));
        recorded.push(cargo_test("recorded"));
    }
    let each = |figures: Vec<f64>| least(&figures) / BINARIES as f64;
    let (plain, recorded) = (each(plain), each(recorded));
    println!(
        "\none more test binary under cargo test, of {BINARIES}, whole command, least of {ROUNDS} (budget: 5 ms added)\n  profile dev as Cargo has it"
    );
    println!("  plain                              {plain:8.2} ms");
    println!("  monitored and recorded             {recorded:8.2} ms");
    println!("  added                              {:8.2} ms", recorded - plain);
}
