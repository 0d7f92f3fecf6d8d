//! Everything that a test process writes, to the file or, one JSON line each, to a spool file.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use crate::insert;
use crate::rows::{ContextClass, ExecutionContext, Measures, Metric, Process, Profile, ProfileKey, Session};
use crate::timestamp::Timestamp;
use crate::words::{Attribution, Kind, MemSource, Outcome};

/// One thing to write.
#[expect(clippy::large_enum_variant, reason = "the largest variant is the usual one, and few live at once")]
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A session, unless it is there, with the text of its `Cargo.lock`.
    Session {
        /// The row.
        session: Session,
        /// Text of the lockfile.
        lockfile: Option<String>,
    },
    /// An execution context and its machine class, unless they are there.
    Context {
        /// The row of `EXECUTION_CONTEXTS`.
        context: ExecutionContext,
        /// The row of `CONTEXT_CLASSES`.
        class: ContextClass,
    },
    /// A process, unless it is there.
    Process(Process),
    /// A test begins: a profile row whose outcome is [`Outcome::Running`].
    Started(Profile),
    /// A test ended: its metric row, and the rest of its profile row.
    Finished {
        /// The row of `TEST_METRICS`.
        metric: Metric,
        /// The row of `TEST_PROFILES`.
        profile: Profile,
    },
    /// The attribution of an ended test turned out to be another.
    Reattributed {
        /// The test.
        key: ProfileKey,
        /// The attribution from now on.
        attribution: Attribution,
    },
    /// A test that began will not end.
    Crashed {
        /// The test.
        key: ProfileKey,
    },
}

impl Entry {
    /// Writes the entry inside a transaction of the caller.
    pub(crate) fn apply(&self, connection: &Connection) -> rusqlite::Result<()> {
        match self {
            Self::Session { session, lockfile } => insert::session(connection, session, lockfile.as_deref()),
            Self::Context { context, class } => insert::context(connection, context, Some(class)),
            Self::Process(process) => insert::process(connection, process, insert::RUNNING),
            Self::Started(profile) => insert::started(connection, profile),
            Self::Finished { metric, profile } => insert::finished(connection, metric, profile),
            Self::Reattributed { key, attribution } => insert::reattributed(connection, key, *attribution),
            Self::Crashed { key } => insert::crashed(connection, key),
        }
    }

    /// The line of a spool file, without its newline.
    pub(crate) fn to_line(&self) -> String {
        match self {
            Self::Session { session, lockfile } => json!({"session": {
                "session_h": session.session_h,
                "run_date": session.run_date.to_string(),
                "scm_id": session.scm_id,
                "description": session.description,
                "lockfile": lockfile,
            }}),
            Self::Context { context: c, class } => json!({"context": {
                "env_h": c.env_h,
                "cpu_count": c.cpu_count,
                "cpu_frequency_mhz": c.cpu_frequency_mhz,
                "cpu_type": c.cpu_type,
                "cpu_vendor": c.cpu_vendor,
                "ram_total_mib": c.ram_total_mib,
                "machine_node": c.machine_node,
                "machine_type": c.machine_type,
                "machine_arch": c.machine_arch,
                "system_info": c.system_info,
                "python_info": c.python_info,
                "class_h": class.class_h,
                "rustc": class.rustc,
                "profile": class.profile,
                "opt_level": class.opt_level,
                "target": class.target,
            }}),
            Self::Process(p) => json!({"process": {
                "process_h": p.process_h,
                "session_h": p.session_h,
                "env_h": p.env_h,
                "machine_key": p.machine_key,
                "host": p.host,
                "boot_id": p.boot_id,
                "pid": p.pid,
                "pid_started": p.pid_started,
                "leader_pid": p.leader_pid,
                "leader_started": p.leader_started,
                "scopes": p.scopes,
                "started_at": p.started_at.to_string(),
                "clock_cost_ns": p.clock_cost_ns,
                "scope_cost_ns": p.scope_cost_ns,
                "allocation_cost_ns": p.allocation_cost_ns,
            }}),
            Self::Started(profile) => json!({"started": profile_to_json(profile)}),
            Self::Finished { metric: m, profile } => json!({"finished": {
                "env_h": m.env_h,
                "item": m.item,
                "item_fs_loc": m.item_fs_loc,
                "kind": m.kind.as_str(),
                "component": m.component,
                "total_time": m.total_time,
                "user_time": m.user_time,
                "kernel_time": m.kernel_time,
                "cpu_usage": m.cpu_usage,
                "mem_usage": m.mem_usage,
                "profile": profile_to_json(profile),
            }}),
            Self::Reattributed { key, attribution } => json!({"reattributed": {
                "key": key_to_json(key),
                "attribution": attribution.as_str(),
            }}),
            Self::Crashed { key } => json!({"crashed": {"key": key_to_json(key)}}),
        }
        .to_string()
    }

