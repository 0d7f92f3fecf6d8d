//! Rows for tests, and a look into the file by plain SQL.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::path::Path;

use monitor_store::liveness::{self, ThisMachine};
use monitor_store::{
    Attribution, ContextClass, Entry, ExecutionContext, Kind, Measures, MemSource, Metric, Outcome, Process, Profile,
    ProfileKey, Session, Timestamp, Writer,
};
use rusqlite::Connection;

pub fn session(session_h: &str) -> Session {
    Session {
        session_h: session_h.into(),
        run_date: "2026-11-23T01:02:03.000000".parse().unwrap(),
        scm_id: "0123abc".into(),
        description: vec![("color".into(), "red".into())],
    }
}

pub fn context() -> (ExecutionContext, ContextClass) {
    let context = ExecutionContext {
        env_h: "env".into(),
        cpu_count: 2,
        cpu_frequency_mhz: 2400.0,
        cpu_type: "x86_64".into(),
        cpu_vendor: "a processor".into(),
        ram_total_mib: 16_000,
        machine_node: "host".into(),
        machine_type: "x86_64".into(),
        machine_arch: "64bit".into(),
        system_info: "Linux - 6.1.0".into(),
        python_info: "rustc 1.95.0 x86_64-unknown-linux-gnu dev".into(),
    };
    let class = ContextClass {
        env_h: "env".into(),
        class_h: "class".into(),
        rustc: "1.95.0".into(),
        profile: "dev".into(),
        opt_level: "0".into(),
        target: "x86_64-unknown-linux-gnu".into(),
    };
    (context, class)
}

/// This very process, as a member of the session.
pub fn process(session_h: &str, process_h: &str) -> Process {
    let here = ThisMachine::now();
    let pid = std::process::id();
    Process {
        process_h: process_h.into(),
        session_h: session_h.into(),
        env_h: None,
        machine_key: "machine".into(),
        host: here.host,
        boot_id: here.boot_id,
        pid,
        pid_started: liveness::started(pid).unwrap_or(0),
        leader_pid: None,
        leader_started: None,
        scopes: "function".into(),
        started_at: Timestamp::now(),
        clock_offset_us: None,
        clock_cost_ns: Some(20.0),
        scope_cost_ns: Some(900.0),
        allocation_cost_ns: None,
    }
}

/// A process that is gone: no process has this id.
pub fn dead_process(session_h: &str, process_h: &str) -> Process {
    Process { pid: u32::MAX, ..process(session_h, process_h) }
}

pub fn key(session_h: &str, process_h: &str, variant: &str, start: &str) -> ProfileKey {
    ProfileKey {
        session_h: session_h.into(),
        item_path: "demo::tests".into(),
        item_variant: variant.into(),
        item_start_time: start.parse().unwrap(),
        process_h: process_h.into(),
    }
}

pub fn running(key: &ProfileKey) -> Profile {
    Profile {
        key: key.clone(),
        package: "demo".into(),
        binary: "demo".into(),
        attempt: 1,
        outcome: Outcome::Running,
        attribution: None,
        mem_source: None,
        measures: Measures::default(),
    }
}

pub fn passed(key: &ProfileKey) -> (Metric, Profile) {
    let metric = Metric {
        session_h: key.session_h.clone(),
        env_h: "env".into(),
        item_start_time: key.item_start_time,
        item_path: key.item_path.clone(),
        item: key.item_variant.split('[').next().unwrap().into(),
        item_variant: key.item_variant.clone(),
        item_fs_loc: "src/lib.rs".into(),
        kind: Kind::Function,
        component: "demo".into(),
        wall_seconds: Some(0.1 + 0.2),
        user_seconds: Some(0.25),
        kernel_seconds: Some(0.05),
        cpu_usage: Some(1.0),
        memory_mib: None,
    };
    let profile = Profile {
        outcome: Outcome::Passed,
        attribution: Some(Attribution::Threads),
        mem_source: Some(MemSource::Heap),
        measures: Measures {
            heap_peak_bytes: Some(4096),
            heap_retained_bytes: Some(-16),
            child_user_seconds: Some(1.0 / 3.0),
            threads: Some(2),
            ..Measures::default()
        },
        ..running(key)
    };
    (metric, profile)
}

pub fn finished(key: &ProfileKey) -> Entry {
    let (metric, profile) = passed(key);
    Entry::Finished { metric, profile }
}

/// Opens the file and registers this process.
pub fn writer(db: &Path, session_h: &str, process_h: &str) -> Writer {
    register(db, process(session_h, process_h))
}

pub fn register(db: &Path, process: Process) -> Writer {
    let mut writer = Writer::open(db).unwrap();
    let session = session(&process.session_h);
    writer.register(process, || (session, None), context, |_| &[]).unwrap();
    writer
}

/// The rows of a query, each a line of values separated by `|`.
pub fn query(db: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(db).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let value = |i| {
            Ok(match row.get::<_, rusqlite::types::Value>(i)? {
                rusqlite::types::Value::Null => "NULL".to_owned(),
                rusqlite::types::Value::Integer(i) => i.to_string(),
                rusqlite::types::Value::Real(r) => r.to_string(),
                rusqlite::types::Value::Text(t) => t,
                rusqlite::types::Value::Blob(b) => format!("{b:?}"),
            })
        };
        Ok((0..columns).map(value).collect::<rusqlite::Result<Vec<_>>>()?.join("|"))
    });
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}
