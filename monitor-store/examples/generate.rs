//! Writes a `.pymon` file of any size, the same for the same arguments:
//! `cargo run --release -p monitor-store --example generate -- FILE ROWS [TESTS_PER_SESSION [nextest]]`,
//! the last with a process for each test.

use std::path::Path;

use monitor_store::{
    Attribution, ContextClass, Entry, ExecutionContext, Kind, Measures, MemSource, Metric, Outcome, Process, Profile,
    ProfileKey, Session, StoreError, Timestamp, Writer, hash_hex,
};

const DAY_MICROS: i64 = 86_400_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: generate FILE ROWS [TESTS_PER_SESSION [nextest]]";
    let file = args.next().ok_or(usage)?;
    let rows: u32 = args.next().ok_or(usage)?.parse()?;
    let per_session: u32 = args.next().map_or(Ok(5_000), |n| n.parse())?;
    let by_nextest = args.next().is_some_and(|runner| runner == "nextest");
    generate(Path::new(&file), rows, per_session, by_nextest)?;
    println!("{rows} rows in sessions of {per_session} tests: {file}");
    Ok(())
}

fn generate(file: &Path, rows: u32, per_session: u32, by_nextest: bool) -> Result<(), StoreError> {
    let mut writer = Writer::open(file)?;
    let first_day = Timestamp::from_micros(20_000 * DAY_MICROS);
    for number in 0..rows.div_ceil(per_session) {
        let tests = per_session.min(rows - number * per_session);
        let run_date = first_day.after_micros(i64::from(number) * DAY_MICROS / 4);
        writer.apply(&session(number, run_date, tests, by_nextest))?;
    }
    writer.close(true)
}

fn session(number: u32, run_date: Timestamp, tests: u32, by_nextest: bool) -> Vec<Entry> {
    let session_h = hash_hex([format!("session {number}")]);
    let process_h =
        |test: u32| hash_hex([format!("process {number}"), (if by_nextest { test } else { 0 }).to_string()]);
    let (context, class) = context();
    let env_h = context.env_h.clone();
    let mut random = Random(u64::from(number) + 1);
    let mut entries = vec![
        Entry::Session {
            session: Session {
                session_h: session_h.clone(),
                run_date,
                scm_id: hash_hex([format!("revision {}", number / 2)]),
                description: vec![
                    ("pipeline_branch".into(), "main".into()),
                    ("pipeline_build_no".into(), number.to_string()),
                ],
            },
            lockfile: Some(format!("# This file is generated.\nversion = {}\n", number / 20)),
        },
        Entry::Context { context, class },
    ];
    for test in 0..tests {
        let start = run_date.after_micros(i64::from(test) * 10_000);
        let process_h = process_h(test);
        if by_nextest || test == 0 {
            entries.push(Entry::Process(process(&session_h, &process_h, start, &env_h, test)));
        }
        entries.push(finished(&session_h, &process_h, test, start, &mut random));
    }
    entries
}

fn finished(session_h: &str, process_h: &str, test: u32, start: Timestamp, random: &mut Random) -> Entry {
    let key = ProfileKey {
        session_h: session_h.to_owned(),
        item_path: format!("demo::module_{:03}::tests", test / 50),
        item_variant: format!("test_{}[{}, \"case\"]", test % 50, test),
        item_start_time: start,
        process_h: process_h.to_owned(),
    };
    // Each test has a level of its own, and up to 5 % of noise in each session.
    let level = f64::from(test % 997 + 1) * (1.0 + 0.05 * random.unit());
    let allocations = u64::from(test) * 10 + 3;
    let metric = Metric {
        session_h: session_h.to_owned(),
        env_h: context().0.env_h,
        item_start_time: start,
        item_path: key.item_path.clone(),
        item: format!("test_{}", test % 50),
        item_variant: key.item_variant.clone(),
        item_fs_loc: format!("src/module_{:03}.rs", test / 50),
        kind: Kind::Function,
        component: format!("component_{}", test % 20),
        wall_seconds: Some(level * 1e-4),
        user_seconds: Some(level * 0.9e-4),
        kernel_seconds: Some(level * 0.05e-4),
        cpu_usage: Some(0.95),
        memory_mib: Some(level / 16.0),
    };
    let profile = Profile {
        key,
        package: "demo".into(),
        binary: "demo".into(),
        attempt: 1,
        outcome: if random.unit() < 0.999 { Outcome::Passed } else { Outcome::Failed },
        attribution: Some(Attribution::Threads),
        mem_source: Some(MemSource::Heap),
        measures: Measures {
            heap_peak_bytes: Some(allocations * 512),
            heap_allocated_bytes: Some(allocations * 1024),
            allocations: Some(allocations),
            heap_retained_bytes: Some(0),
            minor_faults: Some(allocations / 8),
            major_faults: Some(0),
            voluntary_switches: Some(1),
            involuntary_switches: Some(0),
            read_bytes: Some(0),
            write_bytes: Some(0),
            threads: Some(1),
            concurrency: Some(2),
            ..Measures::default()
        },
    };
    Entry::Finished { metric, profile }
}

fn context() -> (ExecutionContext, ContextClass) {
    let context = ExecutionContext {
        env_h: hash_hex(["generated context"]),
        cpu_count: 8,
        cpu_frequency_mhz: 3000.0,
        cpu_type: "x86_64".into(),
        cpu_vendor: "generated processor".into(),
        ram_total_mib: 32_768,
        machine_node: "generated".into(),
        machine_type: "x86_64".into(),
        machine_arch: "64bit".into(),
        system_info: "Linux - 6.1.0".into(),
        python_info: "rustc 1.95.0 x86_64-unknown-linux-gnu dev".into(),
    };
    let class = ContextClass {
        env_h: context.env_h.clone(),
        class_h: hash_hex(["generated class"]),
        rustc: "1.95.0".into(),
        profile: "dev".into(),
        opt_level: "0".into(),
        target: "x86_64-unknown-linux-gnu".into(),
    };
    (context, class)
}

/// A process of a host that nobody runs on.
fn process(session_h: &str, process_h: &str, started_at: Timestamp, env_h: &str, number: u32) -> Process {
    Process {
        process_h: process_h.to_owned(),
        session_h: session_h.to_owned(),
        env_h: Some(env_h.to_owned()),
        machine_key: hash_hex(["generated machine"]),
        host: "generated".into(),
        boot_id: "4b3f6a0e-3c1d-4f5a-9a57-0b6d1c2e3f40 pid:[4026531836]".into(),
        pid: 100_000 + number,
        pid_started: 5_000_000 + u64::from(number),
        leader_pid: Some(99_999),
        leader_started: Some(4_999_999),
        scopes: "function".into(),
        started_at,
        clock_offset_us: Some(1_700_000_000_000_000),
        clock_cost_ns: Some(20.0),
        scope_cost_ns: Some(1_000.0),
        allocation_cost_ns: Some(1.0),
    }
}

/// Marsaglia's xorshift64: small, deterministic, good enough for noise.
struct Random(u64);

impl Random {
    /// Uniform in 0 to 1.
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}
