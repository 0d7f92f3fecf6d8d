//! What an importer has read, and the rows that it becomes.

use monitor_store::{
    ContextClass, Entry, ExecutionContext, Kind, Measures, Metric, Outcome, Profile, ProfileKey, Session, Timestamp,
    hash_hex,
};

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

/// A value of a tool that knows no more than names and times.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Timed {
    pub package: String,
    pub binary: String,
    pub path: String,
    pub name: String,
    pub start: Timestamp,
    pub seconds: f64,
    pub outcome: Outcome,
}

impl Batch {
    /// A session of `source` that began at `run_date`; `identity` is the same whenever it is imported again.
    pub(super) fn of_timed(
        source: &str,
        identity: &str,
        run_date: Timestamp,
        commit: Option<&str>,
        origin: &Origin<'_>,
        tests: Vec<Timed>,
    ) -> Self {
        let session_h = hash_hex(["import", source, identity]);
        let (context, class) = unknown_machine(source, origin.machine);
        let mut description = origin.tags.to_vec();
        description.push(("rust_runner".to_owned(), source.to_owned()));
        let session = Session {
            session_h: session_h.clone(),
            run_date,
            scm_id: origin.commit.or(commit).unwrap_or_default().to_owned(),
            description,
        };
        let tests = tests.into_iter().map(|test| timed_rows(test, &session_h, &context.env_h)).collect();
        Self { session, context, class, tests }
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

fn timed_rows(test: Timed, session_h: &str, env_h: &str) -> (Option<Metric>, Profile) {
    let item = test.name.split('[').next().unwrap_or(&test.name).to_owned();
    let metric = Metric {
        session_h: session_h.to_owned(),
        env_h: env_h.to_owned(),
        item_start_time: test.start,
        item_path: test.path.clone(),
        item,
        item_variant: test.name.clone(),
        item_fs_loc: String::new(),
        kind: Kind::Function,
        component: test.package.clone(),
        total_time: Some(test.seconds),
        user_time: None,
        kernel_time: None,
        cpu_usage: None,
        mem_usage: None,
    };
    let profile = Profile {
        key: ProfileKey {
            session_h: session_h.to_owned(),
            item_path: test.path,
            item_variant: test.name,
            item_start_time: test.start,
            process_h: process_h(session_h),
        },
        package: test.package,
        binary: test.binary,
        attempt: 1,
        outcome: test.outcome,
        attribution: None,
        mem_source: None,
        measures: Measures::default(),
    };
    (Some(metric), profile)
}

/// The context of a tool that does not tell it.
fn unknown_machine(source: &str, machine: &str) -> (ExecutionContext, ContextClass) {
    let env_h = hash_hex(["import", source, machine]);
    let context = ExecutionContext {
        env_h: env_h.clone(),
        cpu_count: 0,
        cpu_frequency_mhz: 0.0,
        cpu_type: String::new(),
        cpu_vendor: String::new(),
        ram_total_mib: 0,
        machine_node: machine.to_owned(),
        machine_type: String::new(),
        machine_arch: String::new(),
        system_info: String::new(),
        python_info: source.to_owned(),
    };
    let class = ContextClass {
        env_h: env_h.clone(),
        class_h: env_h,
        rustc: String::new(),
        profile: String::new(),
        opt_level: String::new(),
        target: String::new(),
    };
    (context, class)
}
