//! The rows that a report becomes.

use std::collections::HashSet;

use monitor_store::{
    ContextClass, Entry, ExecutionContext, Kind, Metric, Outcome, Profile, ProfileKey, Session, Timestamp, hash_hex,
};

use super::report::{Machine, Report, Timed};

/// A session with its tests.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Batch {
    pub session: Session,
    pub context: ExecutionContext,
    pub class: ContextClass,
    /// With each, its rows.
    pub tests: Vec<(Option<Metric>, Profile)>,
}

/// What the user says where the file does not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    pub machine: &'a str,
    pub commit: Option<&'a str>,
    pub tags: &'a [(String, String)],
}

impl Batch {
    /// The session `session_h` of `report`, which `tool` wrote, begun at `run_date`. Tests without a start of their own
    /// ran one after the other from there.
    pub(super) fn of(report: Report, tool: &str, session_h: String, run_date: Timestamp, origin: &Origin<'_>) -> Self {
        let (context, class) = context(tool, &report.machine, origin.machine);
        let mut description = origin.tags.to_vec();
        description.push(("rust_runner".to_owned(), tool.to_owned()));
        description.extend(report.fields);
        let mut next = run_date;
        let mut taken = HashSet::new();
        let mut tests = Vec::with_capacity(report.tests.len());
        for test in report.tests {
            let mut start = test.start.unwrap_or(next);
            if test.start.is_none() {
                next = next.after_seconds(test.seconds).after_micros(1);
            }
            // Reports tell times to the second or the millisecond: tests of one name may share an instant.
            while !taken.insert((test.path.clone(), test.variant.clone(), start)) {
                start = start.after_micros(1);
            }
            tests.push(rows(test, start, &session_h, &context.env_h));
        }
        let scm_id = origin.commit.map_or(report.commit, str::to_owned);
        Self { session: Session { session_h, run_date, scm_id, description }, context, class, tests }
    }

    /// What to write.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let Self { session, context, class, tests } = self.clone();
        let mut entries = vec![Entry::Session { session, lockfile: None }, Entry::Context { context, class }];
        for (metric, profile) in tests {
            match metric {
                Some(metric) => entries.push(Entry::Finished { metric, profile }),
                None => {
                    let key = profile.key.clone();
                    entries.push(Entry::Started(Profile { outcome: Outcome::Running, ..profile }));
                    entries.push(Entry::Crashed { key });
                }
            }
        }
        entries
    }
}

/// Stands for the process of imported rows, so that they are found again when they are imported again.
pub(super) fn process_h(session_h: &str) -> String {
    hash_hex(["import", session_h])
}

fn rows(test: Timed, start: Timestamp, session_h: &str, env_h: &str) -> (Option<Metric>, Profile) {
    const MIB: f64 = 1_048_576.0;
    let (user, kernel) = test.cpu.unzip();
    let usage = test.cpu.map(|(user, kernel)| (user + kernel) / test.seconds).or(test.cpu_usage);
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, 9 PB")]
    let memory_mib = test.measures.rss_peak_bytes.map(|bytes| bytes as f64 / MIB);
    let metric = Metric {
        session_h: session_h.to_owned(),
        env_h: env_h.to_owned(),
        item_start_time: start,
        item_path: test.path.clone(),
        item: test.item.clone(),
        item_variant: test.variant.clone(),
        item_fs_loc: String::new(),
        kind: Kind::Function,
        component: test.package.clone(),
        wall_seconds: Some(test.seconds),
        user_seconds: user,
        kernel_seconds: kernel,
        cpu_usage: usage.filter(|usage| usage.is_finite()),
        memory_mib,
    };
    let profile = Profile {
        mem_source: test.mem_source(),
        key: ProfileKey {
            session_h: session_h.to_owned(),
            item_path: test.path,
            item_variant: test.variant,
            item_start_time: start,
            process_h: process_h(session_h),
        },
        package: test.package,
        binary: test.binary,
        attempt: test.attempt,
        outcome: test.outcome,
        attribution: None,
        measures: test.measures,
    };
    (Some(metric), profile)
}

/// Where a report was made. Reports that do not tell, or not all, are of one class for each name that the user gives.
fn context(tool: &str, machine: &Machine, name: &str) -> (ExecutionContext, ContextClass) {
    let Machine { host, cpu, cpu_count, cpu_mhz, architecture, system, toolchain } = machine;
    let count = cpu_count.to_string();
    let class_h = if *machine == Machine::default() {
        hash_hex(["import", tool, name])
    } else {
        hash_hex(["import", tool, name, cpu, &count, architecture, system, toolchain])
    };
    let env_h = if host.is_empty() { class_h.clone() } else { hash_hex([&class_h, host]) };
    let context = ExecutionContext {
        env_h: env_h.clone(),
        cpu_count: *cpu_count,
        cpu_frequency_mhz: *cpu_mhz,
        cpu_type: architecture.clone(),
        cpu_vendor: cpu.clone(),
        ram_total_mib: 0,
        machine_node: if host.is_empty() { name } else { host }.to_owned(),
        machine_type: architecture.clone(),
        machine_arch: String::new(),
        system_info: system.clone(),
        python_info: if toolchain.is_empty() { tool } else { toolchain }.to_owned(),
    };
    let class = ContextClass { env_h, class_h, ..ContextClass::default() };
    (context, class)
}
