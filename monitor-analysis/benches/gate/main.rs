//! What the judge finds and what it reports in error, beside other tools' rules: `cargo bench -p monitor-analysis --bench
//! gate`. The generator is seeded: the figures are the same everywhere.

mod changes;
mod families;
mod gates;
mod histories;
mod matched;
mod repeats;
mod rules;
mod suite;

use std::time::Instant;

use families::{Family, Random};
use gates::Gates;
use matched::{Half, Line};
use monitor_analysis::metric::Metric;
use suite::{Suite, percent};

fn main() {
    speed();
    for (half, name) in [(Half::First, "first halves (tuning)"), (Half::Second, "second halves")] {
        println!(
            "\npublic histories, {name}: one new value, found at .3 % false alarms, and 95 % intervals over series"
        );
        println!(
            "  {:<24} {:>16} {:>16} {:>16} {:>16}   lead of ours at least",
            "rule", "+5 %", "+10 %", "+20 %", "+50 %"
        );
        matched::lines(half, 3).iter().for_each(print_line);
    }
    let (runs, failed) = gates::of_loaded_machine();
    println!("\nloaded machine, unchanged code: {failed} of {runs} gates fail");
    println!("\ngates on unchanged code that fail, and one slower test found (at least suspect), by family");
    println!(
        "  {:<5} {:<17} {:>13} {:>15} {:>9}  +10 %, +20 %, +50 %, x2, x100",
        "tests", "noise", "5-19 runs", "20 and more", "suspects"
    );
    for (tests, suites, runs, every) in [(1, 100, 70, 3), (10, 40, 70, 5), (100, 5, 60, 8), (1000, 1, 30, 5)] {
        for family in Family::ALL {
            print_gates(family, tests, &gates::of_family(family, tests, suites, runs, every));
        }
    }
    print_changes();
    println!("\nN runs against N, 2 % noise: gates that fail on unchanged code; +10 % in one test found");
    for (tests, runs) in [(100, 4), (1000, 4), (100, 10)] {
        let (failed, found) = repeats::gates(tests, runs, 200);
        println!("  {tests} tests, {runs} a side: {:.1} %; {:.1} %", percent(failed, 200), percent(found, 200));
    }
}

fn speed() {
    let mut random = Random::seeded(1);
    let of = |metric, random: &mut Random| Suite::complete(metric, Family::HeavyTailed.suite(random, 5_000, 101));
    let suites = [of(Metric::WallTime, &mut random), of(Metric::CpuTime, &mut random)];
    let start = Instant::now();
    let judged = suite::judge(&[&suites[0], &suites[1]], 100, &|_| 1.0);
    println!(
        "5,000 tests, 2 noisy metrics, 100 runs: {} verdicts in {:.0} ms",
        judged.tests.len(),
        start.elapsed().as_secs_f64() * 1e3
    );
}

fn print_line(line: &Line) {
    let found = line.found.map(|(found, low, high)| format!("{found:.0} ({low:.0}-{high:.0})"));
    let lead = line.lead.map(|lead| format!("{lead:+.0}"));
    let [five, ten, twenty, fifty] = found;
    println!("  {:<24} {five:>16} {ten:>16} {twenty:>16} {fifty:>16}   {}", line.name, lead.join(" "));
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

fn print_changes() {
    let (series, found) = changes::false_when_shuffled(3);
    println!("\nchange points: {:.1} % of {series} shuffled public series have one", percent(found, series));
    let noises = [0.005, 0.015, 0.03, 0.06];
    let f1 = noises.map(|noise| format!("{:.3}", changes::f1(noise, 400)));
    println!("  F1 of a 10 % step in noise of .5, 1.5, 3 and 6 %: {}", f1.join(", "));
    for (runs, sigmas) in [(12, 15.0), (20, 10.0)] {
        println!(
            "  a step of {sigmas} sigma in {runs} runs: {:.1} % found",
            percent(changes::masked(runs, sigmas, 400), 400)
        );
    }
    for family in Family::ALL {
        let found = changes::false_in_family(family, 200, 80);
        println!("  {:<17} {:.1} % of 200 stationary series of 80 runs", family.name(), percent(found, 200));
    }
}
