//! A session of a `.pymon` file as a batch.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use monitor_store::{ContextClass, ExecutionContext, Kind, Monitor, StoreError, Test};

use crate::wire::{self, Batch, Class, Context, Cost, Row, Session};

impl Batch<'static> {
    /// A session of a file with all that belongs to it.
    ///
    /// # Errors
    ///
    /// If the file can't be read.
    pub fn read(monitor: &Monitor, session: monitor_store::Session, ended: bool) -> Result<Self, StoreError> {
        let tests = monitor.tests(&session.session_h)?;
        Self::of(monitor, session, tests, ended)
    }

    /// A session of a file with some of its tests.
    ///
    /// # Errors
    ///
    /// If the file can't be read.
    pub fn of(
        monitor: &Monitor,
        session: monitor_store::Session,
        tests: Vec<Test>,
        ended: bool,
    ) -> Result<Self, StoreError> {
        let session_h = session.session_h.clone();
        // A test that did not end has its context from its process.
        let processes = monitor.processes(&session_h)?;
        let environments: HashMap<_, _> =
            processes.iter().map(|process| (&*process.process_h, process.env_h.as_deref().unwrap_or(""))).collect();
        // A test whose instructions are counted has a process for itself.
        let counted: HashSet<String> = monitor.processes_with_costs(&session_h)?.into_iter().collect();
        let mut rows = Vec::with_capacity(tests.len());
        for test in tests {
            let process_h = test.profile.as_ref().map(|profile| profile.key.process_h.clone());
            let process_h = process_h.filter(|it| test.kind() == Kind::Function && counted.contains(it));
            let costs = process_h.map(|process_h| monitor.costs(&session_h, &process_h)).transpose()?;
            let costs = costs.unwrap_or_default().into_iter().map(Cost::from).collect();
            rows.push(Row { costs, ..row(test, &environments) });
        }
        let mut seen = HashSet::new();
        let mut contexts = Vec::new();
        for env_h in rows.iter().map(|row| &*row.context_h).filter(|env_h| seen.insert(*env_h)) {
            if let Some(known) = monitor.context(env_h)? {
                contexts.push(context(known, monitor.class(env_h)?));
            }
        }
        Ok(Self { session: self::session(session, ended), contexts, lockfile: monitor.lockfile(&session_h)?, rows })
    }
}

fn session(session: monitor_store::Session, ended: bool) -> Session {
    let fact = |names: &[&str]| {
        let of = |name: &&str| session.description.iter().find(|(key, value)| key == name && !value.is_empty());
        names.iter().find_map(of).map(|(_, value)| value.clone())
    };
    Session {
        branch: fact(&["git_branch", "pipeline_branch"]),
        merge_base: fact(&["git_merge_base"]),
        pull_request: fact(&["pull_request"]),
        ci_url: fact(&["ci_url"]),
        ended,
        run_date: session.run_date.to_string(),
        session_h: session.session_h,
        scm_ref: Some(session.scm_id),
        description: session.description.into_iter().map(|(name, value)| (name, value.into())).collect(),
    }
}

fn context(context: ExecutionContext, class: Option<ContextClass>) -> Context {
    Context {
        h: context.env_h,
        cpu_count: context.cpu_count.into(),
        cpu_frequency: context.cpu_frequency_mhz,
        cpu_type: context.cpu_type,
        cpu_vendor: Some(context.cpu_vendor),
        ram_total: i64::try_from(context.ram_total_mib).unwrap_or(i64::MAX),
        machine_node: context.machine_node,
        machine_type: context.machine_type,
        machine_arch: context.machine_arch,
        system_info: context.system_info,
        python_info: context.python_info,
        class: class.map(|class| Class {
            class_h: class.class_h,
            rustc: class.rustc,
            profile: class.profile,
            opt_level: class.opt_level,
            target: class.target,
        }),
    }
}

fn row(test: Test, environments: &HashMap<&str, &str>) -> Row<'static> {
    let own = |text: &str| Cow::Owned(text.to_owned());
    let of_process = || {
        let process_h = test.profile.as_ref().map(|profile| &*profile.key.process_h)?;
        environments.get(process_h).copied()
    };
    let row = Row {
        context_h: own(test.metric.as_ref().map(|metric| &*metric.env_h).or_else(of_process).unwrap_or("")),
        item_start_time: own(&test.start().to_string()),
        item_path: own(test.path()),
        item: own(test.item()),
        item_variant: own(test.variant()),
        kind: own(test.kind().as_str()),
        component: own(test.component()),
        profile: test.profile.as_ref().map(|profile| {
            wire::profile(profile.attempt, profile.outcome, profile.attribution, profile.mem_source, &profile.measures)
        }),
        ..Row::default()
    };
    let (metric, profile) = (test.metric, test.profile);
    let (package, binary) = profile.map(|profile| (profile.package, profile.binary)).unwrap_or_default();
    let row = Row { package: package.into(), binary: binary.into(), ..row };
    let Some(metric) = metric else { return row };
    Row {
        item_fs_loc: metric.item_fs_loc.into(),
        total_time: metric.wall_seconds,
        user_time: metric.user_seconds,
        kernel_time: metric.kernel_seconds,
        cpu_usage: metric.cpu_usage,
        mem_usage: metric.memory_mib,
        ..row
    }
}
