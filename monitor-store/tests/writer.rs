//! What a test process writes, and what it leaves when it dies.

mod common;

use std::io;

use common::*;

use monitor_store::{Attribution, Descriptors, Entry, Monitor, Process, Spool, StoreError, Writer};

const START: &str = "2026-11-23T01:02:03.456789";

#[test]
fn a_test_that_ends_has_a_metric_and_a_profile() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let mut writer = writer(&db, "s", "p");
    let key = key("s", "p", "prime[7]", START);
    writer.apply(&[Entry::Started(running(&key))]).unwrap();
    assert_eq!(
        query(&db, "SELECT outcome, item, start_time, context FROM TESTS"),
        [format!("running|prime|{START}|env")]
    );
    writer.apply(&[finished(&key)]).unwrap();
    writer.apply(&[Entry::Reattributed { key, attribution: Attribution::Shared }]).unwrap();
    writer.close(true).unwrap();
    assert_eq!(
        query(
            &db,
            "SELECT outcome, item, variant, wall_seconds, attribution, heap_peak_bytes, heap_retained_bytes, \
                    rss_peak_bytes, child_user_seconds, machine_class FROM TESTS"
        ),
        ["passed|prime|prime[7]|0.30000000000000004|shared|4096|-16|NULL|0.3333333333333333|class"]
    );
    assert_eq!(query(&db, "SELECT STATE FROM PROCESSES"), ["settled"]);
    assert!(!folder.path().join(".pymon-wal").exists(), "the log is folded back");
}

#[test]
fn two_processes_that_start_a_test_in_the_same_microsecond_keep_both_rows() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let (mut first, mut second) = (writer(&db, "s", "p"), writer(&db, "s", "q"));
    let (of_first, of_second) = (key("s", "p", "prime", START), key("s", "q", "prime", START));
    first.apply(&[Entry::Started(running(&of_first))]).unwrap();
    second.apply(&[Entry::Started(running(&of_second))]).unwrap();
    second.apply(&[finished(&of_second)]).unwrap();
    second.apply(&[Entry::Reattributed { key: of_second.clone(), attribution: Attribution::Process }]).unwrap();
    first.apply(&[finished(&of_first)]).unwrap();
    assert_eq!(
        query(
            &db,
            "SELECT PROCESS_H, ITEM_START_TIME, ATTRIBUTION, TOTAL_TIME FROM TEST_PROFILES \
                    JOIN TEST_METRICS USING (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME) ORDER BY 1"
        ),
        [
            "p|2026-11-23T01:02:03.456789|threads|0.30000000000000004",
            "q|2026-11-23T01:02:03.456790|process|0.30000000000000004"
        ]
    );
}

/// SQLite waited 10 seconds for locks of a descriptor that was gone, since it shares some in a process.
#[test]
fn a_process_that_has_lost_a_descriptor_does_not_open_the_file_again() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let lost = Descriptors { intact: || Err(io::Error::other("closed")), ..Descriptors::UNGUARDED };
    let refused = Writer::open_guarded(&db, lost, true);
    assert!(matches!(&refused, Err(StoreError::Lost { path, .. }) if *path == db), "{refused:?}");
    assert!(!db.exists());
}

/// Where every test is a process of its own, each reads what those before it have written to the log.
#[test]
fn a_process_of_one_test_writes_ten_pages() {
    const PAGE_OF_THE_LOG: u64 = 24 + 4096;
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let length = || std::fs::metadata(folder.path().join(".pymon-wal")).unwrap().len();
    let run = |process_h: &str, start: &str| {
        let key = key("s", process_h, "prime", start);
        let started = [Entry::Started(running(&key))];
        let mut writer = Writer::open(&db).unwrap();
        let process = process("s", process_h);
        writer.register(process, || (session("s"), None), context, |_| &started).unwrap();
        writer.apply_last(&[finished(&key)]).unwrap();
        writer.close(false).unwrap();
    };
    run("p", START);
    let before = length();
    run("q", "2026-11-23T01:02:04.000000");
    let pages = (length() - before).div_ceil(PAGE_OF_THE_LOG);
    assert!(pages <= 10, "{pages} pages");
    assert_eq!(query(&db, "SELECT outcome FROM TESTS"), ["passed", "passed"]);
}

