//! Commands on a file whose every figure is known.
#![forbid(unsafe_code)]

mod common;

use std::fs;

use cargo_monitor::cli::Cli;
use clap::CommandFactory as _;
use common::Fixture;
use monitor_store::Monitor;
use monitor_tests::Run;
use monitor_tests::markdown::Document;

fn shown(fixture: &Fixture, args: &[&str]) -> String {
    let Run { stdout, .. } = fixture.run(args).succeeded();
    // The padding of the last column.
    stdout.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// Commands in the examples of `--help`, in the documents' texts and in their blocks.
#[test]
fn every_command_that_is_shown_can_be_typed() {
    let mut lines: Vec<(String, String)> = Vec::new();
    for document in Document::all().iter().filter(|document| document.path != "CHANGELOG.md") {
        let spans = document.text().split('`').filter(|text| !text.contains('\n'));
        let typed = document.text().lines().map(|line| line.trim_start_matches(['$', ' ']));
        lines.extend(spans.chain(typed).map(|line| (document.path.clone(), line.to_owned())));
    }
    let mut wrong = Vec::new();
    let mut tried = 0;
    let help = "--help".to_owned();
    for (place, line) in lines {
        let Some(words) = words(&line) else { continue };
        tried += 1;
        // A command's name alone stands for what it does.
        let told =
            if words.len() == 2 { words.iter().chain([&help]).collect() } else { words.iter().collect::<Vec<_>>() };
        match Cli::of(told.into_iter().map(Into::into)) {
            Err(error) if error.use_stderr() => wrong.push(format!("{place}: {line}: {words:?}\n{error}")),
            _ => {}
        }
    }
    assert!(tried > 180, "only {tried} commands were found");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Help wraps itself, but a command that goes on in the next line can't be copied.
#[test]
fn examples_in_help_fit_80_columns() {
    let command = Cli::command();
    let mut examples = 0;
    for command in command.get_subcommands() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines = help.split("Examples:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
        for line in lines.lines() {
            examples += 1;
            assert!(line.starts_with("  ") && line.len() <= 80, "{}: {line}", command.get_name());
        }
    }
    assert!(examples > 40, "only {examples}");
}

/// The words of a line that is a command of ours with arguments, up to where a shell would take over.
fn words(line: &str) -> Option<Vec<String>> {
    let line =
        line.split_once("cargo monitor ").filter(|(before, _)| before.is_empty() || before.ends_with("exec "))?.1;
    let (mut words, mut word, mut quote) = (vec!["cargo-monitor".to_owned()], String::new(), None);
    for letter in line.replace("$(git rev-parse HEAD)", "HEAD").chars() {
        match (letter, quote) {
            ('\'' | '"', None) => quote = Some(letter),
            (_, Some(begun)) if begun == letter => quote = None,
            (' ', None) => words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty())),
            (';' | '|' | '#' | '>' | '<', None) => break,
            _ => word.push(letter),
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words.iter_mut().filter(|word| *word == "N").for_each(|word| *word = "4".to_owned());
    Some(words)
}

#[test]
fn sessions_are_listed_newest_first() {
    let fixture = Fixture::three_sessions();
    insta::assert_snapshot!(shown(&fixture, &["sessions"]));
    let two = fixture.run(&["sessions", "-n", "2"]).succeeded();
    assert_eq!(two.stdout.lines().count(), 3);
    assert!(two.stderr.contains("older sessions left out: 1"), "{}", two.stderr);
    let main = shown(&fixture, &["sessions", "main"]);
    assert!(main.contains("beef01aaaa") && !main.contains("cab003"), "{main}");
}

#[test]
fn show_has_every_test_of_a_session() {
    let fixture = Fixture::three_sessions();
    insta::assert_snapshot!(shown(&fixture, &["show", "--sort", "wall-time"]));
    insta::assert_snapshot!(
        "show_markdown",
        shown(&fixture, &["show", "main", "--test", "slow", "--metrics", "heap-peak,threads", "--format", "markdown"])
    );
    insta::assert_snapshot!("show_json", shown(&fixture, &["show", "latest", "--test", "wrong", "--format", "json"]));
}

#[test]
fn top_ranks_by_any_metric() {
    let fixture = Fixture::three_sessions();
    let top = |args: &[&str]| shown(&fixture, &[&["top"], args].concat());
    let all = [
        top(&[]),
        top(&["memory", "-n", "1"]),
        top(&["memory", "--reverse", "-n", "1"]),
        top(&["wall-time", "--by", "module"]),
        top(&["heap-peak", "--by", "component"]),
        top(&["cpu-usage", "--by", "package", "--session", "latest~1"]),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn sessions_have_many_names() {
    let fixture = Fixture::three_sessions();
    let ids = [
        ("latest", "35e5510000"),
        ("latest~2", "15e5510000"),
        ("main", "25e5510000"),
        ("main~1", "15e5510000"),
        ("cab", "35e5510000"),
        ("tag:suite=night", "25e5510000"),
        ("tag:suite=day~1", "15e5510000"),
        ("2026-11-02", "25e5510000"),
        ("15e", "15e5510000"),
    ];
    for (name, id) in ids {
        let shown = shown(&fixture, &["show", name]);
        assert!(shown.contains(id), "{name}: {shown}");
    }
    for (name, message) in [
        ("beef", "`beef` is ambiguous, it can be commit:beef02aaaa and commit:beef01aaaa"),
        ("fsater", "no session matches `fsater`; did you mean `faster`?"),
        ("latest~3", "`latest~3` goes back too far: there are 3 such sessions"),
    ] {
        let run = fixture.run(&["show", name]);
        assert_eq!(run.code, Some(3));
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
}

#[test]
fn what_is_exported_can_be_imported_once() {
    let fixture = Fixture::three_sessions();
    let rows = fixture.folder().join("rows.jsonl");
    let _ = fixture.run(&["export", "-o", "rows.jsonl"]).succeeded();
    assert_eq!(fs::read_to_string(&rows).expect("it was written").lines().count(), 8);
    let imported = fixture.run(&["--db", "copy.pymon", "import", "rows.jsonl", "--format", "csv"]).succeeded();
    assert_eq!(imported.stdout, "path,source,sessions,rows,left_out,left_out_names\r\nrows.jsonl,export,3,7,0,{}\r\n");
    for again in [["import", "rows.jsonl"], ["import", ".pymon"], ["merge", ".pymon"]] {
        let run = fixture.run(&[&["--db", "copy.pymon", "--format", "json"], &again[..]].concat()).succeeded();
        assert!(run.stdout.contains("\"sessions\": 0") && run.stdout.contains("\"rows\": 0"), "{}", run.stdout);
    }
    let _ = fixture.run(&["--db", "copy.pymon", "export", "-o", "again.jsonl"]).succeeded();
    let _ = fixture.run(&["export", "-o", "rows.csv"]).succeeded();
    let _ = fixture.run(&["--db", "of-csv.pymon", "import", "rows.csv"]).succeeded();
    let _ = fixture.run(&["--db", "of-csv.pymon", "export", "-o", "of-csv.jsonl"]).succeeded();
    let without_lockfiles = |path: &str| {
        let text = fs::read_to_string(fixture.folder().join(path)).expect("it was written");
        let hash =
            |line: &str| line.find("\"lockfile\":").map(|at| line[at..].split(',').next().unwrap_or("").to_owned());
        text.lines().map(|line| line.replace(&hash(line).unwrap_or_default(), "")).collect::<Vec<_>>()
    };
    assert_eq!(without_lockfiles("rows.jsonl"), without_lockfiles("again.jsonl"));
    // A test that crashed has its machine class by its process only, which is not exported.
    let ended = |path: &str| {
        without_lockfiles(path).into_iter().filter(|line| !line.contains("\"crashed\"")).collect::<Vec<_>>()
    };
    assert_eq!(ended("rows.jsonl").len(), 7);
    assert_eq!(ended("rows.jsonl"), ended("of-csv.jsonl"));
}

#[test]
fn capacity_counts_what_child_processes_hold() {
    let fixture = Fixture::three_sessions();
    let most = || {
        let text = fixture.run(&["capacity", "--format", "json"]).succeeded().stdout;
        let after = text.split("\"peak_memory_bytes\": ").skip(1).map(|rest| rest.split([',', '\n']).next());
        after.flatten().map(|number| number.trim().parse::<f64>().expect("a number")).fold(0.0, f64::max)
    };
    let before = most();
    let database = monitor_tests::Database::open(&fixture.folder().join(".pymon"));
    database.execute("update RUNS set CHILD_RSS_PEAK = 209715200");
    assert!(most() >= before + 209_715_200.0, "{} after {before}", most());
}

#[test]
fn csv_has_a_line_for_each_row() {
    let fixture = Fixture::three_sessions();
    let csv = fixture.run(&["export", "latest", "--as", "csv"]).succeeded().stdout;
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert!(lines[0].starts_with("session,run_date,commit,"), "{}", lines[0]);
    assert_eq!(lines.len(), 1 + 4 + 1, "{csv}");
}

#[test]
fn shards_become_one_file() {
    let (left, right) = (Fixture::three_sessions(), Fixture::empty());
    right.session(3, "cab003aaaaaaaaaaaaaa", &[], &[("other::shard", 0.5, 64, monitor_store::Outcome::Passed)]);
    let (left_file, right_file) = (left.file(), right.file());
    let paths = [&left_file, &right_file].map(|path| path.to_str().expect("a path in ASCII"));
    let merged = right.run(&["--db", "all.pymon", "merge", paths[0], paths[1], "--format", "csv"]).succeeded();
    let counts: Vec<&str> =
        merged.stdout.lines().skip(1).filter_map(|line| line.split_once(",").map(|it| it.1)).collect();
    assert_eq!(counts, ["3,7", "0,1"]);
    let itself = left.run(&["merge", "./.pymon"]);
    assert_eq!(itself.code, Some(1));
    assert!(itself.stderr.contains("into itself"), "{}", itself.stderr);
    let missing = left.run(&["--db", "new.pymon", "merge", ".pymon", "no.pymon"]);
    assert_eq!(missing.code, Some(3));
    assert!(!left.folder().join("new.pymon").exists(), "nothing is written if a file is missing");
}

#[test]
fn prune_spares_what_a_gate_compares_with() {
    let fixture = Fixture::three_sessions();
    let left = || {
        Monitor::open(&fixture.file()).expect("a file").sessions(&monitor_store::Sessions::all()).expect("rows").len()
    };
    let dry = fixture.run(&["prune", "--keep", "1", "--dry-run"]).succeeded();
    assert!(dry.stderr.contains("would be deleted: 2"), "{}", dry.stderr);
    assert_eq!(left(), 3);
    let mut gated = fixture.command(&["prune", "--keep", "1"]);
    gated.env("MONITOR_GATE_BASELINE", "tag:suite=night");
    let gated = monitor_tests::run(gated).succeeded();
    assert!(gated.stderr.contains("baselines of a gate: 1"), "{}", gated.stderr);
    assert_eq!(left(), 2);
    let protected = fixture.run(&["prune", "--days", "0", "--protect", "last:1"]).succeeded();
    assert!(protected.stderr.contains(".pymon: 1"), "{}", protected.stderr);
    assert_eq!(left(), 1);
    let forced = fixture.run(&["prune", "--keep", "0", "--protect", "last:1", "--force"]).succeeded();
    assert!(forced.stderr.contains(".pymon: 1"), "{}", forced.stderr);
    assert_eq!(left(), 0);
    assert_eq!(fixture.run(&["prune"]).code, Some(2), "what to keep must be said");
}

#[test]
fn doctor_tells_wrong_from_doubtful() {
    let fixture = Fixture::three_sessions();
    fs::create_dir(fixture.folder().join("src")).expect("a folder can be made");
    fs::write(
        fixture.folder().join("Cargo.toml"),
        "[package]\nname = \"x\"\n[dev-dependencies]\nmonitor-runtime = \"0.1\"\n",
    )
    .expect("a file can be written");
    let source = |text: &str| fs::write(fixture.folder().join("src/lib.rs"), text).expect("a file can be written");
    source("#[test] #[monitored] fn a() {}");
    let fine = fixture.run(&["doctor"]).succeeded();
    assert!(fine.stdout.contains("3 sessions") && !fine.stdout.contains("wrong"), "{}", fine.stdout);
    source("#[test] #[monitored] fn a() {} #[global_allocator] static A: Mine = Mine;");
    let wrong = fixture.run(&["doctor", "--format", "json"]);
    assert_eq!(wrong.code, Some(7), "{}", wrong.stderr);
    for words in [
        "\"grade\": \"wrong\"",
        "conflicts with global allocator in: monitor_runtime",
        "package = \\\"monitor-core\\\"",
    ] {
        assert!(wrong.stdout.contains(words), "{words}: {}", wrong.stdout);
    }
}

#[test]
fn doctor_sees_what_lies_around_the_file() {
    let fixture = Fixture::three_sessions();
    let doctor = |variables: &[(&str, &str)]| {
        let mut command = fixture.command(&["doctor"]);
        command.envs(variables.iter().copied());
        monitor_tests::run(command)
    };
    let outside = doctor(&[]).succeeded();
    assert!(outside.stdout.contains("no Cargo project"), "{}", outside.stdout);
    let misspelt = doctor(&[("MONITOR_DESCRIPTON", "x")]).succeeded();
    assert!(misspelt.stdout.contains("set MONITOR_DESCRIPTION, if that is meant"), "{}", misspelt.stdout);
    let off = doctor(&[("MONITOR", "0")]).succeeded();
    assert!(off.stdout.contains("MONITOR is 0: tests record nothing"), "{}", off.stdout);
    let spool = fixture.folder().join(".pymon.spool-1.jsonl");
    let held = fs::File::create(&spool).expect("a file can be made");
    held.lock().expect("it can be locked, as its process does");
    let waiting = doctor(&[]).succeeded();
    assert!(waiting.stdout.contains("rows wait in .pymon.spool-1.jsonl"), "{}", waiting.stdout);
    fs::write(fixture.folder().join(".pymon"), "no database ".repeat(100)).expect("a file can be written");
    let corrupt = doctor(&[]);
    assert_eq!(corrupt.code, Some(7), "{}", corrupt.stderr);
    assert!(corrupt.stdout.contains("not an SQLite database"), "{}", corrupt.stdout);
}

#[test]
fn shells_complete_the_names_of_sessions() {
    let fixture = Fixture::three_sessions();
    let script = fixture.run(&["completions", "bash"]).succeeded().stdout;
    assert!(script.contains("cargo-monitor") && script.contains("COMPLETE"), "{script}");
    let mut shell = fixture.command(&["--", "cargo-monitor", "show", ""]);
    shell.envs([("COMPLETE", "bash"), ("_CLAP_COMPLETE_INDEX", "2"), ("_CLAP_IFS", "\n")]);
    let offered = monitor_tests::run(shell).succeeded().stdout;
    for name in ["latest", "latest~2", "main", "faster", "beef02aaaa", "35e5510000", "tag:suite=night"] {
        assert!(offered.lines().any(|line| line == name), "{name} of {offered}");
    }
}

#[test]
fn both_ways_to_call_and_every_help_work() {
    let fixture = Fixture::three_sessions();
    assert_eq!(fixture.run(&["monitor", "top"]).succeeded().stdout, fixture.run(&["top"]).succeeded().stdout);
    let help = fixture.run(&["--help"]).succeeded().stdout;
    assert!(help.contains("Exit codes:") && help.contains("cargo monitor"), "{help}");
    for name in fixture.commands() {
        let help = fixture.run(&[&name, "--help"]).succeeded().stdout;
        assert!(help.contains("Example"), "{name}: {help}");
    }
}

#[test]
fn colour_is_for_terminals_and_who_asks_for_it() {
    let fixture = Fixture::three_sessions();
    assert!(!fixture.run(&["show"]).succeeded().stdout.contains('\u{1b}'), "not on a pipe");
    assert!(fixture.run(&["show", "--color", "always"]).succeeded().stdout.contains('\u{1b}'));
    assert!(!fixture.run(&["show", "--color", "never"]).succeeded().stdout.contains('\u{1b}'));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let fixture = Fixture::empty();
    let rows: Vec<String> = (0..3_000).map(|number| format!("demo::tests::test_{number}")).collect();
    let rows: Vec<_> = rows.iter().map(|name| (name.as_str(), 0.1, 1, monitor_store::Outcome::Passed)).collect();
    fixture.session(1, "", &[], &rows);
    let mut child = fixture.command(&["export"]);
    child.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = child.spawn().expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        (output.status.code(), output.stderr.len()),
        (Some(0), 0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Also where it is interrupted before, while or after it writes.
#[test]
fn an_export_leaves_a_whole_file_or_none() {
    let fixture = Fixture::three_sessions();
    let file = fixture.folder().join("real.csv");
    let link = fixture.folder().join("link.csv");
    std::os::unix::fs::symlink("real.csv", &link).expect("a link");
    fs::write(&file, "before").expect("a file");
    let mut child = fixture.command(&["export", "-o", "link.csv"]).spawn().expect("it runs");
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill runs").success());
    let ended = child.wait().expect("it ends").success();
    let whole = fixture.run(&["export", "--as", "csv"]).succeeded().stdout;
    let found = fs::read_to_string(&file).expect("it is there");
    assert!(found == if ended { &whole } else { "before" }, "{found}");
    let _ = fixture.run(&["export", "-o", "link.csv"]).succeeded();
    assert!(link.is_symlink() && fs::read_to_string(&file).expect("it is there") == whole);
    let names = fs::read_dir(fixture.folder()).expect("a folder").map(|it| it.expect("an entry").file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with(".tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_export_to_what_is_no_file() {
    let fixture = Fixture::three_sessions();
    let to_stdout = fixture.run(&["export", "-o", "/dev/stdout", "--as", "csv"]).succeeded().stdout;
    assert_eq!(to_stdout, fixture.run(&["export", "--as", "csv"]).succeeded().stdout);
    let full = fixture.run(&["export", "-o", "/dev/full"]);
    assert_eq!(full.code, Some(1));
    assert!(full.stderr.contains("cannot write /dev/full: No space left"), "{}", full.stderr);
    let stdout = fs::File::options().write(true).open("/dev/full").expect("a device without room");
    let output = fixture.command(&["export"]).stdout(stdout).output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("cannot write to standard output: No space left"), "{told}");
}
