//! The isolated process: marks the body's output and reports how it ended.

use std::any::Any;
use std::io::Write as _;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::{env, fs, process};

use super::wire::{BEGIN, END, PANICKED, RETURNED, VARIABLE, is_isolated, report_of};

/// The last panic of each thread that had one.
static PANICS: Mutex<Vec<(ThreadId, String)>> = Mutex::new(Vec::new());

/// The body's run in this, its own, process; reports when it is dropped.
#[derive(Debug)]
pub(crate) struct Child {
    report: PathBuf,
}

impl Child {
    /// The body begins. `None` in a process that was not made for it, and for tests inside the first.
    pub(crate) fn begin() -> Option<Self> {
        static BEGUN: AtomicBool = AtomicBool::new(false);
        if !is_isolated() || BEGUN.swap(true, Relaxed) {
            return None;
        }
        let value = env::var(VARIABLE).ok()?;
        let report = Path::new(value.split_once(':')?.1).join(report_of(process::id()));
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let message = message_of(info.payload());
            let this = thread::current().id();
            let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
            panics.retain(|(thread, _)| *thread != this);
            panics.push((this, message));
            drop(panics);
            before(info);
        }));
        mark(BEGIN);
        Some(Self { report })
    }
}

/// The text of a panic, as the standard library prints it.
fn message_of(payload: &dyn Any) -> String {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("Box<dyn Any>").to_owned()
}

impl Drop for Child {
    fn drop(&mut self) {
        // A child made by `fork` may end here too, and says nothing.
        if !self.report.ends_with(report_of(process::id())) {
            return;
        }
        mark(END);
        let report = if thread::panicking() { format!("{PANICKED}{}", message()) } else { RETURNED.to_owned() };
        if let Err(error) = fs::write(&self.report, report) {
            eprintln!("monitor: could not write the isolated test's report {}: {error}", self.report.display());
        }
    }
}

/// What the panic that unwinds this thread said. A payload handed over from another thread was seen there.
fn message() -> String {
    let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
    let this = thread::current().id();
    let own = panics.iter().find(|(thread, _)| *thread == this);
    own.or(panics.last()).map(|(_, message)| message.clone()).unwrap_or_default()
}

fn mark(text: &str) {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