#[test]
fn numbers_that_another_process_gives_anew_are_not_taken_for_known() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let mut writer = writer(&db, "s", "p");
    let test = |start: &str| key("s", "p", "prime", start);
    writer.apply(&[Entry::Started(running(&test(START))), finished(&test(START))]).unwrap();
    writer.apply(&[Entry::Started(running(&test("2026-11-23T01:02:04.000000")))]).unwrap();

    let mut other = register(&db, process("t", "q"));
    assert_eq!(other.delete_sessions(&["s"]).unwrap(), 1);
    let others = key("t", "q", "sieve", START);
    other.apply(&[Entry::Started(running(&others)), finished(&others)]).unwrap();

    writer.apply(&[finished(&test("2026-11-23T01:02:04.000000"))]).unwrap();
    writer.apply(&[Entry::Started(running(&test("2026-11-23T01:02:05.000000")))]).unwrap();
    writer.apply(&[finished(&test("2026-11-23T01:02:05.000000"))]).unwrap();
    assert_eq!(
        query(&db, "SELECT session, variant, start_time, outcome FROM TESTS ORDER BY 1, 3"),
        [
            "s|prime|2026-11-23T01:02:04.000000|passed",
            "s|prime|2026-11-23T01:02:05.000000|passed",
            &format!("t|sieve|{START}|passed")
        ]
    );
}

#[test]
fn of_many_processes_only_those_that_died_are_marked() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let begins = |process: Process| {
        let key = key(&process.session_h, &process.process_h, &process.process_h, START);
        register(&db, process).apply(&[Entry::Started(running(&key))]).unwrap();
    };
    begins(process("s", "p"));
    begins(process("t", "r"));
    begins(dead_process("s", "q"));
    // The same names as others' of another session; and sums are asked for.
    begins(Process { scopes: "function,module".into(), ..dead_process("t", "p") });
    begins(dead_process("s", "r"));
    drop(Writer::open(&db).unwrap());
    assert_eq!(
        query(&db, "SELECT session, variant, outcome FROM TESTS ORDER BY 1, 2"),
        ["s|p|running", "s|q|crashed", "s|r|crashed", "t|p|crashed", "t|r|running"]
    );
    assert_eq!(
        query(&db, "SELECT SESSION_H, PROCESS_H, STATE FROM PROCESSES ORDER BY 1, 2"),
        ["s|p|running", "s|q|settled", "s|r|settled", "t|p|ended", "t|r|running"]
    );
}

#[test]
fn the_next_process_marks_what_died() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let mut dying = register(&db, dead_process("s", "p"));
    let (ended, died) = (key("s", "p", "ended", START), key("s", "p", "died", START));
    dying.apply(&[Entry::Started(running(&ended)), Entry::Started(running(&died))]).unwrap();
    dying.apply(&[finished(&ended)]).unwrap();
    drop(dying);

    drop(Writer::open(&db).unwrap());
    assert_eq!(query(&db, "SELECT variant, outcome FROM TESTS ORDER BY 1"), ["died|crashed", "ended|passed"]);
    assert_eq!(query(&db, "SELECT STATE FROM PROCESSES"), ["settled"]);
}

#[test]
fn the_next_process_finds_the_context_of_its_machine() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let mut writer = writer(&db, "s", "p");
    let found = writer.register(process("s", "next"), || panic!("it is known"), || panic!("it is known"), |_| &[]);
    assert_eq!(found.unwrap(), "env");
    // A limit of the machine may have changed since another session.
    let elsewhere = Process { machine_key: "another".to_owned(), ..process("s", "elsewhere") };
    for (process, whose) in [(elsewhere, "another machine"), (process("t", "next"), "another session")] {
        let asked = std::cell::Cell::new(false);
        let ask = || {
            asked.set(true);
            context()
        };
        writer.register(process, || (session("t"), None), ask, |_| &[]).unwrap();
        assert!(asked.get(), "the context of {whose} was taken");
    }
}

#[test]
fn a_living_process_keeps_its_running_rows() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let mut writer = writer(&db, "s", "p");
    writer.apply(&[Entry::Started(running(&key("s", "p", "prime", START)))]).unwrap();
    drop(Writer::open(&db).unwrap());
    assert_eq!(query(&db, "SELECT outcome FROM TESTS"), ["running"]);
}

/// A process that died in its second test.
fn spooled() -> [Entry; 6] {
    let (one, two) = (key("s", "p", "prime[\"\0\n🦀\"]", START), key("s", "p", "two", START));
    let (context, class) = context();
    [
        Entry::Session { session: session("s"), lockfile: Some("# lock".into()) },
        Entry::Context { context, class },
        Entry::Process(monitor_store::Process { env_h: Some("env".into()), ..dead_process("s", "p") }),
        Entry::Started(running(&one)),
        finished(&one),
        Entry::Started(running(&two)),
    ]
}

