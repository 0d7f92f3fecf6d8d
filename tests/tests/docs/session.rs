//! A reader at a terminal: types a document's commands, writes its files, and compares what is printed.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{env, io};

use monitor_tests::markdown::{Block, Document};
use monitor_tests::{Project, repository, run, skipped};

use crate::alike::Server;

/// The reader's home in the documents.
const HOME: &str = "/home/you";

/// A home folder with a clone of this repository in `monitor`. Its path is always the same, so that what was built there is
/// not built again the next time.
pub(crate) struct Session {
    home: Project,
    /// Where the reader is.
    folder: PathBuf,
    /// More folders for `PATH`.
    programs: Vec<PathBuf>,
    /// What the document says, and what is typed for it.
    typed: Vec<(&'static str, String)>,
    /// Where what is read is read once more.
    server: Option<Server>,
    _turn: MutexGuard<'static, ()>,
    /// For other processes that run the tests of this repository.
    _lock: File,
}

/// A command as it is typed, and the lines that it prints.
#[derive(Debug)]
struct Step<'a> {
    command: &'a str,
    output: Vec<&'a str>,
}

impl Session {
    /// A session that starts in a folder below the home. What earlier ones left there is removed.
    pub(crate) fn starting_in(folder: &str) -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hasher = DefaultHasher::new();
        repository().hash(&mut hasher);
        let root = env::temp_dir().join(format!("monitor-docs-{:016x}", hasher.finish()));
        let lock = File::create(root.with_extension("lock")).expect("a lock file can be made");
        lock.lock().expect("the lock file can be locked");
        if root.exists() {
            fs::remove_dir_all(&root).expect("an earlier session's folder can be removed");
        }
        clone(&root.join("monitor")).expect("the repository can be copied");
        let home = Project::at(root, &[]);
        let folder = home.path(folder);
        fs::create_dir_all(&folder).expect("a folder can be made");
        Self { home, folder, programs: Vec::new(), typed: Vec::new(), server: None, _turn: turn, _lock: lock }
    }

    /// Looks for programs in this folder first.
    pub(crate) fn with_programs(mut self, folder: PathBuf) -> Self {
        self.programs.push(folder);
        self
    }

    /// Types something else for a part of commands: an address that is free on this machine.
    pub(crate) fn typing(mut self, said: &'static str, typed: &str) -> Self {
        self.typed.push((said, typed.to_owned()));
        self
    }

    /// Reads everything once more from a server, and expects the same.
    pub(crate) fn also_from(mut self, server: Server) -> Self {
        self.server = Some(server);
        self
    }

    /// Where the reader is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Does what the document says, from top to bottom.
    pub(crate) fn follow(&mut self, document: &Document) {
        let mut commands = 0;
        for block in document.blocks() {
            let place = format!("{}:{}", document.path, block.line);
            match (block.file(), &*block.language) {
                (Some(path), _) => self.write(path, &block.text),
                (None, "console") => commands += self.type_in(&place, &block),
                _ => {}
            }
        }
        assert!(commands > 0, "{}: no commands", document.path);
    }

    /// Writes a file, by its path from where the reader is.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    fn type_in(&mut self, place: &str, block: &Block) -> usize {
        if let Some(note) = &block.note {
            let reason = note.strip_prefix("not run: ").unwrap_or_else(|| panic!("{place}: unknown note {note:?}"));
            skipped(&format!("the commands at {place}: {reason}"));
            return 0;
        }
        let steps = steps(&block.text);
        for step in &steps {
            self.step(place, step);
        }
        steps.len()
    }

    fn step(&mut self, place: &str, step: &Step<'_>) {
        let program = step.command.split_whitespace().next().expect("a command has a program");
        if ["sqlite3", "curl", "openssl"].contains(&program) && Command::new(program).arg("--version").output().is_err()
        {
            skipped(&format!("no {program} on this machine, so what {place} does with it is not tried"));
            return;
        }
        if self.folder.join("Cargo.toml").exists() && !self.folder.join("Cargo.lock").exists() {
            // The versions that are here already.
            fs::copy(repository().join("Cargo.lock"), self.folder.join("Cargo.lock")).expect("a file can be copied");
        }
        let line = self.typed.iter().fold(step.command.to_owned(), |line, (said, typed)| line.replace(said, typed));
        let run = run(self.shell(&format!("exec 2>&1\n{line}\nresult=$?; echo; pwd; exit $result"))).succeeded();
        let (printed, folder) = run.stdout.trim_end().rsplit_once('\n').expect("pwd prints a line");
        self.folder = PathBuf::from(folder);
        let printed = printed.replace(&self.home.root().display().to_string(), HOME);
        if let Err(line) = compare(&step.output, &printed) {
            panic!("{place}: `{}` does not print {line:?}, but:\n{printed}", step.command);
        }
        if let Some(server) = &self.server {
            server.answers_alike(place, &line, &self.folder, |line| self.shell(line));
        }
    }

    /// A shell that does this where the reader is.
    fn shell(&self, line: &str) -> Command {
        let mut command = self.home.command("bash");
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = self.programs.iter().cloned().chain(env::split_paths(&path));
        command
            // The reader has a name, for commits.
            .envs(["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|name| (name, "you")))
            .envs(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|name| (name, "you@example.com")))
            .env("PATH", env::join_paths(folders).expect("the folders' names have no colon"))
            // Copies of servers.
            .env("XDG_CACHE_HOME", self.home.root().join("cache"))
            .current_dir(&self.folder)
            .args(["-c", line]);
        command
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Only the path has to be the same the next time.
        let _ = fs::remove_dir_all(self.home.root());
    }
}

