//! `import`: the sessions of a `.pymon` file.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use monitor_store::{Metric, Monitor, Sessions, Test};

use crate::compat::{date, entity};
use crate::store::{self, Class, Context, Figures, Outcome, Profile, Run, Session, Store, Write};

/// Adds every session of a file to a project; what is there already stays as it is.
pub fn run(database: &str, project: &str, file: &Path) -> anyhow::Result<()> {
    let store = store::open::database(database)?;
    let monitor = Monitor::open(file).with_context(|| format!("{} can't be read", file.display()))?;
    let contexts = contexts(&monitor)?;
    let (mut sessions, mut rows, mut refused) = (0, 0, Vec::new());
    for session in monitor.sessions(&Sessions::all())? {
        let tests = monitor.tests(&session.session_h)?;
        let runs = runs(&session.session_h, &tests, &monitor)?;
        let needed = contexts.iter().filter(|context| runs.iter().any(|run| run.context_h == context.h));
        let session_h = session.session_h.clone();
        let write = Write {
            project: project.to_owned(),
            contexts: needed.cloned().collect(),
            lockfile: monitor.lockfile(&session_h)?,
            session: Some(of_file(session)),
            runs,
            append: false,
        };
        match whole(&*store, &write)? {
            Outcome::Stored { new_runs } => (sessions, rows) = (sessions + 1, rows + new_runs),
            Outcome::OtherSession => refused.push(session_h),
        }
    }
    println!("{sessions} sessions, {rows} new rows");
    for session_h in refused {
        eprintln!("warning: session {session_h} was left out: project {project} has another under this identifier");
    }
    Ok(())
}

fn whole(store: &dyn Store, write: &Write) -> anyhow::Result<Outcome> {
    let outcomes = store.write(&[write])?;
    outcomes.first().copied().context("the database said nothing")
}

fn contexts(monitor: &Monitor) -> anyhow::Result<Vec<Context>> {
    let class = |env_h: &str| -> anyhow::Result<Option<Class>> {
        let class = monitor.class(env_h)?;
        Ok(class.map(|class| Class {
            class_h: class.class_h,
            rustc: class.rustc,
            profile: class.profile,
            opt_level: class.opt_level,
            target: class.target,
        }))
    };
    let context = |context: monitor_store::ExecutionContext| {
        Ok(Context {
            class: class(&context.env_h)?,
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
        })
    };
    monitor.contexts()?.into_iter().map(context).collect()
}

fn of_file(session: monitor_store::Session) -> Session {
    let run_date = session.run_date.to_string();
    Session {
        h: session.session_h,
        run_date: date::normal(&run_date).unwrap_or(run_date),
        scm_ref: Some(session.scm_id),
        tags: session.description.into_iter().map(|(name, value)| (name, Some(value))).collect(),
        facts: entity::received(),
    }
}

fn runs(session_h: &str, tests: &[Test], monitor: &Monitor) -> anyhow::Result<Vec<Run>> {
    // A test that did not end has its context from its process.
    let processes = monitor.processes(session_h)?;
    let environments: HashMap<_, _> =
        processes.iter().map(|process| (&process.process_h, process.env_h.as_deref().unwrap_or(""))).collect();
    let mut nths = HashMap::new();
    let run = |test: &Test| {
        let (metric, profile) = (test.metric.as_ref(), test.profile.as_ref());
        let start = test.start().to_string();
        let nth = nths.entry((test.path().to_owned(), test.variant().to_owned(), start.clone())).or_insert(-1);
        *nth += 1;
        let of_process = || profile.and_then(|profile| environments.get(&profile.key.process_h).copied());
        Run {
            session_h: session_h.to_owned(),
            context_h: metric.map(|metric| metric.env_h.as_str()).or_else(of_process).unwrap_or("").to_owned(),
            start,
            nth: *nth,
            path: test.path().to_owned(),
            item: test.item().to_owned(),
            variant: test.variant().to_owned(),
            fs_loc: metric.map(|metric| metric.item_fs_loc.clone()).unwrap_or_default(),
            kind: test.kind().as_str().to_owned(),
            component: test.component().to_owned(),
            package: profile.map(|profile| profile.package.clone()).unwrap_or_default(),
            binary: profile.map(|profile| profile.binary.clone()).unwrap_or_default(),
            figures: metric.and_then(figures),
            profile: profile.map(|profile| Profile {
                attempt: profile.attempt,
                outcome: profile.outcome,
                attribution: profile.attribution,
                mem_source: profile.mem_source,
                measures: profile.measures,
            }),
        }
    };
    Ok(tests.iter().map(run).collect())
}

fn figures(metric: &Metric) -> Option<Figures> {
    Some(Figures {
        total_time: metric.total_time?,
        user_time: metric.user_time,
        kernel_time: metric.kernel_time,
        cpu_usage: metric.cpu_usage,
        mem_usage: metric.mem_usage,
    })
}
