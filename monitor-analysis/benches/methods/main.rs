//! What the methods find and what they report in error, on eight families of noise:
//! `cargo bench -p monitor-analysis --bench methods`. The generator is seeded: the figures are the same everywhere.

mod changes;
mod exactly;
mod families;
mod gate;
mod repeats;

use families::Family;

fn main() {
    exact_metrics();
    change_points();
    repeated_runs();
    for tests in [10, 100] {
        gate_of(tests);
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn exact_metrics() {
    println!("exact metrics, targets: no alarm in 1000 repeats, one extra allocation seen");
    let seen = if exactly::one_allocation_is_seen() { "seen" } else { "MISSED" };
    println!("  {} alarms in 1000 repeats; one extra allocation {seen}", exactly::alarms(1000));
}

fn change_points() {
    println!("\nchange points, 300 runs; targets: at most 3 % of flat series show one, F1 of 10 % steps at least 0.94");
    println!("  {:<18} {:>8} {:>8} {:>8}", "family", "false", "F1 10 %", "F1 5 %");
    for family in Family::ALL {
        let false_changes = changes::false_changes(family, 2000, 1);
        let [ten, five] = [0.1, 0.05].map(|size| changes::f1_of_steps(family, size, 500, 2));
        println!("  {:<18} {:>8} {ten:>8.3} {five:>8.3}", family.name(), percent(false_changes));
    }
}

fn repeated_runs() {
    println!(
        "\nN runs against N: share with p < 5 % / share reported; target: p < 5 % in 99 % of +10 % among spikes at N = 10"
    );
    println!("  {:<18} {:>2} {:>16} {:>16} {:>16}", "family", "N", "no change", "+5 %", "+10 %");
    for family in Family::ALL {
        for count in [5, 10] {
            let [none, five, ten] = [1.0, 1.05, 1.1].map(|factor| {
                let (significant, reported) = repeats::found(family, count, factor, 2000, 3);
                format!("{} / {}", percent(significant), percent(reported))
            });
            println!("  {:<18} {count:>2} {none:>16} {five:>16} {ten:>16}", family.name());
        }
    }
}

fn gate_of(tests: usize) {
    println!("\ngate, one run of {tests} tests after 60 runs: share of runs with a false alarm; one slower test found");
    println!("  {:<18} {:>8} {:>8} {:>8} {:>8} {:>8}", "family", "false", "+10 %", "+20 %", "+50 %", "x2");
    for family in Family::ALL.into_iter().map(Some).chain([None]) {
        let false_alarms = gate::false_alarms(family, tests, 400, 4);
        let found = [1.1, 1.2, 1.5, 2.0].map(|factor| percent(gate::power(family, tests, factor, 100, 5)));
        let [ten, twenty, fifty, double] = found;
        let name = family.map_or("all eight in turn", Family::name);
        println!("  {name:<18} {:>8} {ten:>8} {twenty:>8} {fifty:>8} {double:>8}", percent(false_alarms));
    }
}
