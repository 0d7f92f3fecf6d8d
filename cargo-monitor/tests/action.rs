//! The scripts of the GitHub action, run as GitHub runs them. Only GitHub itself is played: its variables, its files, and a
//! server for its comments.
#![forbid(unsafe_code)]

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use common::Fixture;
use common::suite::{Cost, Run as Recorded, noise};
use monitor_tests::{Run, repository, run, skipped};
use serde_json::{Value, json};

/// What a job of GitHub has: folders, files for what its steps say, variables.
struct Job {
    fixture: Fixture,
    path: String,
}

impl Job {
    /// In a folder with these recorded sessions.
    fn with(runs: &[Recorded]) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_cargo-monitor")).parent().expect("a program is in a folder");
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
        let fixture = if runs.is_empty() { Fixture::empty() } else { Fixture::of_runs(runs) };
        Self { fixture, path }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.fixture.folder().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// Runs a script of the action in the folder.
    fn step(&self, script: &str, variables: &[(&str, &str)]) -> Run {
        let mut command = Command::new("bash");
        command
            .arg(repository().join("action").join(script))
            .current_dir(self.fixture.folder())
            .env("PATH", &self.path)
            .env("MONITOR_DB", self.fixture.file())
            .env("GITHUB_ACTION_PATH", repository())
            .env("RUNNER_TEMP", self.fixture.folder())
            .env("RUNNER_OS", "Linux")
            .env("RUNNER_ARCH", "X64");
        for (name, file) in [("GITHUB_OUTPUT", "output"), ("GITHUB_STEP_SUMMARY", "summary"), ("GITHUB_PATH", "path")] {
            command.env(name, self.file(file));
        }
        command.envs(variables.iter().copied());
        run(command)
    }

    /// What a step said with this name.
    fn output(&self, name: &str) -> String {
        let text = self.text("output");
        let said = text.lines().rev().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        said.unwrap_or_else(|| panic!("no {name} in {text:?}")).to_owned()
    }
}

/// Ten sessions of three tests, the newest of which costs `factor` times as much.
fn history(factor: f64) -> Vec<Recorded> {
    let cost = |run: u32, test: u32| {
        let factor = if run == 10 && test == 0 { factor } else { 1.0 };
        Cost::of(&format!("test_{test}"), 0.2 * factor * noise(u64::from(run * 31 + test)).exp())
    };
    (1..=10).map(|run| Recorded::of(run, (0..3).map(|test| cost(run, test)).collect())).collect()
}

const GATE: [(&str, &str); 3] = [("BASELINE", "last:20"), ("METRICS", "wall-time"), ("THRESHOLDS", "")];

#[test]
fn a_regression_is_in_the_summary_and_its_exit_code_in_the_output() {
    let job = Job::with(&history(3.0));
    let _ = job.step("gate.sh", &GATE).succeeded();
    assert_eq!(job.output("exit-code"), "5");
    let summary = job.text("summary");
    assert!(summary.starts_with("**Tests cost more than they did.**\n"), "{summary}");
    assert!(summary.contains("test_0") && summary.contains("| regressed"), "{summary}");
    assert_eq!(fs::read_to_string(job.output("report")).expect("the report is kept"), summary);
}

#[test]
fn thresholds_and_a_missing_history_have_their_own_words() {
    let job = Job::with(&history(3.0));
    let lax = [
        ("BASELINE", "last:20"),
        ("METRICS", "wall-time allocations"),
        ("THRESHOLDS", "allocations=10;wall-time=900%"),
    ];
    let _ = job.step("gate.sh", &lax).succeeded();
    assert_eq!(job.output("exit-code"), "0", "{}", job.text("summary"));
    let none = [("BASELINE", "branch:nowhere"), ("METRICS", ""), ("THRESHOLDS", "")];
    let _ = job.step("gate.sh", &none).succeeded();
    assert_eq!(job.output("exit-code"), "6");
    assert!(job.text("summary").contains("the history of `branch:nowhere` is missing or too short"));
}

