//! Rows made of the values of their columns, the same for both databases.

use std::vec::IntoIter;

use monitor_store::{Attribution, Kind, MemSource, Outcome, TestId};

use super::costs;
use super::measures;
use super::rows::{Access, Class, Context, Facts, Figures, Profile, Run, Session, Token};
use super::value::Value;

/// The values of one row, read one after the other.
pub struct Cells(IntoIter<Value>);

impl Cells {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    fn next(&mut self) -> Value {
        self.0.next().unwrap_or(Value::Null)
    }

    pub(super) fn text(&mut self) -> String {
        self.maybe().unwrap_or_default()
    }

    pub(super) fn maybe(&mut self) -> Option<String> {
        if let Value::Text(text) = self.next() { Some(text) } else { None }
    }

    pub(super) fn integer(&mut self) -> i64 {
        self.next().integer().unwrap_or(0)
    }

    pub(super) fn real(&mut self) -> Option<f64> {
        self.next().real()
    }
}

/// A row of `tests`.
pub(super) fn test(mut cells: Cells) -> (i64, Kind, TestId) {
    let (number, kind) = (cells.integer(), Kind::parse(&cells.text()).unwrap_or(Kind::Package));
    let (package, binary) = (cells.text(), cells.text());
    (number, kind, TestId { package, binary, path: cells.text(), variant: cells.text() })
}

pub(super) fn context(mut cells: Cells) -> Context {
    Context {
        h: cells.text(),
        cpu_count: cells.integer(),
        cpu_frequency: cells.real().unwrap_or(0.0),
        cpu_type: cells.text(),
        cpu_vendor: cells.maybe(),
        ram_total: cells.integer(),
        machine_node: cells.text(),
        machine_type: cells.text(),
        machine_arch: cells.text(),
        system_info: cells.text(),
        python_info: cells.text(),
        class: cells.maybe().map(|class_h| Class {
            class_h,
            rustc: cells.text(),
            profile: cells.text(),
            opt_level: cells.text(),
            target: cells.text(),
        }),
    }
}

pub(super) fn session(mut cells: Cells) -> Session {
    Session {
        h: cells.text(),
        run_date: cells.text(),
        scm_ref: cells.maybe(),
        tags: tags_from(&cells.text()),
        facts: Facts {
            branch: cells.maybe(),
            merge_base: cells.maybe(),
            pull_request: cells.maybe(),
            ci_url: cells.maybe(),
            received_at: cells.text(),
            ended_at: cells.maybe(),
        },
        context_h: cells.text(),
        runs: cells.integer().unsigned_abs(),
        finished: cells.integer().unsigned_abs(),
        verdict: cells.text(),
    }
}

pub(super) fn run(mut cells: Cells) -> Run {
    let mut run = Run {
        session_h: cells.text(),
        context_h: cells.text(),
        start: cells.text(),
        nth: cells.integer(),
        path: cells.text(),
        item: cells.text(),
        variant: cells.text(),
        fs_loc: cells.text(),
        kind: cells.text(),
        component: cells.text(),
        package: cells.text(),
        binary: cells.text(),
        figures: None,
        profile: None,
        costs: Vec::new(),
    };
    let total_time = cells.real();
    let figures = Figures {
        total_time: total_time.unwrap_or(0.0),
        user_time: cells.real(),
        kernel_time: cells.real(),
        cpu_usage: cells.real(),
        mem_usage: cells.real(),
    };
    run.figures = total_time.map(|_| figures);
    let attempt = cells.next().integer();
    let profile = Profile {
        attempt: attempt.and_then(|attempt| u32::try_from(attempt).ok()).unwrap_or(1),
        outcome: Outcome::parse(&cells.text()).unwrap_or(Outcome::Crashed),
        attribution: cells.maybe().and_then(|word| Attribution::parse(&word)),
        mem_source: cells.maybe().and_then(|word| MemSource::parse(&word)),
        measures: measures::from_values(|| cells.next()),
    };
    run.profile = attempt.map(|_| profile);
    if let Value::Bytes(packed) = cells.next() {
        run.costs = costs::unpack(&packed);
    }
    run
}

pub(super) fn token(mut cells: Cells) -> Token {
    Token {
        name: cells.text(),
        hash: if let Value::Bytes(hash) = cells.next() { hash } else { Vec::new() },
        access: Access::parse(&cells.text()),
        project: cells.maybe(),
        expires_at: cells.next().integer(),
    }
}

/// Tags as the column holds them: a JSON list of pairs, since an object has no order.
pub(super) fn tags_to(tags: &[(String, Option<String>)]) -> String {
    serde_json::to_string(tags).unwrap_or_default()
}

fn tags_from(json: &str) -> Vec<(String, Option<String>)> {
    serde_json::from_str(json).unwrap_or_default()
}