#[test]
fn a_spool_file_that_ends_anywhere_gives_its_whole_lines() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let mut spool = Spool::create(&db, 1).unwrap();
    spool.append(&spooled()).unwrap();
    let path = spool.path().to_owned();
    drop(spool);
    let text = std::fs::read(&path).unwrap();
    let line_ends: Vec<usize> = (1..=text.len()).filter(|&end| text[end - 1] == b'\n').collect();
    for length in (0..text.len()).step_by(41) {
        let _ = std::fs::remove_file(&db);
        std::fs::write(&path, &text[..length]).unwrap();
        // The next process with this id begins a line of its own.
        Spool::create(&db, 1).unwrap().append(&[finished(&key("s", "p", "three", START))]).unwrap();
        drop(Writer::open(&db).unwrap());
        assert!(!path.exists());
        // A line is whole without its newline.
        let whole = line_ends.iter().filter(|&&end| end <= length + 1).count();
        // After the header the fifth line is the end of a test.
        let ended = 1 + usize::from(whole >= 6);
        assert_eq!(query(&db, "SELECT count(*) FROM TEST_METRICS"), [ended.to_string()], "{length} bytes");
    }
}

#[test]
fn a_spool_file_is_imported_once_its_writer_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let entries = spooled();
    let mut spool = Spool::create(&db, 4711).unwrap();
    spool.append(&entries).unwrap();
    let path = spool.path().to_owned();
    assert_eq!(path.file_name().unwrap(), ".pymon.spool-4711.jsonl");

    drop(Writer::open(&db).unwrap());
    assert!(path.exists(), "its writer lives");
    drop(spool);
    let torn = std::fs::read_to_string(&path).unwrap() + "{\"started\": {\"key\": {\"ses";
    std::fs::write(&path, &torn).unwrap();
    drop(Writer::open(&db).unwrap());
    assert!(!path.exists());
    let rows = ["prime[\"\0\n🦀\"]|passed|0.30000000000000004", "two|crashed|NULL"];
    let tests = "SELECT variant, outcome, wall_seconds FROM TESTS ORDER BY 1";
    assert_eq!(query(&db, tests), rows);

    std::fs::write(&path, &torn).unwrap();
    drop(Writer::open(&db).unwrap());
    assert_eq!(query(&db, tests), rows, "a second import adds nothing");
    assert_eq!(query(&db, "SELECT CONTENT FROM SESSION_LOCKFILES JOIN LOCKFILES USING (LOCKFILE_H)"), ["# lock"]);
}

/// A process of one test says with its row that it ends; if it goes on after all, it can still be seen to die.
#[test]
fn a_process_that_goes_on_after_its_last_row_runs_again() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let mut dying = register(&db, dead_process("s", "p"));
    dying.apply_last(&[finished(&key("s", "p", "first", START))]).unwrap();
    assert_eq!(query(&db, "SELECT STATE FROM PROCESSES"), ["settled"]);
    dying.apply(&[Entry::Started(running(&key("s", "p", "second", START)))]).unwrap();
    assert_eq!(query(&db, "SELECT STATE FROM PROCESSES"), ["running"]);
    drop(Writer::open(&db).unwrap());
    assert_eq!(query(&db, "SELECT variant, outcome FROM TESTS ORDER BY 1"), ["first|passed", "second|crashed"]);
}

/// SQLite would delete it.
#[test]
fn the_log_of_a_file_that_was_moved_without_it_is_kept_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let mut writer = Writer::open(&db).unwrap();
    writer.apply(&spooled()).unwrap();
    writer.leave();
    let moved = folder.path().join("moved.pymon");
    std::fs::rename(&db, &moved).unwrap();

    let writer = Writer::open(&db).unwrap();
    let [kept] = writer.kept() else { panic!("{:?}", writer.kept()) };
    assert!(kept.to_string().contains("was moved or deleted without its write-ahead log"), "{kept}");
    assert_eq!(query(&db, "SELECT count(*) FROM TESTS"), ["0"]);
    assert_eq!(Monitor::open(&db).unwrap().kept(), writer.kept(), "until somebody does something about it");
    std::fs::rename(kept.path(), folder.path().join("moved.pymon-wal")).unwrap();
    assert_eq!(query(&moved, "SELECT count(*) FROM TESTS"), ["2"]);
}

/// Its file was moved, and the rows of processes that left theirs to others come into the next one first.
#[test]
fn a_session_is_added_after_rows_of_its_processes() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let mut writer = Writer::open(&db).unwrap();
    let of_run = |process_h| Process { leader_pid: Some(7), leader_started: Some(7), ..process("s", process_h) };
    writer.apply(&[Entry::Process(Process { env_h: Some("env".to_owned()), ..of_run("p") })]).unwrap();
    writer.register(of_run("next"), || (session("s"), None), context, |_| &[]).unwrap();
    assert_eq!(query(&db, "SELECT SESSION_H FROM TEST_SESSIONS"), ["s"]);
    assert_eq!(query(&db, "SELECT ENV_H FROM EXECUTION_CONTEXTS"), ["env"]);
}