#[test]
fn the_key_changes_with_the_sources_only() {
    let job = Job::with(&[]);
    let key = || {
        let _ = job.step("key.sh", &[]).succeeded();
        job.output("key")
    };
    let first = key();
    assert!(first.starts_with("cargo-monitor-Linux-X64-"), "{first}");
    assert_eq!(key(), first);

    let copy = job.file("copy");
    for package in ["cargo-monitor", "monitor-core"] {
        fs::create_dir_all(copy.join(package)).expect("a folder can be made");
    }
    for name in ["Cargo.toml", "Cargo.lock", "cargo-monitor/main.rs", "monitor-core/lib.rs"] {
        fs::write(copy.join(name), name).expect("a file can be written");
    }
    let key = || {
        let _ = job.step("key.sh", &[("GITHUB_ACTION_PATH", copy.to_str().expect("a path"))]).succeeded();
        job.output("key")
    };
    let before = key();
    fs::write(copy.join("monitor-core/lib.rs"), "changed").expect("a file can be written");
    assert_ne!(key(), before);
}

/// Building the command is what the test of installing it is for; here a program stands for cargo.
#[test]
fn the_command_is_built_only_where_the_cache_had_none() {
    let mut job = Job::with(&[]);
    let folder = job.file("tools");
    let programs = job.file("programs");
    fs::create_dir_all(&programs).expect("a folder can be made");
    let cargo = "#!/bin/sh\necho \"$@\" >> \"$RUNNER_TEMP/asked\"\n\
                 mkdir -p \"$FOLDER/bin\" && printf '#!/bin/sh\\necho 1\\n' > \"$FOLDER/bin/cargo-monitor\"\n\
                 chmod +x \"$FOLDER/bin/cargo-monitor\"\n";
    fs::write(programs.join("cargo"), cargo).expect("a file can be written");
    let mut executable = Command::new("chmod");
    executable.arg("+x").arg(programs.join("cargo"));
    let _ = run(executable).succeeded();
    job.path = format!("{}:{}", programs.display(), job.path);
    let folder = folder.to_str().expect("a path");
    for _ in 0..2 {
        let _ = job.step("install.sh", &[("FOLDER", folder)]).succeeded();
    }
    let asked = job.text("asked");
    assert_eq!(asked.lines().count(), 1, "{asked}");
    assert!(asked.starts_with("install --locked ") && asked.contains("/cargo-monitor --root "), "{asked}");
    assert_eq!(job.text("path"), format!("{folder}/bin\n").repeat(2));
}

#[test]
fn what_tests_cost_is_in_the_summary_and_their_failure_is_the_step_s() {
    let job = Job::with(&[]);
    for (name, text) in [
        ("Cargo.toml", "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n"),
        ("src/lib.rs", "#[test]\nfn passes() {}\n#[test]\n#[ignore]\nfn fails() { panic!() }\n"),
    ] {
        fs::create_dir_all(job.file("src")).expect("a folder can be made");
        fs::write(job.file(name), text).expect("a file can be written");
    }
    let passing = job.step("measure.sh", &[("COMMAND", "test"), ("ARGUMENTS", "--lib\n--quiet")]);
    // Nothing in it is monitored, and no file is made.
    assert_eq!(passing.code, Some(0), "{}", passing.stderr);
    let failing = job.step("measure.sh", &[("COMMAND", "test"), ("ARGUMENTS", "--lib -- --include-ignored")]);
    assert_eq!(failing.code, Some(101), "{}", failing.stderr);
    assert!(failing.stderr.contains("fails"), "cargo's own output is in the log: {}", failing.stderr);
}

/// GitHub's comments on pull request 7 of one repository.
#[derive(Default)]
struct Comments {
    bodies: Vec<String>,
    read_only: bool,
    requests: Vec<String>,
}

/// A server for the comments, until the test ends; its address.
fn github(comments: &Arc<Mutex<Comments>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = format!("http://{}", listener.local_addr().expect("it has an address"));
    let comments = Arc::clone(comments);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, &mut comments.lock().expect("nobody panicked"));
        }
    });
    address
}

