//! What a gate finds and what it reports in error, beside other tools' rules: `cargo bench -p monitor-report --bench gate`.
//!
//! Suites are written to a file row by row, and judged by the gate of the command. The generator is seeded: the figures are
//! the same everywhere. With arguments, after `--` if there are several, only the parts that they name are printed: `matched`,
//! `loaded`, `families`, `early`, `length`, `changes`, `repeats`, `confirm`, `speed`.

mod changes;
mod confirmed;
mod families;
mod gates;
mod histories;
mod matched;
mod recorded;
mod repeats;
mod rules;
mod suite;

use std::time::Instant;

use confirmed::Confirmed;
use families::{Family, Random};
use gates::{Early, Gates};
use matched::Line;
use recorded::Recorded;
use suite::{Suite, percent};

/// A part of the benchmark, by its name.
type Part = (&'static str, fn());

const PARTS: [Part; 9] = [
    ("matched", matched_false_alarms),
    ("loaded", loaded_machine),
    ("families", whole_gates),
    ("early", short_history),
    ("length", growing_history),
    ("changes", changes_of_level),
    ("repeats", repeated_runs),
    ("confirm", second_measurement),
    ("speed", speed),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            part();
        }
    }
}

fn matched_false_alarms() {
    for (lines, part) in matched::lines().iter().zip(matched::PARTS) {
        let name = part.name;
        println!(
            "\npublic histories, {name}: one new value, found at .3 % false alarms, and 95 % intervals over series"
        );
        println!(
            "  {:<24} {:>16} {:>16} {:>16} {:>16}   of 100 samples ours finds more in",
            "rule", "+5 %", "+10 %", "+20 %", "+50 %"
        );
        lines.iter().for_each(print_line);
    }
}

fn loaded_machine() {
    println!("\nloaded machine, unchanged code");
    for (name, suite) in histories::loaded() {
        let (runs, failed) = gates::of_loaded_machine(&suite);
        println!("  {name}: {} of {runs} gates fail", failed.len());
        failed.iter().for_each(|told| println!("    {told}"));
    }
}

fn whole_gates() {
    println!("\ngates on unchanged code that fail, and one slower test found (at least suspect), by family");
    println!(
        "  {:<5} {:<17} {:>13} {:>15} {:>9}  +10 %, +20 %, +50 %, x2, x100",
        "tests", "noise", "5-19 runs", "20 and more", "suspects"
    );
    for (tests, suites, runs, every) in
        [(1, 60, 70, 3), (10, 30, 70, 5), (100, 5, 60, 8), (1000, 1, 30, 5), (5000, 1, 22, 7)]
    {
        for family in Family::ALL {
            print_gates(family, tests, &gates::of_family(family, tests, suites, runs, every));
        }
    }
}

fn short_history() {
    println!(
        "\ngates on unchanged code that fail with 5-7, 8-11, 12-19 runs before; x2 in one test found (at least suspect)"
    );
    for (tests, suites) in [(1, 400), (10, 200), (100, 20)] {
        for family in Family::ALL {
            print_early(family.name(), tests, &gates::early(Suite::of_family, family, tests, suites));
        }
        let both = gates::early(Suite::of_family_alike, Family::Spikes, tests, suites);
        print_early("spikes, in both", tests, &both);
    }
}

fn print_early(noise: &str, tests: usize, early: &[Early; gates::SHORT.len()]) {
    let failed = early.map(|early| format!("{:.2} % of {}", percent(early.failed, early.gates), early.gates));
    let found = early.map(|early| {
        let share = |count| percent(count, early.gates);
        format!("{:.1} ({:.1})", share(early.found), share(early.suspected))
    });
    println!("  {tests:<5} {noise:<17} {}   {}", failed.join(", "), found.join(", "));
}

fn growing_history() {
    println!("\none slower test of ten found, by runs before: +20 %, +50 %, x2");
    for family in [Family::Normal, Family::HeavyTailed, Family::SharedDays] {
        for before in [5, 9, 12, 20, 50, 100, 300] {
            let found = gates::by_length(family, before, 60).map(|found| format!("{:.0}", percent(found, 60)));
            println!("  {:<17} {before:>4}  {}", family.name(), found.join(", "));
        }
    }
}

