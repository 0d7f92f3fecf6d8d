//! Files and names that are not as they should be: a clear message or right output, and the documented exit code.
#![forbid(unsafe_code)]

mod common;

use std::fs;
use std::process::{Child, Stdio};

use common::Fixture;
use common::suite::{Cost, Run};
use monitor_store::{Outcome, Writer};

/// Commands that only read.
const READERS: [&[&str]; 7] =
    [&["sessions"], &["show"], &["top"], &["export"], &["history", "slow"], &["plot", "slow"], &["report"]];

fn refuses(fixture: &Fixture, code: i32, message: &str) {
    for args in READERS {
        let run = fixture.run(args);
        assert_eq!(run.code, Some(code), "{args:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.starts_with("error: ") && run.stderr.contains(message), "{args:?}: {}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn a_missing_file() {
    let fixture = Fixture::empty();
    refuses(&fixture, 3, "run monitored tests first");
    refuses(&fixture, 3, "no Cargo project in ");
    assert!(!fixture.file().exists(), "reading makes no file");
    fs::write(fixture.folder().join("Cargo.toml"), "[workspace]").expect("a file can be written");
    refuses(&fixture, 3, "error: no file ");
}

#[test]
fn an_empty_file_and_one_without_sessions() {
    let fixture = Fixture::empty();
    fs::write(fixture.file(), "").expect("a file can be written");
    let run = fixture.run(&["show"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("has no session"), "{}", run.stderr);
    Writer::open(&fixture.file()).and_then(|writer| writer.close(true)).expect("a file can be made");
    let run = fixture.run(&["show"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert_eq!(fixture.run(&["export"]).succeeded().stdout, "", "nothing to export is no error");
}

#[test]
fn texts_longer_than_any_name_are_not_found() {
    let fixture = Fixture::three_sessions();
    let long = "a".repeat(100_000);
    for args in [&["export", &long][..], &["show", &long], &["history", &long], &["plot", &long]] {
        let run = fixture.run(args);
        assert_eq!(run.code, Some(3), "{}: {:.200}", args[0], run.stderr);
        assert!(run.stderr.contains("aaa"), "{}: {:.200}", args[0], run.stderr);
    }
}

#[test]
fn a_corrupt_file_a_folder_and_another_database() {
    let fixture = Fixture::empty();
    fs::write(fixture.file(), "no database at all ".repeat(100)).expect("a file can be written");
    refuses(&fixture, 4, "not an SQLite database");
    fs::remove_file(fixture.file()).expect("it is there");
    fs::create_dir(fixture.file()).expect("a folder can be made");
    refuses(&fixture, 4, "is a folder");
    fs::remove_dir(fixture.file()).expect("it is there");
    fs::write(fixture.file(), "").expect("a file can be written");
    monitor_tests::Database::open(&fixture.file()).execute("create table somebody_elses (x)");
    refuses(&fixture, 4, "not a .pymon file");
}

/// As the file that is meant and as one to take sessions from; its program numbers its schema where we do.
#[test]
fn another_programs_database_is_left_as_it_is() {
    for version in [0, 1, 3, 999] {
        let fixture = Fixture::empty();
        let theirs = fixture.folder().join("theirs.db");
        fs::write(&theirs, "").expect("a file can be written");
        monitor_tests::Database::open(&theirs)
            .execute(&format!("create table somebody_elses (x); pragma user_version = {version}"));
        let before = fs::read(&theirs).expect("it is there");
        let name = theirs.to_str().expect("a path of letters");
        fs::copy(Fixture::three_sessions().file(), fixture.folder().join("ours.pymon")).expect("it can be copied");
        let taken_from: [&[&str]; 2] = [&["merge", name], &["import", name]];
        let written_to: [&[&str]; 4] = [
            &["--db", name, "merge", "ours.pymon"],
            &["--db", name, "import", "ours.pymon"],
            &["--db", name, "prune", "--keep", "1"],
            &["--db", name, "show"],
        ];
        for args in taken_from.iter().chain(&written_to) {
            let run = fixture.run(args);
            assert_eq!(run.code, Some(4), "{args:?}: {}{}", run.stdout, run.stderr);
            let told = [name, "not a .pymon file", "it has the tables somebody_elses"];
            assert!(told.iter().all(|words| run.stderr.contains(words)), "{args:?}: {}", run.stderr);
            assert!(fs::read(&theirs).expect("it is there") == before, "{args:?} changed it, version {version}");
        }
    }
}

#[test]
fn a_newer_file_is_read_and_not_written() {
    let fixture = Fixture::three_sessions();
    monitor_tests::Database::open(&fixture.file()).execute("pragma user_version = 999");
    let before = fs::read(fixture.file()).expect("it is there");
    let shown = fixture.run(&["show"]).succeeded();
    assert!(shown.stdout.contains("demo::tests::slow"), "{}", shown.stdout);
    for args in [&["prune", "--keep", "1"][..], &["merge", "other.pymon"], &["import", "other.pymon"]] {
        fs::copy(fixture.file(), fixture.folder().join("other.pymon")).expect("it can be copied");
        let run = fixture.run(args);
        assert_eq!(run.code, Some(4), "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains("newer than"), "{}", run.stderr);
    }
    assert_eq!(fs::read(fixture.file()).expect("it is there"), before);
}

#[test]
fn a_file_that_eight_processes_write() {
    let fixture = Fixture::three_sessions();
    let shards: Vec<Fixture> = (0..8).map(|_| Fixture::empty()).collect();
    for (number, shard) in shards.iter().enumerate() {
        let names: Vec<String> = (0..200).map(|test| format!("demo::shard_{number}::test_{test}")).collect();
        let rows: Vec<_> = names.iter().map(|name| (name.as_str(), 0.1, 1, Outcome::Passed)).collect();
        shard.session(4, "dead04", &[], &rows);
    }
    let merge = |shard: &Fixture| {
        let mut command = fixture.command(&["merge"]);
        command.arg(shard.file()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("it runs")
    };
    let mut writers: Vec<Child> = shards.iter().map(merge).collect();
    while writers.iter_mut().any(|writer| writer.try_wait().expect("it can be asked").is_none()) {
        for args in READERS {
            let _ = fixture.run(args).succeeded();
        }
    }
    for writer in writers {
        let output = writer.wait_with_output().expect("it has ended");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let shown = fixture.run(&["top", "--by", "package", "--session", "dead04", "--format", "csv"]).succeeded();
    assert!(shown.stdout.trim_end().ends_with(",1600"), "no row is lost: {}", shown.stdout);
}

/// Names that are out to harm: a terminal, a web page, a spreadsheet, a reader.
const HOSTILE: [&str; 6] = [
    "demo::\u{1b}[2J\u{1b}]0;owned\u{7}red",
    "demo::<script>alert(1)</script><img src=x onerror=alert(1)>",
    "=HYPERLINK(\"http://x\",\"y\")",
    "demo::\u{202e}gnp.exe\u{2066}",
    "demo::a|b `c` **d** [e](http://f) @somebody #1",
    "demo::two\nlines\tand, \"quotes\"",
];

#[test]
fn hostile_names_harm_nobody() {
    let fixture = Fixture::empty();
    let rows: Vec<_> = HOSTILE.iter().map(|name| (*name, 0.5, 64, Outcome::Passed)).collect();
    let fields = [("git_branch", "\u{1b}[31mred"), ("description", "=1+1"), ("tag\u{202e}", "<b>")];
    fixture.session(1, "beef\u{9b}2J", &fields, &rows);
    for command in [&["sessions"][..], &["show"], &["top"], &["export"]] {
        for format in ["table", "json", "csv", "markdown"] {
            if command == ["export"] && format == "markdown" {
                continue;
            }
            let run = fixture.run(&[command, &["--format", format]].concat()).succeeded();
            let acts = |c: char| (c.is_control() && !"\r\n".contains(c)) || ('\u{202a}'..='\u{2069}').contains(&c);
            assert!(!run.stdout.chars().any(acts), "{command:?} {format}: {:?}", run.stdout);
        }
    }
    let csv = fixture.run(&["show", "--format", "csv"]).succeeded().stdout;
    assert!(!csv.lines().any(|line| line.starts_with('=')) && csv.contains("'=HYPERLINK"), "{csv}");
    let markdown = fixture.run(&["show", "--format", "markdown"]).succeeded().stdout;
    assert!(markdown.contains("`demo::<script>"), "HTML stands in code: {markdown}");
    assert_eq!(markdown.lines().filter(|line| line.starts_with("| `")).count(), HOSTILE.len(), "{markdown}");
    let unknown = fixture.run(&["show", "\u{1b}[31mno"]);
    assert!(!unknown.stderr.contains('\u{1b}'), "{:?}", unknown.stderr);
}

/// `cargo monitor gate | head -1` in a pipeline that fails where one of its parts does.
#[test]
fn a_closed_pipe_changes_no_exit_code() {
    let fixture = Fixture::of_runs(
        &(1..=8)
            .map(|run| {
                let factor = if run == 8 { 100.0 } else { 1.0 };
                Run::of(run, vec![Cost::of("demo::slow", 0.01 * factor)])
            })
            .collect::<Vec<_>>(),
    );
    let gate: &[&str] = &["gate"];
    for (args, code) in READERS.into_iter().map(|args| (args, 0)).chain([(gate, 5), (&["show", "nosuch"], 3)]) {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = fixture.command(args);
        command.stdout(writer.try_clone().expect("a second end"));
        let output = command.output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {told}");
        assert!(!told.contains("panicked") && told.contains("error") == (code == 3), "{args:?}: {told}");
        // Nobody reads the talk either.
        command.stderr(writer);
        assert_eq!(command.status().expect("it runs").code(), Some(code), "{args:?}");
    }
    let full = fs::File::options().write(true).open("/dev/full").expect("a device without room");
    let output = fixture.command(&["top"]).stdout(full).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("cannot write to standard output: No space left"), "{told}");
}

/// What a script passes where a variable is not set, and files that cannot be written.
#[test]
fn empty_names_and_places_that_are_not_there() {
    let fixture = Fixture::three_sessions();
    fs::write(fixture.folder().join("program"), b"\x7fELF\x02\x01\x01\0".repeat(1 << 20))
        .expect("a file can be written");
    let cases: [(&[&str], i32, &str); 12] = [
        (&["show", ""], 2, "the name of a session is empty"),
        (&["compare", "", "latest"], 2, "the name of a session is empty"),
        (&["gate", "--baseline", ""], 2, "the name of a session is empty"),
        (&["gate", "--head", " "], 2, "the name of a session is empty"),
        (&["history", ""], 2, "the name of a test is empty"),
        (&["plot", ""], 2, "the name of a test is empty"),
        (&["plot", "slow", "-o", "none/x.svg"], 1, "cannot write none/x.svg: there is no folder none: make it first"),
        (&["report", "-o", "none/x.html"], 1, "cannot write none/x.html: there is no folder none"),
        (&["report", "-o", "."], 1, "cannot write .: it is a folder: name a file in it"),
        (&["export", "-o", "none/x.csv"], 1, "cannot write none/x.csv: there is no folder none"),
        (&["top", "--write", "json=none/x.json"], 1, "cannot write none/x.json: there is no folder none"),
        (&["import", "program"], 1, "cannot import program: it is no text"),
    ];
    for (args, code, message) in cases {
        let run = fixture.run(args);
        assert_eq!(run.code, Some(code), "{args:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(message) && !run.stderr.contains("os error"), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn clocks_that_jump_back_and_lonely_sessions() {
    let fixture = Fixture::empty();
    let row = [("demo::tests::one", 0.5, 64, Outcome::Passed)];
    fixture.session(9, "beef09", &[], &row);
    fixture.session(2, "beef02", &[], &row);
    let latest = fixture.run(&["show", "latest", "--format", "json"]).succeeded().stdout;
    assert!(latest.contains("beef09"), "the newest by its date: {latest}");
    let before = fixture.run(&["show", "latest~1", "--format", "json"]).succeeded().stdout;
    assert!(before.contains("beef02"), "{before}");
}

#[test]
fn files_that_cannot_be_imported() {
    let fixture = Fixture::three_sessions();
    for (name, text, message) in [
        ("unknown.txt", "hello", "its format is not recognised"),
        ("broken.xml", "<testsuites><testsuite>", "not XML"),
        ("other.xml", "<html></html>", "no JUnit report"),
        ("data.js", "window.BENCHMARK_DATA = {\"entries\": [}", "not JSON"),
        ("rows.jsonl", "{\"session\": \"a\"}", "row 1 is not a row of an export: it has no `fields`"),
        (
            "date.jsonl",
            "{\"session\": \"a\", \"fields\": {}, \"run_date\": \"today\"}",
            "its `run_date` can't be \"today\"",
        ),
        ("rows.csv", "session,run_date,commit\r\n\"a", "row 2"),
        ("short.csv", "session,run_date,commit\r\na,b\r\n", "row 2"),
        ("estimates.json", "{\"mean\": {\"point_estimate\": \"fast\"}}", "no estimate"),
    ] {
        fs::write(fixture.folder().join(name), text).expect("a file can be written");
        let run = fixture.run(&["import", name]);
        assert_eq!(run.code, Some(1), "{name}: {}", run.stderr);
        assert!(
            run.stderr.contains(&format!("cannot import {name}")) && run.stderr.contains(message),
            "{}",
            run.stderr
        );
    }
    let run = fixture.run(&["import", "missing.xml"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let sessions = fixture.run(&["sessions"]).succeeded().stdout;
    assert_eq!(sessions.lines().count(), 1 + 3, "nothing was added: {sessions}");
}

/// What a script, a client of another language or a damaged page may have put into a row: it is named and in no answer, and all
/// else is answered.
#[test]
fn a_row_that_cannot_be_is_named_and_left_out() {
    let last_of = |commit: &str| {
        format!(
            "(SELECT max(r.ID) FROM RUNS r JOIN ITEMS i ON i.ID = r.ITEM JOIN TEXTS t ON t.ID = r.SESSION \
                 JOIN TEST_SESSIONS d ON d.SESSION_H = t.TEXT WHERE i.ITEM = 'slow' AND d.SCM_ID LIKE '{commit}%')"
        )
    };
    for (column, value, told) in [
        ("ATTEMPT", "NULL", "NULL"),
        ("ATTEMPT", "-1", "-1"),
        ("ATTEMPT", "1.5", "1.5"),
        ("TOTAL_TIME", "-1", "-1"),
        ("TOTAL_TIME", "9e999", "inf"),
        ("USER_TIME", "'fast'", "\"fast\""),
        ("HEAP_PEAK", "x'00ff'", "a blob of 2 bytes"),
        ("ALLOCATIONS", "-7", "-7"),
        ("OUTCOME", "'lucky'", "\"lucky\""),
        ("START", "'yesterday'", "\"yesterday\""),
        ("START", "CAST(x'ff41' AS TEXT)", "\"\u{fffd}A\""),
        ("START", "'2026-02-31T10:00:00.000000'", "\"2026-02-31T10:00:00.000000\""),
        ("START", "NULL", "NULL"),
        ("START", "-1", "-1"),
        // In the year 33658, and further than there are microseconds.
        ("START", "1000000000000000000", "1000000000000000000"),
        ("START", "1e20", "100000000000000000000"),
    ] {
        let fixture = Fixture::three_sessions();
        let database = monitor_tests::Database::open(&fixture.file());
        database.execute(&format!("UPDATE RUNS SET {column} = {value} WHERE ID = {}", last_of("cab003")));
        drop(database);
        let told = format!("(\"slow\"): {column} is {told}");
        for args in READERS.iter().filter(|args| args[0] != "sessions") {
            let run = fixture.run(args).succeeded();
            assert!(
                run.stderr.contains("warning: 1 row of ") && run.stderr.contains(&told),
                "{args:?}: {}",
                run.stderr
            );
            assert_eq!(run.stderr.matches("warning").count(), 1, "{args:?}: {}", run.stderr);
        }
        let doctor = fixture.run(&["doctor", "--format", "csv"]).stdout;
        assert!(doctor.contains("correct or delete it with sqlite3"), "{doctor}");
        let shown = fixture.run(&["show"]).succeeded().stdout;
        assert!(shown.contains("quick[2, 3]") && !shown.contains("slow"), "{shown}");
        let history = fixture.run(&["history", "slow", "--format", "csv"]).succeeded().stdout;
        assert!(history.contains("beef02") && !history.contains("cab003"), "{history}");
        for command in ["compare", "gate"] {
            let run = fixture.run(&[command]);
            assert!(matches!(run.code, Some(0 | 5 | 6)), "{command}: {}{}", run.stdout, run.stderr);
            assert!(run.stderr.contains(&told), "{command}: {}", run.stderr);
        }
    }
    // Elsewhere than in the row of a test.
    for (statement, told) in [
        ("UPDATE TEST_SESSIONS SET RUN_DATE = 'soon' WHERE SCM_ID LIKE 'cab%'", "RUN_DATE is \"soon\""),
        ("UPDATE EXECUTION_CONTEXTS SET RAM_TOTAL_MB = 'much'", "RAM_TOTAL_MB is \"much\""),
        ("UPDATE CONTEXT_CLASSES SET RUSTC = x'ff'", "RUSTC is a blob of 1 bytes"),
    ] {
        let fixture = Fixture::three_sessions();
        monitor_tests::Database::open(&fixture.file()).execute(statement);
        let run = fixture.run(&["sessions"]).succeeded();
        assert!(run.stderr.contains("1 row of ") && run.stderr.contains(told), "{}", run.stderr);
        assert!(run.stdout.contains("beef02"), "{}", run.stdout);
        // The newest that can be read, too.
        assert!(fixture.run(&["show"]).succeeded().stdout.contains("quick[2, 3]"));
    }
    // Another file gets the rest.
    let (fixture, target) = (Fixture::three_sessions(), Fixture::empty());
    monitor_tests::Database::open(&fixture.file()).execute("UPDATE RUNS SET ATTEMPT = -1 WHERE ID <> 1");
    let run = target.run(&["merge", fixture.file().to_str().expect("letters")]).succeeded();
    assert!(run.stderr.contains("warning: 7 rows of ") && run.stderr.contains("; and 4 more"), "{}", run.stderr);
    assert!(target.run(&["sessions"]).succeeded().stdout.contains("cab003"));
}
