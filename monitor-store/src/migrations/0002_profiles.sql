-- What this project knows beyond pytest-monitor, in tables of its own.
CREATE TABLE TEST_PROFILES (
    SESSION_H text not null,
    ITEM_PATH text not null,
    ITEM_VARIANT text not null,
    ITEM_START_TIME text not null,
    PROCESS_H text, -- PROCESSES row of the test; NULL for rows that sum up several processes
    PACKAGE text not null,
    BINARY text not null,
    ATTEMPT integer not null,
    OUTCOME text not null,
    ATTRIBUTION text,
    MEM_SOURCE text,
    HEAP_PEAK integer, -- bytes
    HEAP_ALLOCATED integer, -- bytes
    ALLOCATIONS integer, -- calls
    HEAP_RETAINED integer, -- bytes
    RSS_PEAK integer, -- bytes
    MINOR_FAULTS integer,
    MAJOR_FAULTS integer,
    VOLUNTARY_SWITCHES integer,
    INVOLUNTARY_SWITCHES integer,
    READ_BYTES integer,
    WRITE_BYTES integer,
    CHILD_USER_TIME real, -- seconds
    CHILD_KERNEL_TIME real, -- seconds
    THREADS integer,
    CONCURRENCY integer,
    PRIMARY KEY (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME)
) WITHOUT ROWID;

CREATE TABLE CONTEXT_CLASSES (
    ENV_H text primary key not null,
    CLASS_H text not null,
    RUSTC text not null,
    PROFILE text not null,
    OPT_LEVEL text not null,
    TARGET text not null
) WITHOUT ROWID;

CREATE TABLE LOCKFILES (
    LOCKFILE_H text primary key not null,
    CONTENT text not null
);

CREATE TABLE SESSION_LOCKFILES (
    SESSION_H text primary key not null,
    LOCKFILE_H text not null
) WITHOUT ROWID;

CREATE TABLE PROCESSES (
    PROCESS_H text primary key not null,
    SESSION_H text not null,
    ENV_H text not null,
    MACHINE_KEY text not null,
    HOST text not null,
    BOOT_ID text not null,
    PID integer not null,
    PID_STARTED integer not null, -- clock ticks since boot
    LEADER_PID integer, -- process that the session is an invocation of
    LEADER_STARTED integer,
    SCOPES text not null, -- kinds of rows asked for: function,module,session
    STARTED_AT text not null,
    CLOCK_COST_NS real,
    SCOPE_COST_NS real,
    ALLOCATION_COST_NS real,
    STATE text not null -- running, ended (module rows due), summarised (session row due), settled
) WITHOUT ROWID;

CREATE INDEX PROCESSES_MACHINE ON PROCESSES (MACHINE_KEY);
CREATE INDEX PROCESSES_SESSION ON PROCESSES (SESSION_H);
CREATE INDEX PROCESSES_DUE ON PROCESSES (STATE, SESSION_H) WHERE STATE <> 'settled';