    /// The entry of a line; `None` if the line is torn or not one of this version.
    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let Value::Object(line) = serde_json::from_str(line).ok()? else {
            return None;
        };
        let (kind, fields) = line.into_iter().next()?;
        let fields = Fields(fields.as_object()?);
        Some(match kind.as_str() {
            "session" => Self::Session {
                session: Session {
                    session_h: fields.text("session_h")?,
                    run_date: fields.time("run_date")?,
                    scm_id: fields.text("scm_id")?,
                    description: fields.pairs("description")?,
                },
                lockfile: fields.text("lockfile"),
            },
            "context" => Self::Context {
                context: ExecutionContext {
                    env_h: fields.text("env_h")?,
                    cpu_count: fields.small("cpu_count")?,
                    cpu_frequency_mhz: fields.real("cpu_frequency_mhz")?,
                    cpu_type: fields.text("cpu_type")?,
                    cpu_vendor: fields.text("cpu_vendor")?,
                    ram_total_mib: fields.count("ram_total_mib")?,
                    machine_node: fields.text("machine_node")?,
                    machine_type: fields.text("machine_type")?,
                    machine_arch: fields.text("machine_arch")?,
                    system_info: fields.text("system_info")?,
                    python_info: fields.text("python_info")?,
                },
                class: ContextClass {
                    env_h: fields.text("env_h")?,
                    class_h: fields.text("class_h")?,
                    rustc: fields.text("rustc")?,
                    profile: fields.text("profile")?,
                    opt_level: fields.text("opt_level")?,
                    target: fields.text("target")?,
                },
            },
            "process" => Self::Process(Process {
                process_h: fields.text("process_h")?,
                session_h: fields.text("session_h")?,
                env_h: fields.text("env_h"),
                machine_key: fields.text("machine_key")?,
                host: fields.text("host")?,
                boot_id: fields.text("boot_id")?,
                pid: fields.small("pid")?,
                pid_started: fields.count("pid_started")?,
                leader_pid: fields.small("leader_pid"),
                leader_started: fields.count("leader_started"),
                scopes: fields.text("scopes")?,
                started_at: fields.time("started_at")?,
                clock_cost_ns: fields.real("clock_cost_ns"),
                scope_cost_ns: fields.real("scope_cost_ns"),
                allocation_cost_ns: fields.real("allocation_cost_ns"),
            }),
            "started" => Self::Started(fields.profile()?),
            "finished" => {
                let profile = fields.child("profile")?.profile()?;
                let key = profile.key.clone();
                Self::Finished {
                    metric: Metric {
                        session_h: key.session_h,
                        env_h: fields.text("env_h")?,
                        item_start_time: key.item_start_time,
                        item_path: key.item_path,
                        item: fields.text("item")?,
                        item_variant: key.item_variant,
                        item_fs_loc: fields.text("item_fs_loc")?,
                        kind: Kind::parse(&fields.text("kind")?)?,
                        component: fields.text("component")?,
                        total_time: fields.real("total_time")?,
                        user_time: fields.real("user_time"),
                        kernel_time: fields.real("kernel_time"),
                        cpu_usage: fields.real("cpu_usage"),
                        mem_usage: fields.real("mem_usage"),
                    },
                    profile,
                }
            }
            "reattributed" => Self::Reattributed {
                key: fields.child("key")?.key()?,
                attribution: Attribution::parse(&fields.text("attribution")?)?,
            },
            "crashed" => Self::Crashed { key: fields.child("key")?.key()? },
            _ => return None,
        })
    }
}

