//! What happened since the start, in the format of Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};

use crate::store::Outcome;

/// Upper bounds of the histogram of latencies, seconds.
const BOUNDS: [f64; 8] = [0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, f64::INFINITY];

/// Numbers since the start of the server.
#[derive(Debug, Default)]
pub struct Counters {
    started: Start,
    /// Requests by the first digit of their status, reads and writes apart.
    requests: [[AtomicU64; 6]; 2],
    latencies: [[AtomicU64; BOUNDS.len()]; 2],
    micros: [AtomicU64; 2],
    rows: AtomicU64,
    duplicates: AtomicU64,
    /// Connections that are open.
    pub connections: AtomicU64,
}

/// When the server was started.
#[derive(Debug)]
struct Start(Instant);

impl Default for Start {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Counters {
    /// A request was answered.
    pub fn answered(&self, method: &Method, status: StatusCode, took: Duration) {
        let kind = usize::from(method == Method::POST);
        self.requests[kind][usize::from(status.as_u16() / 100).min(5)].fetch_add(1, Relaxed);
        let seconds = took.as_secs_f64();
        for (bucket, bound) in self.latencies[kind].iter().zip(BOUNDS) {
            bucket.fetch_add(u64::from(seconds <= bound), Relaxed);
        }
        self.micros[kind].fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Rows were stored.
    pub fn stored(&self, outcome: Outcome, sent: usize) {
        if let Outcome::Stored { new_runs } = outcome {
            self.rows.fetch_add(new_runs, Relaxed);
            self.duplicates.fetch_add((sent as u64).saturating_sub(new_runs), Relaxed);
        }
    }

    /// All of it as Prometheus reads it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, lines: &[(String, String)]| {
            let _ = writeln!(text, "# HELP monitor_server_{name} {help}\n# TYPE monitor_server_{name} {kind}");
            for (labels, value) in lines {
                let _ = writeln!(text, "monitor_server_{name}{labels} {value}");
            }
        };
        let one = |value: &AtomicU64| vec![(String::new(), value.load(Relaxed).to_string())];
        let (mut requests, mut latencies) = (Vec::new(), Vec::new());
        for (kind, name) in ["read", "write"].iter().enumerate() {
            for (class, count) in self.requests[kind].iter().enumerate().skip(2) {
                let labels = format!("{{kind=\"{name}\",status=\"{class}xx\"}}");
                requests.push((labels, count.load(Relaxed).to_string()));
            }
            for (count, bound) in self.latencies[kind].iter().zip(BOUNDS) {
                let bound = if bound.is_finite() { bound.to_string() } else { "+Inf".to_owned() };
                let labels = format!("_bucket{{kind=\"{name}\",le=\"{bound}\"}}");
                latencies.push((labels, count.load(Relaxed).to_string()));
            }
            let total = Duration::from_micros(self.micros[kind].load(Relaxed)).as_secs_f64();
            latencies.push((format!("_sum{{kind=\"{name}\"}}"), total.to_string()));
            let count = self.latencies[kind][BOUNDS.len() - 1].load(Relaxed);
            latencies.push((format!("_count{{kind=\"{name}\"}}"), count.to_string()));
        }
        metric("requests_total", "counter", "Requests that were answered.", &requests);
        metric("request_seconds", "histogram", "Time from a request to its answer.", &latencies);
        metric("rows_total", "counter", "Rows of tests that were stored.", &one(&self.rows));
        metric("duplicate_rows_total", "counter", "Rows that were there already.", &one(&self.duplicates));
        metric("connections", "gauge", "Connections that are open.", &one(&self.connections));
        let uptime = vec![(String::new(), self.started.0.elapsed().as_secs_f64().to_string())];
        metric("uptime_seconds", "gauge", "Time since the start.", &uptime);
        text
    }
}