fn answer(mut stream: TcpStream, comments: &mut Comments) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream can be cloned"));
    let mut request = String::new();
    reader.read_line(&mut request).expect("a request");
    let mut length = 0;
    let mut authorized = false;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a header");
        let line = line.trim().to_lowercase();
        if line.is_empty() {
            break;
        }
        authorized |= line == "authorization: bearer secret";
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().expect("a number");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    comments.requests.push(format!("{method} {path}"));
    let said = || {
        let value: Value = serde_json::from_slice(&body).expect("JSON");
        value["body"].as_str().expect("a body").to_owned()
    };
    let (status, answer) = if !authorized {
        (401, json!({"message": "Bad credentials"}))
    } else if let Some(page) = path.strip_prefix("/repos/me/shop/issues/7/comments?per_page=100&page=") {
        let first = (page.parse::<usize>().expect("a number") - 1) * 100;
        let page = comments.bodies.iter().enumerate().skip(first).take(100);
        (200, page.map(|(id, body)| json!({"id": id + 1, "body": body})).collect())
    } else if comments.read_only {
        (403, json!({"message": "Resource not accessible by integration"}))
    } else if let Some(id) = path.strip_prefix("/repos/me/shop/issues/comments/") {
        comments.bodies[id.parse::<usize>().expect("a number") - 1] = said();
        (200, json!({"html_url": format!("https://example.com/{id}")}))
    } else {
        comments.bodies.push(said());
        (201, json!({"html_url": format!("https://example.com/{}", comments.bodies.len())}))
    };
    let answer = answer.to_string();
    write!(stream, "HTTP/1.1 {status} -\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}", answer.len())
        .expect("an answer can be sent");
}

/// Writes `report` as comment of the suite `name`.
fn comment(job: &Job, address: &str, name: &str, report: &str) -> Run {
    fs::write(job.file("report"), report).expect("a file can be written");
    fs::write(job.file("event"), r#"{"pull_request": {"number": 7}}"#).expect("a file can be written");
    let (report, event) = (job.file("report").display().to_string(), job.file("event").display().to_string());
    job.step(
        "comment.sh",
        &[
            ("NAME", name),
            ("REPORT", &report),
            ("TOKEN", "secret"),
            ("GITHUB_EVENT_PATH", &event),
            ("GITHUB_API_URL", address),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "me/shop"),
            ("GITHUB_RUN_ID", "42"),
        ],
    )
    .succeeded()
}

fn has_programs() -> bool {
    let missing = ["curl", "jq"].into_iter().find(|program| Command::new(program).arg("--version").output().is_err());
    if let Some(program) = missing {
        skipped(&format!("no {program} on this machine, so comments on pull requests are not written"));
    }
    missing.is_none()
}

#[test]
fn one_comment_of_each_suite_is_kept_up_to_date() {
    if !has_programs() {
        return;
    }
    let comments = Arc::new(Mutex::new(Comments::default()));
    let others = (0..130).map(|number| format!("{number}: I quote <!-- cargo monitor: tests --> here"));
    comments.lock().expect("nobody panicked").bodies.extend(others);
    let address = github(&comments);
    let job = Job::with(&[]);
    assert_eq!(
        comment(&job, &address, "tests", "first `x` \"quoted\" \\ 100 %").stdout.trim(),
        "https://example.com/131"
    );
    let _ = comment(&job, &address, "slow tests", "another suite");
    let _ = comment(&job, &address, "tests", "second");
    let comments = comments.lock().expect("nobody panicked");
    assert_eq!(comments.bodies.len(), 132, "{:?}", comments.requests);
    let run = "[All of the run](https://github.com/me/shop/actions/runs/42)";
    assert_eq!(comments.bodies[130], format!("<!-- cargo monitor: tests -->\nsecond\n\n{run}"));
    assert_eq!(comments.bodies[131], format!("<!-- cargo monitor: slow tests -->\nanother suite\n\n{run}"));
    assert!(comments.bodies[..130].iter().all(|body| body.contains("I quote")));
}

#[test]
fn a_report_that_is_too_long_is_cut_and_a_refusal_is_a_warning() {
    if !has_programs() {
        return;
    }
    let comments = Arc::new(Mutex::new(Comments::default()));
    let address = github(&comments);
    let job = Job::with(&[]);
    let _ = comment(&job, &address, "tests", &"ä".repeat(100_000));
    {
        let mut comments = comments.lock().expect("nobody panicked");
        let length = comments.bodies[0].chars().count();
        assert!((60_000..65_536).contains(&length), "{length}");
        assert!(comments.bodies[0].contains("the rest is in the summary"));
        comments.read_only = true;
        comments.bodies.clear();
    }
    let refused = comment(&job, &address, "tests", "of a fork");
    assert!(refused.stdout.starts_with("::warning title=cargo monitor::"), "{}", refused.stdout);
    assert!(refused.stdout.contains("not accessible by integration"), "{}", refused.stdout);
}
