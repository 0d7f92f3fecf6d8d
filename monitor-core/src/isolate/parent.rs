//! The process that makes an isolated one, shows its output and learns how it ended.

use std::env;
use std::fs::{self, OpenOptions};
use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use monitor_store::PrivateFolder;

use super::wire::{BEGIN, END, MADE_BY, PANICKED, VARIABLE, report_of};
use crate::item::Item;
use crate::record::recorder::Recorder;
use crate::scope::current;
use crate::sys;

/// How an isolated body ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It returned; for `#[should_panic]` that is for the harness to judge.
    Returned,
    /// It panicked with this message, which is on stderr already.
    Panicked(String),
    /// It failed otherwise: what to say.
    Failed(String),
}

/// Runs the body of `item`, the test of the current thread, in a process of its own.
pub(crate) fn run(item: &Item, recorder: &Recorder) -> End {
    recorder.expect_isolated();
    match try_run(item, recorder) {
        Ok(end) => end,
        Err(error) => End::Failed(format!("`{}` could not be run in a process of its own: {error}", item.name)),
    }
}

fn try_run(item: &Item, recorder: &Recorder) -> io::Result<End> {
    // A monitored test that calls this one counts none of it: it is another process's.
    let _paused = current::pause();
    let folder = PrivateFolder::new("isolated")?;
    let mut command = command(item, recorder, &folder)?;
    command.stdin(Stdio::null()).stdout(output(&folder, "stdout")?).stderr(output(&folder, "stderr")?);
    let _lifeline = sys::own_group(&mut command)?;
    let mut child = command.spawn()?;
    let limit = recorder.config.isolate_timeout;
    let status = wait(&mut child, limit)?;
    if status.is_none_or(|status| sys::signal_of(status).is_some()) {
        // What it started must not outlive a body that could not end it.
        sys::kill_group(child.id());
        let _ = child.kill();
        let _ = child.wait();
    }
    let text = |name: &str| fs::read(folder.file(name)).unwrap_or_default();
    print!("{}", String::from_utf8_lossy(body_of(&text("stdout"))));
    eprint!("{}", String::from_utf8_lossy(&text("stderr")));
    let told = fs::read(folder.file(&report_of(child.id()))).ok();
    let told = told.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let Some(status) = status else {
        recorder.settle();
        let limit = limit.unwrap_or_default();
        return Ok(End::Failed(format!(
            "`{}` ran longer than {limit:?} (MONITOR_ISOLATE_TIMEOUT) in its own process; the process and its group were killed",
            item.name
        )));
    };
    Ok(end(item, recorder, status, told.as_deref()))
}

fn end(item: &Item, recorder: &Recorder, status: ExitStatus, told: Option<&str>) -> End {
    let name = item.name;
    if let Some(signal) = sys::signal_of(status) {
        recorder.settle();
        return End::Failed(format!("`{name}` died in its own process: {}", sys::signal_name(signal)));
    }
    let code = status.code().unwrap_or(-1);
    match told {
        Some(told) => match told.strip_prefix(PANICKED) {
            Some(message) => End::Panicked(message.to_owned()),
            None if status.success() || item.should_panic.is_expected() => End::Returned,
            None => End::Failed(format!("`{name}` failed in its own process (exit code {code})")),
        },
        None => {
            recorder.settle();
            End::Failed(format!(
                "`{name}` did not come to its end in its own process (exit code {code}): it ended the process, or \
                 the harness did not find it"
            ))
        }
    }
}

fn command(item: &Item, recorder: &Recorder, folder: &PrivateFolder) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command
        .args([&harness_name(item), "--exact", "--include-ignored", "--nocapture", "--test-threads=1"])
        .env(VARIABLE, format!("{}:{}", recorder.runner.session_h, folder.file("").display()))
        .env(MADE_BY, std::process::id().to_string());
    Ok(command)
}

/// The test's name as the harness knows it: its thread's, else made from where the function is.
fn harness_name(item: &Item) -> String {
    let thread = thread::current();
    match thread.name() {
        Some(name) if name != "main" => name.to_owned(),
        _ => match item.module.split_once("::") {
            Some((_, module)) => format!("{module}::{}", item.function),
            None => item.function.to_owned(),
        },
    }
}

/// A file that takes what the process prints. No pipe: what is written is there when the process has ended, whoever else may still
/// hold it.
fn output(folder: &PrivateFolder, name: &str) -> io::Result<Stdio> {
    OpenOptions::new().append(true).create_new(true).open(folder.file(name)).map(Stdio::from)
}

/// `None` if the limit came first.
fn wait(child: &mut Child, limit: Option<Duration>) -> io::Result<Option<ExitStatus>> {
    let Some(limit) = limit else { return child.wait().map(Some) };
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let Some(left) = limit.checked_sub(start.elapsed()) else { return Ok(None) };
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// What the body printed, without the harness's words around it.
fn body_of(printed: &[u8]) -> &[u8] {
    let find = |mark: &str| printed.windows(mark.len()).position(|window| window == mark.as_bytes());
    let Some(begin) = find(BEGIN) else { return &[] };
    let begin = begin + BEGIN.len();
    let end = find(END).filter(|end| *end >= begin).unwrap_or(printed.len());
    &printed[begin..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bodys_output_is_kept() {
        let printed = format!("\nrunning 1 test\ntest a ... {BEGIN}one\ntwo{END}ok\n\ntest result: ok.\n");
        assert_eq!(body_of(printed.as_bytes()), b"one\ntwo");
        let died = format!("running 1 test\n{BEGIN}last words");
        assert_eq!(body_of(died.as_bytes()), b"last words");
        assert_eq!(body_of(b"running 0 tests"), b"");
    }
}