/// Rows of a newer version wait under another name, which that version looks for, and so does this one for older ones.
#[test]
fn lines_that_are_not_understood_are_kept_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let mut spool = Spool::create(&db, 7).unwrap();
    spool.append(&spooled()).unwrap();
    let path = spool.path().to_owned();
    drop(spool);
    let ours = std::fs::read_to_string(&path).unwrap();
    assert!(ours.starts_with("{\"spool\":{\"version\":3}}\n"), "{ours}");
    let newer = "{\"spool\":{\"version\":99}}\n{\"finished\":{\"of another shape\":1}}\n";
    let strange = "{\"vanished\":{}}\n";
    for (more, behind, reason) in [(newer, ".v99", "newer version (99, not 3)"), (strange, ".unread", "are no rows")] {
        let _ = std::fs::remove_file(&db);
        let text = ours.clone() + more;
        std::fs::write(&path, &text).unwrap();
        let writer = Writer::open(&db).unwrap();
        let kept = std::path::PathBuf::from(format!("{}{behind}", path.display()));
        let told = writer.kept().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(told.contains(&kept.display().to_string()) && told.contains(reason), "{told}");
        drop(writer);
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), text);
        assert!(!path.exists());
        assert_eq!(query(&db, "SELECT count(*) FROM TESTS"), ["2"], "what is understood is imported");
        assert_eq!(Writer::open(&db).unwrap().kept(), [], "told once");
    }
    // Left by an older build.
    let _ = std::fs::remove_file(&db);
    let left = format!("{}.v2", path.display());
    std::fs::write(&left, &ours).unwrap();
    drop(Writer::open(&db).unwrap());
    assert!(!std::path::Path::new(&left).exists());
    assert_eq!(query(&db, "SELECT count(*) FROM TESTS"), ["2"]);
}

#[test]
fn a_spool_file_that_another_process_holds_is_left_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    let first = Spool::create(&db, 4711).unwrap();
    let second = Spool::create(&db, 4711).unwrap();
    assert_eq!(second.path().file_name().unwrap(), ".pymon.spool-4712.jsonl");
    drop(first);
    assert_eq!(Spool::create(&db, 4711).unwrap().path().file_name().unwrap(), ".pymon.spool-4711.jsonl");
}

/// A run of a thousand processes that nobody was left to bring into the file, found by several at once.
#[test]
fn a_thousand_spool_files_are_imported_once_and_by_few_transactions() {
    const PROCESSES: u32 = 1_000;
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join(".pymon");
    for number in 1..=PROCESSES {
        let (process_h, test) = (format!("p{number}"), format!("test_{}", number % 50));
        let key = key("s", &process_h, &test, &start_of(number));
        let (context, class) = context();
        let ended = Entry::Ended { session_h: "s".into(), process_h: process_h.clone() };
        Spool::create(&db, number)
            .unwrap()
            .append(&[
                Entry::Session { session: session("s"), lockfile: None },
                Entry::Context { context, class },
                Entry::Process(monitor_store::Process { env_h: Some("env".into()), ..dead_process("s", &process_h) }),
                Entry::Started(running(&key)),
                finished(&key),
                ended,
            ])
            .unwrap();
    }
    let writers: Vec<Writer> = std::thread::scope(|scope| {
        let openers: Vec<_> = (0..4).map(|_| scope.spawn(|| Writer::open(&db).unwrap())).collect();
        openers.into_iter().map(|opener| opener.join().unwrap()).collect()
    });
    let transactions = commits_in(&folder.path().join(".pymon-wal"));
    assert!(transactions < 60, "{transactions}");
    drop(writers);
    let spools = std::fs::read_dir(folder.path()).unwrap().flatten();
    let left = spools.filter(|file| file.file_name().to_string_lossy().contains("spool"));
    assert_eq!(left.count(), 0);
    assert_eq!(
        query(&db, "SELECT outcome, count(*), count(DISTINCT start_time) FROM TESTS GROUP BY 1"),
        ["passed|1000|1000"]
    );
    assert_eq!(query(&db, "SELECT STATE, count(*) FROM PROCESSES GROUP BY 1"), ["settled|1000"]);
    assert_eq!(query(&db, "SELECT count(*) FROM TEST_SESSIONS"), ["1"]);
    assert_eq!(query(&db, "PRAGMA integrity_check"), ["ok"]);
}

fn start_of(number: u32) -> String {
    format!("2026-11-23T01:02:03.{number:06}")
}

/// How many transactions a write-ahead log holds: the last page of each says how large the database is then.
fn commits_in(log: &std::path::Path) -> usize {
    const HEAD: usize = 32;
    const FRAME: usize = 24 + 4096;
    let log = std::fs::read(log).unwrap();
    log[HEAD..].chunks_exact(FRAME).filter(|frame| frame[4..8] != [0; 4]).count()
}
