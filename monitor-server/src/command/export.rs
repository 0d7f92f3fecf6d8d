//! `export`: a project as a `.pymon` file, for `cargo monitor`, `monitor_api` and SQL.

use std::path::Path;

use anyhow::{Context as _, ensure};
use monitor_store::{
    ContextClass, Entry, ExecutionContext, Kind, Metric, Process, Profile, ProfileKey, Timestamp, Writer, hash_hex,
};
use rusqlite::{Connection, params};

use crate::store::{self, Context, Filter, Page, Run, Session, Store, Text};

/// Writes every session of a project to a new file.
pub fn run(database: &str, project: &str, file: &Path) -> anyhow::Result<()> {
    ensure!(!file.exists(), "{} is there already", file.display());
    let store = store::open::database(database)?;
    let filter = Filter::project(project);
    let sessions = store.sessions(&filter, Page::ALL)?;
    let contexts = store.contexts(&filter, Page::ALL)?;
    let mut writer = Writer::open(file).with_context(|| format!("{} can't be made", file.display()))?;
    let mut plain = Plain::default();
    for context in &contexts {
        match entry(context) {
            Some(entry) => writer.apply(&[entry])?,
            None => plain.contexts.push(context),
        }
    }
    for session in &sessions {
        let lockfile = store.lockfile(project, &session.h)?;
        let runs = runs(&*store, project, &session.h)?;
        let (ours, theirs): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| run.profile.is_some());
        let mut entries = vec![Entry::Session { session: of_server(session)?, lockfile }];
        let environment = ours.first().map(|run| run.context_h.clone()).unwrap_or_default();
        if !ours.is_empty() {
            entries.push(Entry::Process(process(session, environment)));
        }
        for run in ours {
            entries.extend(test(run, session)?);
        }
        writer.apply(&entries)?;
        plain.runs.extend(theirs);
    }
    writer.close(true)?;
    plain.write(file)?;
    println!("{} sessions, {} contexts: {}", sessions.len(), contexts.len(), file.display());
    Ok(())
}

fn runs(store: &dyn Store, project: &str, session_h: &str) -> anyhow::Result<Vec<Run>> {
    let of_session = Some(Text::Is(session_h.to_owned()));
    let filter = Filter { session: of_session, unfinished: true, ..Filter::project(project) };
    Ok(store.runs(&filter, Page::ALL)?)
}

/// Rows of pytest-monitor: they have no profile, and what they run on has no class. They are written as it writes them.
#[derive(Default)]
struct Plain<'a> {
    contexts: Vec<&'a Context>,
    runs: Vec<Run>,
}

impl Plain<'_> {
    fn write(&self, file: &Path) -> anyhow::Result<()> {
        let mut connection = Connection::open(file)?;
        let transaction = connection.transaction()?;
        for context in &self.contexts {
            transaction.execute(
                "INSERT OR IGNORE INTO EXECUTION_CONTEXTS (ENV_H, CPU_COUNT, CPU_FREQUENCY_MHZ, CPU_TYPE, CPU_VENDOR, \
                 RAM_TOTAL_MB, MACHINE_NODE, MACHINE_TYPE, MACHINE_ARCH, SYSTEM_INFO, PYTHON_INFO) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                params![
                    context.h,
                    context.cpu_count,
                    context.cpu_frequency,
                    context.cpu_type,
                    context.cpu_vendor,
                    context.ram_total,
                    context.machine_node,
                    context.machine_type,
                    context.machine_arch,
                    context.system_info,
                    context.python_info,
                ],
            )?;
        }
        let mut insert = transaction.prepare(
            "INSERT INTO TEST_METRICS (SESSION_H, ENV_H, ITEM_START_TIME, ITEM_PATH, ITEM, ITEM_VARIANT, ITEM_FS_LOC, KIND, \
             COMPONENT, TOTAL_TIME, USER_TIME, KERNEL_TIME, CPU_USAGE, MEM_USAGE) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?;
        for run in &self.runs {
            let Some(figures) = &run.figures else { continue };
            insert.execute(params![
                run.session_h,
                run.context_h,
                run.start,
                run.path,
                run.item,
                run.variant,
                run.fs_loc,
                run.kind,
                run.component,
                figures.total_time,
                figures.user_time,
                figures.kernel_time,
                figures.cpu_usage,
                figures.mem_usage,
            ])?;
        }
        drop(insert);
        Ok(transaction.commit()?)
    }
}