fn key_to_json(key: &ProfileKey) -> Value {
    json!({
        "session_h": key.session_h,
        "item_path": key.item_path,
        "item_variant": key.item_variant,
        "item_start_time": key.item_start_time.to_string(),
        "process_h": key.process_h,
    })
}

fn profile_to_json(profile: &Profile) -> Value {
    let m = &profile.measures;
    json!({
        "key": key_to_json(&profile.key),
        "package": profile.package,
        "binary": profile.binary,
        "attempt": profile.attempt,
        "outcome": profile.outcome.as_str(),
        "attribution": profile.attribution.map(Attribution::as_str),
        "mem_source": profile.mem_source.map(MemSource::as_str),
        "heap_peak": m.heap_peak,
        "heap_allocated": m.heap_allocated,
        "allocations": m.allocations,
        "heap_retained": m.heap_retained,
        "rss_peak": m.rss_peak,
        "minor_faults": m.minor_faults,
        "major_faults": m.major_faults,
        "voluntary_switches": m.voluntary_switches,
        "involuntary_switches": m.involuntary_switches,
        "read_bytes": m.read_bytes,
        "write_bytes": m.write_bytes,
        "child_user_time": m.child_user_time,
        "child_kernel_time": m.child_kernel_time,
        "threads": m.threads,
        "concurrency": m.concurrency,
    })
}

/// The fields of a line's object; each accessor is `None` if the field is missing or of another type.
struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    fn text(&self, name: &str) -> Option<String> {
        Some(self.0.get(name)?.as_str()?.to_owned())
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        self.0.get(name)?.as_str()?.parse().ok()
    }

    fn real(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.as_f64()
    }

    fn count(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_u64()
    }

    fn small(&self, name: &str) -> Option<u32> {
        self.count(name)?.try_into().ok()
    }

    fn pairs(&self, name: &str) -> Option<Vec<(String, String)>> {
        serde_json::from_value(self.0.get(name)?.clone()).ok()
    }

    fn child(&self, name: &str) -> Option<Fields<'_>> {
        Some(Fields(self.0.get(name)?.as_object()?))
    }

    fn key(&self) -> Option<ProfileKey> {
        Some(ProfileKey {
            session_h: self.text("session_h")?,
            item_path: self.text("item_path")?,
            item_variant: self.text("item_variant")?,
            item_start_time: self.time("item_start_time")?,
            process_h: self.text("process_h")?,
        })
    }

    fn profile(&self) -> Option<Profile> {
        Some(Profile {
            key: self.child("key")?.key()?,
            package: self.text("package")?,
            binary: self.text("binary")?,
            attempt: self.small("attempt")?,
            outcome: Outcome::parse(&self.text("outcome")?)?,
            attribution: self.text("attribution").and_then(|word| Attribution::parse(&word)),
            mem_source: self.text("mem_source").and_then(|word| MemSource::parse(&word)),
            measures: Measures {
                heap_peak: self.count("heap_peak"),
                heap_allocated: self.count("heap_allocated"),
                allocations: self.count("allocations"),
                heap_retained: self.0.get("heap_retained").and_then(Value::as_i64),
                rss_peak: self.count("rss_peak"),
                minor_faults: self.count("minor_faults"),
                major_faults: self.count("major_faults"),
                voluntary_switches: self.count("voluntary_switches"),
                involuntary_switches: self.count("involuntary_switches"),
                read_bytes: self.count("read_bytes"),
                write_bytes: self.count("write_bytes"),
                child_user_time: self.real("child_user_time"),
                child_kernel_time: self.real("child_kernel_time"),
                threads: self.count("threads"),
                concurrency: self.count("concurrency"),
            },
        })
    }
}