/// Copies every file that git knows or would add, with its time.
fn clone(to: &Path) -> io::Result<()> {
    let mut list = Command::new("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]).current_dir(repository());
    for name in run(list).succeeded().stdout.split_terminator('\0') {
        let (from, to) = (repository().join(name), to.join(name));
        if from.is_file() {
            fs::create_dir_all(to.parent().expect("a file is in a folder"))?;
            fs::copy(&from, &to)?;
            File::options().write(true).open(&to)?.set_modified(fs::metadata(&from)?.modified()?)?;
        }
    }
    Ok(())
}

fn steps(text: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command, output: Vec::new() }),
            (None, Some(step)) => step.output.push(line),
            (None, None) => panic!("output before a command: {line:?}"),
        }
    }
    steps
}

/// Whether the lines of `expected` are those of `printed`, apart from figures and blanks; `…` stands for any lines. The
/// error is the line that is not there.
pub(crate) fn compare<'a>(expected: &[&'a str], printed: &str) -> Result<(), &'a str> {
    let mut printed = printed.lines().map(shape).filter(|line| !line.is_empty());
    let mut anywhere = false;
    for line in expected.iter().filter(|line| !line.trim().is_empty()) {
        if *line == "…" {
            anywhere = true;
            continue;
        }
        let wanted = shape(line);
        let found = if anywhere { printed.any(|line| line == wanted) } else { printed.next() == Some(wanted) };
        if !found {
            return Err(line);
        }
        anywhere = false;
    }
    if !anywhere && !expected.is_empty() && printed.next().is_some() { Err("nothing more") } else { Ok(()) }
}

/// A line with `#` for each figure or hash, `s` for each unit of time, and one blank for several.
pub(crate) fn shape(line: &str) -> String {
    let mut shape = String::new();
    for word in line.split_inclusive(|character: char| !character.is_ascii_alphanumeric() && character != '.') {
        let is_hash = |word: &str| word.len() > 6 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash(word.trim_end()) {
            shape.push_str("# ");
            continue;
        }
        let mut in_figure = false;
        for character in word.chars() {
            let was_in_figure = in_figure;
            in_figure = character.is_ascii_digit() || (in_figure && character == '.');
            match (was_in_figure, in_figure) {
                (false, true) => shape.push('#'),
                (true, true) => {}
                (_, false) => shape.push(character),
            }
        }
    }
    let mut words: Vec<&str> = Vec::new();
    for word in shape.split_whitespace() {
        // A busy machine makes seconds of milliseconds, and thousands of hundreds.
        let is_figure = words.last().is_some_and(|before| before.ends_with('#'));
        if is_figure && ["k", "M"].contains(&word) {
            continue;
        }
        let is_time = ["ns", "µs", "ms", "s"].contains(&word) && is_figure;
        words.push(if is_time { "s" } else { word });
    }
    words.join(" ")
}

#[test]
fn lines_are_compared_by_their_shape() {
    assert_eq!(shape("prime |  0.122413867|x64"), "prime | #|x#");
    assert_eq!(shape("finished in 1.03s"), "finished in #s");
    assert_eq!(shape("75e26b4a | 8.0"), "# | #");
    assert_eq!(shape("31.0 k times"), shape("897 times"));
    assert_eq!(shape("1.05 s  76.2 µs ms 12 KiB"), "# s # s ms # KiB");
    assert_eq!(shape("shop::tests, a-b ..."), "shop::tests, a-b ...");
    let printed = "one 1\n\ntwo 2\nthree 3\n";
    assert_eq!(compare(&["one 9", "two 9", "three 9"], printed), Ok(()));
    assert_eq!(compare(&["…", "three 9"], printed), Ok(()));
    assert_eq!(compare(&["one 1", "…"], printed), Ok(()));
    assert_eq!(compare(&["one 1", "three 3"], printed), Err("three 3"));
    assert_eq!(compare(&["one 1"], printed), Err("nothing more"));
    assert_eq!(compare(&["…", "four 4", "…"], printed), Err("four 4"));
}