fn entry(context: &Context) -> Option<Entry> {
    let class = context.class.as_ref()?;
    let known = ExecutionContext {
        env_h: context.h.clone(),
        cpu_count: u32::try_from(context.cpu_count).unwrap_or(0),
        cpu_frequency_mhz: context.cpu_frequency,
        cpu_type: context.cpu_type.clone(),
        cpu_vendor: context.cpu_vendor.clone().unwrap_or_default(),
        ram_total_mib: u64::try_from(context.ram_total).unwrap_or(0),
        machine_node: context.machine_node.clone(),
        machine_type: context.machine_type.clone(),
        machine_arch: context.machine_arch.clone(),
        system_info: context.system_info.clone(),
        python_info: context.python_info.clone(),
    };
    let class = ContextClass {
        env_h: context.h.clone(),
        class_h: class.class_h.clone(),
        rustc: class.rustc.clone(),
        profile: class.profile.clone(),
        opt_level: class.opt_level.clone(),
        target: class.target.clone(),
    };
    Some(Entry::Context { context: known, class })
}

fn of_server(session: &Session) -> anyhow::Result<monitor_store::Session> {
    Ok(monitor_store::Session {
        session_h: session.h.clone(),
        run_date: session.run_date.parse()?,
        scm_id: session.scm_ref.clone().unwrap_or_default(),
        description: session
            .tags
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().unwrap_or_default()))
            .collect(),
    })
}

/// The process that stands for all that the session's tests ran in: readers find the context of a crashed test by it.
fn process(session: &Session, environment: String) -> Process {
    Process {
        process_h: process_of(session),
        session_h: session.h.clone(),
        env_h: Some(environment),
        machine_key: String::new(),
        host: String::new(),
        boot_id: String::new(),
        pid: 0,
        pid_started: 0,
        leader_pid: None,
        leader_started: None,
        scopes: Kind::Function.as_str().to_owned(),
        // Long ago: it is gone.
        started_at: Timestamp::from_micros(0),
        clock_cost_ns: None,
        scope_cost_ns: None,
        allocation_cost_ns: None,
    }
}

fn process_of(session: &Session) -> String {
    hash_hex(["monitor-server", session.h.as_str()])
}

fn test(run: Run, session: &Session) -> anyhow::Result<Vec<Entry>> {
    let Some(profile) = run.profile else { return Ok(Vec::new()) };
    let start: Timestamp = run.start.parse()?;
    let profile = Profile {
        key: ProfileKey {
            session_h: run.session_h.clone(),
            item_path: run.path.clone(),
            item_variant: run.variant.clone(),
            item_start_time: start,
            process_h: process_of(session),
        },
        package: run.package,
        binary: run.binary,
        attempt: profile.attempt,
        outcome: profile.outcome,
        attribution: profile.attribution,
        mem_source: profile.mem_source,
        measures: profile.measures,
    };
    let Some(figures) = run.figures else {
        let key = profile.key.clone();
        return Ok(vec![Entry::Started(profile), Entry::Crashed { key }]);
    };
    let metric = Metric {
        session_h: run.session_h,
        env_h: run.context_h,
        item_start_time: start,
        item_path: run.path,
        item: run.item,
        item_variant: run.variant,
        item_fs_loc: run.fs_loc,
        kind: Kind::parse(&run.kind).unwrap_or(Kind::Package),
        component: run.component,
        total_time: Some(figures.total_time),
        user_time: figures.user_time,
        kernel_time: figures.kernel_time,
        cpu_usage: figures.cpu_usage,
        mem_usage: figures.mem_usage,
    };
    Ok(vec![Entry::Finished { metric, profile }])
}
