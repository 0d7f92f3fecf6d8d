//! Sessions on a server: sent, fetched, and read as those of a file are.
#![forbid(unsafe_code)]

mod common;

use std::path::Path;
use std::thread;

use common::Fixture;
use monitor_server::access::secret;
use monitor_server::cli::Options;
use monitor_server::serve::serve;
use monitor_server::state::Shared;
use monitor_server::store::{Access, Token, open};
use monitor_store::Outcome;
use monitor_tests::{Run, run};

/// A server in this process, whose database is in `folder`; its address.
fn server(folder: &Path) -> String {
    let database = folder.join("monitor.db");
    let store = open::database(&database.to_string_lossy()).expect("a database");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let state = Shared::new(store, Options::default());
        runtime.block_on(serve(listener, None, state, std::future::pending::<()>()))
    });
    format!("http://{address}")
}

/// Without the process of each row, the one thing that a server does not keep.
fn comparable(text: &str) -> String {
    let process = |line: &str| line.find("\"process\":").map(|at| at + line[at..].find([',', '}']).unwrap_or(0));
    let cut = |line: &str| match (line.find("\"process\":"), process(line)) {
        (Some(from), Some(to)) => line[..from].to_owned() + &line[to..],
        _ => line.to_owned(),
    };
    text.lines().map(cut).collect::<Vec<_>>().join("\n")
}

/// With a cache of its own.
fn remote(fixture: &Fixture, args: &[&str]) -> Run {
    let mut command = fixture.command(args);
    command.env("XDG_CACHE_HOME", fixture.folder().join("cache"));
    run(command)
}

#[test]
fn every_reading_command_answers_alike_on_the_file_and_on_the_server() {
    let fixture = Fixture::three_sessions();
    let url = format!("{}/p/ours", server(fixture.folder()));
    let sent = fixture.run(&["push", &url, "--format", "csv"]).succeeded().stdout;
    assert_eq!(
        sent.lines().skip(1).map(|line| line.rsplit(',').next()).collect::<Vec<_>>(),
        [Some("2"), Some("2"), Some("4")]
    );
    let again = fixture.run(&["push", &url, "latest", "--format", "csv"]).succeeded().stdout;
    assert!(again.lines().nth(1).is_some_and(|line| line.ends_with(",4,0")), "{again}");

    let commands: [&[&str]; 10] = [
        &["sessions"],
        &["sessions", "main", "--format", "json"],
        &["show", "--format", "json"],
        &["show", "beef01"],
        &["top", "memory", "--format", "csv"],
        &["compare", "latest~1", "--format", "json"],
        &["gate", "--baseline", "main", "--format", "json"],
        &["history", "slow", "--format", "json"],
        &["capacity", "--cores", "2"],
        &["export", "--as", "json-lines"],
    ];
    for command in commands {
        let of_file = fixture.run(command);
        let of_server = remote(&fixture, &[command, &["--db", &url]].concat());
        assert_eq!(of_server.code, of_file.code, "{command:?}: {}", of_server.stderr);
        assert_eq!(comparable(&of_server.stdout), comparable(&of_file.stdout), "{command:?}");
        assert!(!of_file.stdout.is_empty(), "{command:?}: {}", of_file.stderr);
    }

    // What came since is seen, also in a session that was there.
    fixture.session(4, "cab004", &[("git_branch", "faster")], &[("demo::tests::slow", 2.5, 4096, Outcome::Passed)]);
    fixture.session(3, "cab003aaaaaaaaaaaaaa", &[], &[("demo::tests::late", 0.5, 4096, Outcome::Passed)]);
    let _ = fixture.run(&["push", &url]).succeeded();
    for command in [["show", "latest"], ["show", "cab003"]] {
        let of_server = remote(&fixture, &[&command[..], &["--db", &url]].concat()).succeeded().stdout;
        assert_eq!(of_server, fixture.run(&command).succeeded().stdout, "{command:?}");
    }
}

#[test]
fn what_is_fetched_is_what_was_sent() {
    let fixture = Fixture::three_sessions();
    let url = server(fixture.folder());
    let _ = fixture.run(&["push", &url]).succeeded();
    let other = fixture.folder().join("other.pymon").to_string_lossy().into_owned();
    let fetched = fixture.run(&["--db", &other, "pull", &url, "15e5", "--format", "csv"]).succeeded().stdout;
    assert!(fetched.lines().nth(1).is_some_and(|line| line.ends_with(",1,2")), "{fetched}");
    let _ = fixture.run(&["--db", &other, "pull", &url]).succeeded();
    let twice = fixture.run(&["--db", &other, "pull", &url, "--format", "csv"]).succeeded().stdout;
    assert!(twice.lines().nth(1).is_some_and(|line| line.ends_with(",0,0")), "{twice}");
    for command in
        [&["sessions", "--format", "json"][..], &["show", "--format", "json"], &["export", "--as", "json-lines"]]
    {
        let of_other = fixture.run(&[command, &["--db", &other]].concat()).succeeded().stdout;
        assert_eq!(comparable(&of_other), comparable(&fixture.run(command).succeeded().stdout), "{command:?}");
    }
    let unknown = fixture.run(&["--db", &other, "pull", &url, "nothing"]);
    assert!(unknown.code == Some(1) && unknown.stderr.contains("nothing"), "{}", unknown.stderr);
}

#[test]
fn a_server_that_refuses_or_is_not_there_is_told_of() {
    let fixture = Fixture::three_sessions();
    let store = open::database(&fixture.folder().join("monitor.db").to_string_lossy()).expect("a database");
    let (token, project) = ("monitor_secret", Some("ours".to_owned()));
    let access = Access::Write;
    let hash = secret::hash(token).to_vec();
    let known = Token { name: "ci".into(), hash, access, project, expires_at: None };
    store.set_token("ci", Some(&known)).expect("a token");
    let url = format!("{}/p/ours", server(fixture.folder()));

    let without = fixture.run(&["push", &url]);
    assert!(without.code == Some(1) && without.stderr.contains("401: a valid token is needed"), "{}", without.stderr);
    let mut with = fixture.command(&["push", &url]);
    with.env("MONITOR_REMOTE_TOKEN", token);
    let _ = run(with).succeeded();
    let in_address = url.replace("http://", "http://monitor_secret:@");
    let _ = remote(&fixture, &["--db", &in_address, "sessions"]).succeeded();
    let elsewhere = fixture.run(&["push", &in_address.replace("/p/ours", "/p/others")]);
    assert!(elsewhere.stderr.contains("403") && !elsewhere.stderr.contains(token), "{}", elsewhere.stderr);

    for (args, said) in [
        (&["push", "http://127.0.0.1:9"][..], "http://127.0.0.1:9/api/v2/sessions does not answer"),
        (&["push", "nowhere"], "\"nowhere\" is not the address of a server"),
        (&["push"], "set MONITOR_REMOTE"),
        (&["--db", "http://127.0.0.1:9", "prune", "--keep", "1"], "this command needs a file"),
        (&["--db", "http://127.0.0.1:9", "show"], "(os error 111): is a server running there?"),
    ] {
        let failed = remote(&fixture, args);
        assert!(failed.code == Some(1) && failed.stderr.contains(said), "{args:?}: {}", failed.stderr);
    }
}