-- Everything joined under readable names. A test that has not ended, or never did, has no metric row;
-- a row of pytest-monitor has no profile row.
CREATE VIEW TESTS AS
SELECT
    m.SESSION_H AS session,
    s.RUN_DATE AS session_date,
    s.SCM_ID AS revision,
    s.RUN_DESCRIPTION AS description,
    p.PACKAGE AS package,
    p.BINARY AS "binary",
    m.COMPONENT AS component,
    m.ITEM_PATH AS path,
    m.ITEM AS item,
    m.ITEM_VARIANT AS variant,
    m.ITEM_FS_LOC AS file,
    m.KIND AS kind,
    m.ITEM_START_TIME AS start_time,
    p.ATTEMPT AS attempt,
    p.OUTCOME AS outcome,
    m.TOTAL_TIME AS wall_seconds,
    m.USER_TIME AS user_seconds,
    m.KERNEL_TIME AS kernel_seconds,
    m.CPU_USAGE AS cpu_usage,
    m.MEM_USAGE AS memory_mib,
    p.MEM_SOURCE AS memory_source,
    p.ATTRIBUTION AS attribution,
    p.HEAP_PEAK AS heap_peak_bytes,
    p.HEAP_ALLOCATED AS heap_allocated_bytes,
    p.ALLOCATIONS AS allocations,
    p.HEAP_RETAINED AS heap_retained_bytes,
    p.RSS_PEAK AS rss_peak_bytes,
    p.MINOR_FAULTS AS minor_faults,
    p.MAJOR_FAULTS AS major_faults,
    p.VOLUNTARY_SWITCHES AS voluntary_switches,
    p.INVOLUNTARY_SWITCHES AS involuntary_switches,
    p.READ_BYTES AS read_bytes,
    p.WRITE_BYTES AS write_bytes,
    p.CHILD_USER_TIME AS child_user_seconds,
    p.CHILD_KERNEL_TIME AS child_kernel_seconds,
    p.THREADS AS threads,
    p.CONCURRENCY AS concurrency,
    m.ENV_H AS context,
    c.CPU_VENDOR AS cpu,
    c.CPU_COUNT AS cpu_count,
    c.MACHINE_NODE AS host,
    c.PYTHON_INFO AS toolchain,
    k.CLASS_H AS machine_class,
    k.RUSTC AS rustc,
    k.PROFILE AS profile,
    k.OPT_LEVEL AS opt_level,
    k.TARGET AS target
FROM TEST_METRICS m
LEFT JOIN TEST_PROFILES p USING (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME)
LEFT JOIN TEST_SESSIONS s ON s.SESSION_H = m.SESSION_H
LEFT JOIN EXECUTION_CONTEXTS c ON c.ENV_H = m.ENV_H
LEFT JOIN CONTEXT_CLASSES k ON k.ENV_H = m.ENV_H
UNION ALL
SELECT
    p.SESSION_H,
    s.RUN_DATE,
    s.SCM_ID,
    s.RUN_DESCRIPTION,
    p.PACKAGE,
    p.BINARY,
    p.PACKAGE,
    p.ITEM_PATH,
    substr(p.ITEM_VARIANT, 1, instr(p.ITEM_VARIANT || '[', '[') - 1),
    p.ITEM_VARIANT,
    NULL,
    'function',
    p.ITEM_START_TIME,
    p.ATTEMPT,
    p.OUTCOME,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    p.MEM_SOURCE,
    p.ATTRIBUTION,
    p.HEAP_PEAK,
    p.HEAP_ALLOCATED,
    p.ALLOCATIONS,
    p.HEAP_RETAINED,
    p.RSS_PEAK,
    p.MINOR_FAULTS,
    p.MAJOR_FAULTS,
    p.VOLUNTARY_SWITCHES,
    p.INVOLUNTARY_SWITCHES,
    p.READ_BYTES,
    p.WRITE_BYTES,
    p.CHILD_USER_TIME,
    p.CHILD_KERNEL_TIME,
    p.THREADS,
    p.CONCURRENCY,
    r.ENV_H,
    c.CPU_VENDOR,
    c.CPU_COUNT,
    c.MACHINE_NODE,
    c.PYTHON_INFO,
    k.CLASS_H,
    k.RUSTC,
    k.PROFILE,
    k.OPT_LEVEL,
    k.TARGET
FROM TEST_PROFILES p
LEFT JOIN TEST_SESSIONS s ON s.SESSION_H = p.SESSION_H
LEFT JOIN PROCESSES r ON r.PROCESS_H = p.PROCESS_H
LEFT JOIN EXECUTION_CONTEXTS c ON c.ENV_H = r.ENV_H
LEFT JOIN CONTEXT_CLASSES k ON k.ENV_H = r.ENV_H
WHERE p.OUTCOME IN ('running', 'crashed');
