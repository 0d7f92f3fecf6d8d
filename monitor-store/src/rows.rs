//! The rows of the file, typed. Fields carry their unit in name or documentation.

use crate::measures::Measures;
use crate::timestamp::Timestamp;
use crate::words::{Attribution, Kind, MemSource, Outcome};

/// One invocation of a test command: a row of `TEST_SESSIONS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Identifier; the same for every process of the invocation.
    pub session_h: String,
    /// When the session's first test began.
    pub run_date: Timestamp,
    /// Revision of the sources, empty if unknown.
    pub scm_id: String,
    /// Description, tags and facts, in the order of the JSON object in `RUN_DESCRIPTION`.
    pub description: Vec<(String, String)>,
}

/// Machine, system and toolchain of a session: a row of `EXECUTION_CONTEXTS`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExecutionContext {
    /// Identifier, a hash of the other fields.
    pub env_h: String,
    /// Logical processors.
    pub cpu_count: u32,
    /// Nominal frequency in MHz, 0 if unknown.
    pub cpu_frequency_mhz: f64,
    /// Processor architecture, `x86_64`.
    pub cpu_type: String,
    /// Model name of the processor.
    pub cpu_vendor: String,
    /// Main memory in MiB.
    pub ram_total_mib: u64,
    /// Host name.
    pub machine_node: String,
    /// Machine type, `x86_64`.
    pub machine_type: String,
    /// `64bit` or `32bit`.
    pub machine_arch: String,
    /// Operating system and its release, `Linux - 6.1.0`.
    pub system_info: String,
    /// Toolchain (in pytest-monitor's files: the Python version).
    pub python_info: String,
}

/// What makes two contexts comparable: a row of `CONTEXT_CLASSES`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextClass {
    /// The execution context.
    pub env_h: String,
    /// Machine class: measures are comparable if and only if this is equal.
    pub class_h: String,
    /// The compiler, `rustc 1.95.0 (hash date)`.
    pub rustc: String,
    /// Build profile, `dev` or `release`.
    pub profile: String,
    /// Optimisation level, `0` to `3`, `s`, `z`; `unknown` if nobody told.
    pub opt_level: String,
    /// Target triple.
    pub target: String,
}

/// One test process: a row of `PROCESSES`.
///
/// Other processes decide by it whether this one still lives, and read what its clock and its brackets cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    /// Identifier.
    pub process_h: String,
    /// The session that it belongs to.
    pub session_h: String,
    /// Its execution context; `None` before [`Writer::register`](crate::Writer::register) knows it.
    pub env_h: Option<String>,
    /// Cheap key of machine and binary, by which a later process finds the context without asking the system.
    pub machine_key: String,
    /// Host name, as [`ThisMachine::now`](crate::liveness::ThisMachine::now) gives it.
    pub host: String,
    /// Boot of the host, as [`ThisMachine::now`](crate::liveness::ThisMachine::now) gives it.
    pub boot_id: String,
    /// Process id.
    pub pid: u32,
    /// Start of the process, as [`liveness::started`](crate::liveness::started) gives it; 0 if unknown.
    pub pid_started: u64,
    /// Id of the process that the session is an invocation of (cargo, cargo-nextest), if there is one.
    pub leader_pid: Option<u32>,
    /// Its start, in the unit of `pid_started`.
    pub leader_started: Option<u64>,
    /// Kinds of rows asked for, separated by commas: `function,module,session`.
    pub scopes: String,
    /// When the process registered.
    pub started_at: Timestamp,
    /// The system's clock less the clock since boot, microseconds, by which the starts of its tests are told. `None` if unknown.
    pub clock_offset_us: Option<i64>,
    /// Cost of reading the clock, nanoseconds.
    pub clock_cost_ns: Option<f64>,
    /// Cost of an empty measuring bracket, nanoseconds.
    pub scope_cost_ns: Option<f64>,
    /// Cost that the counting allocator adds to an allocation, nanoseconds.
    pub allocation_cost_ns: Option<f64>,
}

impl Process {
    /// Whether nothing is to be summed up.
    pub(crate) fn asks_for_functions_only(&self) -> bool {
        self.scopes == Kind::Function.as_str()
    }

    /// Whether rows of this kind are wanted.
    #[must_use]
    pub fn asks_for(&self, kind: Kind) -> bool {
        self.scopes.split(',').any(|scope| scope.trim() == kind.as_str())
    }
}

/// What pytest-monitor knows of one run of one test: a row of `TEST_METRICS`.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// The session.
    pub session_h: String,
    /// The execution context.
    pub env_h: String,
    /// Start of the body.
    pub item_start_time: Timestamp,
    /// Module path, `primes_demo::tests`.
    pub item_path: String,
    /// Function name.
    pub item: String,
    /// Function name with parameters.
    pub item_variant: String,
    /// Source file.
    pub item_fs_loc: String,
    /// What the row is about.
    pub kind: Kind,
    /// Part of the product, empty if none.
    pub component: String,
    /// Wall time, seconds; `None` only in rows of other programs.
    pub wall_seconds: Option<f64>,
    /// CPU time in user space, seconds.
    pub user_seconds: Option<f64>,
    /// CPU time in the kernel, seconds.
    pub kernel_seconds: Option<f64>,
    /// `(user_seconds + kernel_seconds) / wall_seconds`, a ratio: 1.0 is one core busy.
    pub cpu_usage: Option<f64>,
    /// Memory in MiB; [`Profile::mem_source`] says which.
    pub memory_mib: Option<f64>,
}

/// Names one row of `TEST_PROFILES`.
///
/// A process never uses one key twice. If another process has written a row with the same four
/// columns, the store moves this one's start on by whole microseconds until they differ, and finds
/// it again by `process_h`: callers need not know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProfileKey {
    /// The session.
    pub session_h: String,
    /// Module path.
    pub item_path: String,
    /// Function name with parameters.
    pub item_variant: String,
    /// Start of the body.
    pub item_start_time: Timestamp,
    /// The process that ran it; empty for rows that sum up several processes.
    pub process_h: String,
}

/// Our extension of a metric row: a row of `TEST_PROFILES`.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Which row.
    pub key: ProfileKey,
    /// Cargo package.
    pub package: String,
    /// Test binary.
    pub binary: String,
    /// 1, 2, … for a runner's retries.
    pub attempt: u32,
    /// How the test ended.
    pub outcome: Outcome,
    /// How the numbers were obtained; `None` until the test ended.
    pub attribution: Option<Attribution>,
    /// What [`Metric::memory_mib`] is; `None` if it is not known.
    pub mem_source: Option<MemSource>,
    /// The numbers.
    pub measures: Measures,
}
