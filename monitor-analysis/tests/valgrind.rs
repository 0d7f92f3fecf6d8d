//! What callgrind has written of a real test, before and after a function calls another twice instead of once. Only the paths
//! were changed.
#![forbid(unsafe_code)]

use monitor_analysis::callgrind::{Dump, Edits, Frame, Inlined, addresses, differences, folded};

const BEFORE: &str = include_str!("valgrind/power.callgrind");
const AFTER: &str = include_str!("valgrind/power-twice.callgrind");

/// What callgrind writes by addresses: `demo::run` has `demo::inner` inlined, in which the library's code is inlined.
fn by_address(inner: u64, moved: u32) -> (String, Inlined) {
    let text = format!(
        "positions: instr line\nevents: Ir\n\nob=(1) /t/demo\nfl=(1) /w/src/lib.rs\nfn=(1) demo::run\n0x10 {} 100\n\
         fi=(2) /rustc/1/library/core/src/iter.rs\n0x14 700 {inner}\nfe=(1)\ncob=(2) /usr/lib/libc.so.6\ncfn=(2) memcpy\n\
         calls=3 0x1 0\n0x18 {} 30\n\nob=(2)\nfl=(3) ???\nfn=(2)\n0x1 0 30\n\ntotals: {}\n",
        3 + moved,
        5 + moved,
        130 + inner
    );
    let frame = |function: &str, file: &str, line| Frame { function: function.into(), file: file.into(), line };
    let own = |line| frame("demo::run", "/w/src/lib.rs", line + moved);
    let stack = vec![
        frame("core::iter::fold", "/rustc/1/library/core/src/iter.rs", 700),
        frame("demo::inner", "/w/src/inner.rs", 40),
        own(4),
    ];
    let stacks = [(0x10, vec![own(3)]), (0x14, stack), (0x18, vec![own(5)])];
    (text, Inlined::new("/t/demo", stacks.into()))
}

#[test]
fn what_is_inlined_counts_for_the_line_of_the_program() {
    let (text, inlined) = by_address(50, 0);
    assert_eq!(Inlined::parse(&inlined.text()), inlined);
    assert_eq!(addresses(&text, "/t/demo"), [0x10, 0x14, 0x18].into());
    let run = &Dump::parse_inlined(&text, &inlined).functions["demo::run"];
    let through: Vec<(&str, u32, u64)> =
        run.through.iter().map(|((file, line), cost)| (file.as_str(), *line, *cost)).collect();
    let lib = "/w/src/lib.rs";
    assert_eq!(through, [("/w/src/inner.rs", 40, 50), (lib, 3, 100), (lib, 4, 50), (lib, 5, 30)]);
}

#[test]
fn the_edited_line_is_named_and_its_function() {
    let [(before, inlined_before), (now, inlined_now)] = [by_address(50, 0), by_address(90, 2)];
    let (before, now) = (Dump::parse_inlined(&before, &inlined_before), Dump::parse_inlined(&now, &inlined_now));
    let place = |diff: &str| {
        let changes = differences(&before, &now, &Edits::new(diff, "/w", []));
        assert_eq!(changes[0].function().name, "demo::run");
        let place = changes[0].place.clone().expect("it has one");
        (place.file, place.line, place.function, changes[0].is_edited)
    };
    let moved = "--- src/lib.rs\n+++ src/lib.rs\n@@ -1,0 +2,2 @@\n+// two\n+// lines\n";
    let innermost = ("/w/src/inner.rs".to_owned(), 40, "demo::inner".to_owned(), false);
    assert_eq!(place(moved), innermost, "lines that only moved are no change");
    let edited = format!("{moved}--- src/inner.rs\n+++ src/inner.rs\n@@ -40 +40 @@\n-old\n+new\n");
    assert_eq!(place(&edited), (innermost.0, 40, innermost.2, true));
    let caller = format!("{moved}@@ -4 +6 @@\n-inner(1)\n+inner(2)\n");
    assert_eq!(place(&caller), ("/w/src/lib.rs".to_owned(), 6, "demo::run".to_owned(), true));
    let limit = "--- src/lib.rs\n+++ src/lib.rs\n@@ -1,6 +1,8 @@\n fn run() {\n+    let limit = 7;\n+    let least = 1;\n     \
                 start(\n     );\n     inner(limit);\n     end();\n }\n";
    let costs = ("/w/src/lib.rs".to_owned(), 6, "demo::run".to_owned(), true);
    assert_eq!(place(limit), costs, "the edited lines cost nothing themselves: what their function costs does");
}

#[test]
fn a_function_that_is_no_longer_inlined_is_named_by_its_attribute() {
    let of = |functions: &str| {
        Dump::parse(&format!(
            "positions: line\nevents: Ir\n\nob=(1) /t/demo\nfl=(1) /w/src/lib.rs\nfn=(1) demo::run\n{functions}"
        ))
    };
    let base = of("100 900\n202 400\n\ntotals: 1300\n");
    let head = of(
        "100 1000\ncfn=(2) demo::inner\ncalls=100 201\n100 600\n\nfn=(2)\n190 50\n201 150\n202 400\n\ntotals: 1600\n",
    );
    let place = |diff: &str| {
        let changes = differences(&base, &head, &Edits::new(diff, "/w", []));
        assert_eq!(changes[0].only_on_one_side, ["demo::inner"]);
        let place = changes[0].place.clone().expect("it has one");
        (place.line, place.function)
    };
    let attribute = "--- src/lib.rs\n+++ src/lib.rs\n@@ -200,4 +200,4 @@\n-#[inline]\n+#[inline(never)]\n fn inner() {\n     \
                     work();\n }\n";
    assert_eq!(place(attribute), (201, "demo::inner".to_owned()));
    assert_ne!(place(&attribute.replace("200,", "150,")).0, 201, "the attribute of another function");
}

#[test]
fn the_costs_of_a_dump_add_up() {
    for (text, total) in [(BEFORE, 54_599), (AFTER, 103_535)] {
        let dump = Dump::parse(text);
        assert_eq!(dump.total, total);
        let sum: u64 = folded(&dump).iter().map(|cost| cost.own).sum();
        assert!(sum.abs_diff(total) <= 20, "but for rounding: {sum}");
    }
}

#[test]
fn functions_of_the_language_count_for_their_callers() {
    let costs = folded(&Dump::parse(BEFORE));
    assert_eq!(costs[0].name, "primes_demo::miller_rabin::multiply_modulo");
    assert_eq!((costs[0].package.as_str(), costs[0].file.ends_with("/src/miller_rabin.rs")), ("", true));
    let powers = costs.iter().find(|cost| cost.name.ends_with("::power_modulo")).expect("it is called");
    assert_eq!(powers.calls, 12, "once for each base");
    assert!(!costs.iter().any(|cost| cost.name.starts_with("core::")), "{costs:#?}");
}

#[test]
fn a_change_is_due_to_who_calls_more_often() {
    let changes = differences(&Dump::parse(BEFORE), &Dump::parse(AFTER), &Edits::default());
    assert_eq!(changes[0].function().name, "primes_demo::miller_rabin::is_prime::{{closure}}");
    let due: i64 = changes.iter().map(|change| change.due).sum();
    assert!((due - (103_535 - 54_599)).abs() <= 20, "all of it is due to somebody: {due}");
    assert!(changes[0].due * 10 > due * 9, "{changes:#?}");
    let dearest = changes.iter().max_by_key(|change| change.difference()).expect("there are changes");
    assert_eq!(dearest.function().name, "primes_demo::miller_rabin::multiply_modulo");
}
