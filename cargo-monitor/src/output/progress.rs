//! How far a long command has got.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr, on a terminal only; gone when dropped.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar over so many steps.
    #[must_use]
    pub fn of(steps: usize, what: &'static str) -> Self {
        let bar = ProgressBar::new(steps as u64).with_message(what);
        Self(bar.with_style(style("{msg} {wide_bar} {pos}/{len} {eta}")))
    }

    /// A sign of life for a step that cannot be divided.
    #[must_use]
    pub fn spinner(what: String) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what).with_style(style("{spinner} {msg} {elapsed}"));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// One step is done.
    pub fn advance(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