fn changes_of_level() {
    let (series, found) = changes::false_when_shuffled(3);
    println!("\nchange points: {:.1} % of {series} shuffled public series have one", percent(found, series));
    for (name, noises) in changes::BINS {
        let [near, far] = changes::TOLERANCES.map(|tolerance| changes::f1(&noises, 400, tolerance));
        println!("  F1 of a 10 % step in noise of {name} %: {near:.3} within 5 runs, {far:.3} within 10");
    }
    for (name, noise) in changes::NOISES {
        println!("  the same in shuffled public stretches, noise by {name}:");
        for (low, high) in [(0.0, 1.0), (1.0, 2.0), (2.0, 4.0), (4.0, 8.0)] {
            let (series, [near, far]) = changes::f1_of_public(noise, low, high);
            println!("    {low}-{high} %, {series} series: {near:.3}, {far:.3}");
        }
    }
    for (runs, sigmas) in [(12, 15.0), (20, 10.0)] {
        println!(
            "  a step of {sigmas} sigma in {runs} runs: {:.1} % found",
            percent(changes::masked(runs, sigmas, 2_000), 2_000)
        );
    }
    for family in Family::ALL {
        let found = changes::false_in_family(family, 200, 80);
        println!("  {:<17} {:.1} % of 200 stationary series of 80 runs", family.name(), percent(found, 200));
    }
}

fn repeated_runs() {
    println!("\nN runs against N, 2 % noise: gates that fail on unchanged code; +10 % in one test found");
    for (tests, runs, gates) in [(100, 4, 200), (1000, 4, 20), (100, 10, 200)] {
        let (failed, found) = repeats::gates(tests, runs, gates);
        println!(
            "  {tests} tests, {runs} a side: {:.1} %; {:.1} % of {gates}",
            percent(failed, gates),
            percent(found, gates)
        );
    }
}

fn second_measurement() {
    println!(
        "\ngate --confirm {}: of doublings in one test those at least suspect, confirmed, and beside which another",
        confirmed::PAIRS
    );
    println!("test is blamed; gates on unchanged code with something in doubt, and that fail after it");
    let print = |name: &str, it: Confirmed| {
        println!(
            "  {name:<42} {:>4}, {:>4}, {} of {:<5}  {:>3}, {} of {}",
            it.suspected, it.found, it.blamed, it.doubled, it.doubtful, it.failed, it.unchanged
        );
    };
    // The other real suite ends before its pairs could follow.
    let [(name, suite), _] = histories::loaded();
    print(&format!("loaded machine, {name}"), confirmed::of_real(&suite, 20, 5));
    for (tests, before, suites) in [(10, 5, 200), (10, 30, 200), (100, 30, 40)] {
        for family in Family::ALL {
            let name = format!("{tests} tests, {before} runs before, {}", family.name());
            print(&name, confirmed::of_family(family, tests, before, suites));
        }
    }
}

fn speed() {
    let mut random = Random::seeded(1);
    let recorded = Recorded::of(&Suite::of_family(Family::HeavyTailed, &mut random, 5_000, 101));
    let start = Instant::now();
    let gated = recorded.gate(100, &|_| 1.0);
    println!(
        "\n5,000 tests, 2 noisy metrics and 2 exact ones, 100 runs before: {} verdicts in {:.0} ms without reading the file",
        gated.findings.len(),
        start.elapsed().as_secs_f64() * 1e3
    );
}

fn print_line(line: &Line) {
    let found = line.found.map(|(found, low, high)| format!("{found:.0} ({low:.0}-{high:.0})"));
    let above = line.ours_above.map(|share| format!("{share:.1}"));
    let [five, ten, twenty, fifty] = found;
    println!("  {:<24} {five:>16} {ten:>16} {twenty:>16} {fifty:>16}   {}", line.name, above.join(" "));
}

fn print_gates(family: Family, tests: usize, gates: &Gates) {
    let share = |(count, failed): (usize, usize)| format!("{:.2} % of {count}", percent(failed, count));
    let found = |number: usize| {
        format!(
            "{:.0} ({:.0})",
            percent(gates.found[number], gates.tried),
            percent(gates.suspected[number], gates.tried)
        )
    };
    let suspects = gates.suspects as f64 / gates.late.0.max(1) as f64;
    let found: Vec<String> = (0..gates::FACTORS.len()).map(found).collect();
    println!(
        "  {tests:<5} {:<17} {:>13} {:>15} {suspects:>9.2}  {}",
        family.name(),
        share(gates.early),
        share(gates.late),
        found.join(", ")
    );
}
