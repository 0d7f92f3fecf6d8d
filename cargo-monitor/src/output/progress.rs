//! How far a long command has got.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Between two pictures. What is done before the first shows nothing.
const TICK: Duration = Duration::from_millis(100);

/// Columns of a terminal whose width is unknown.
const WIDTH: usize = 80;

const SPINNER: [char; 4] = ['|', '/', '-', '\\'];

/// A bar on stderr, on a terminal only; gone when dropped.
#[derive(Debug)]
pub struct Progress {
    done: Arc<AtomicUsize>,
    /// What ends the drawing, and what draws.
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// A bar over so many steps.
    #[must_use]
    pub fn of(steps: usize, what: &'static str) -> Self {
        Self::shown(move |done, elapsed| bar(what, done, steps, elapsed, width()))
    }

    /// A sign of life for a step that cannot be divided.
    #[must_use]
    pub fn spinner(what: String) -> Self {
        Self::shown(move |_, elapsed| {
            let turn = (elapsed.as_millis() / TICK.as_millis()) as usize % SPINNER.len();
            cut(&format!("{} {what} {} s", SPINNER[turn], elapsed.as_secs()), width())
        })
    }

    /// One step is done.
    pub fn advance(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn shown(line: impl Fn(usize, Duration) -> String + Send + 'static) -> Self {
        let done = Arc::new(AtomicUsize::new(0));
        let drawing = io::stderr().is_terminal().then(|| {
            let (end, ended) = mpsc::channel::<()>();
            let (done, begin) = (done.clone(), Instant::now());
            let draw = move || {
                let mut drawn = false;
                while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    drawn = true;
                    write(&format!("\r{}\x1b[K", line(done.load(Ordering::Relaxed), begin.elapsed())));
                }
                if drawn {
                    write("\r\x1b[K");
                }
            };
            (end, thread::spawn(draw))
        });
        Self { done, drawing }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((end, drawing)) = self.drawing.take() {
            drop(end);
            let _ = drawing.join();
        }
    }
}

fn write(text: &str) {
    let mut stderr = anstream::stderr();
    // A terminal that is gone has nobody to tell.
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

fn width() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(WIDTH, |(width, _)| usize::from(width.0))
}

/// `sending sessions ####---- 3/6 2 s left`, in so many columns.
fn bar(what: &str, done: usize, steps: usize, elapsed: Duration, width: usize) -> String {
    let left = match done {
        0 => String::new(),
        _ => format!(" {} s left", (elapsed.as_secs_f64() / done as f64 * steps.saturating_sub(done) as f64).ceil()),
    };
    let (before, after) = (format!("{what} "), format!(" {done}/{steps}{left}"));
    let room = width.saturating_sub(before.len() + after.len() + 1);
    let full = (room * done).checked_div(steps).unwrap_or(room).min(room);
    cut(&format!("{before}{}{}{after}", "#".repeat(full), "-".repeat(room - full)), width)
}

/// As much as stands in a line beside the cursor.
fn cut(line: &str, width: usize) -> String {
    line.chars().filter(|letter| !letter.is_control()).take(width.saturating_sub(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_the_line_and_never_more() {
        let second = Duration::from_secs(1);
        assert_eq!(bar("sending", 0, 4, second, 24), "sending ----------- 0/4");
        assert_eq!(bar("sending", 1, 4, second, 34), "sending ###--------- 1/4 3 s left");
        assert_eq!(bar("sending", 4, 4, second, 34), "sending ############ 4/4 0 s left");
        assert_eq!(bar("sending", 9, 0, second, 10), "sending  ");
        assert_eq!(cut("a\u{1b}[31mb\nc", 80), "a[31mbc");
    }
}
