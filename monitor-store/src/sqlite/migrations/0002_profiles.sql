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
    SESSION_H text not null,
    PROCESS_H text not null,
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
    STATE text not null, -- running, ended (module rows due), summarised (session row due), settled
    PRIMARY KEY (SESSION_H, PROCESS_H)
) WITHOUT ROWID;

CREATE INDEX PROCESSES_DUE ON PROCESSES (STATE) WHERE STATE <> 'settled';

-- Everything joined under readable names. A test that has not ended, or never did, has no metric row;
-- a row of pytest-monitor has no profile row. Every process reads this text when it opens the file, so it is short.
CREATE VIEW TESTS AS
SELECT
    SESSION_H session,
    RUN_DATE session_date,
    SCM_ID revision,
    RUN_DESCRIPTION description,
    PACKAGE package,
    BINARY "binary",
    COMPONENT component,
    ITEM_PATH path,
    ITEM item,
    ITEM_VARIANT variant,
    ITEM_FS_LOC file,
    KIND kind,
    ITEM_START_TIME start_time,
    ATTEMPT attempt,
    OUTCOME outcome,
    TOTAL_TIME wall_seconds,
    USER_TIME user_seconds,
    KERNEL_TIME kernel_seconds,
    CPU_USAGE cpu_usage,
    MEM_USAGE memory_mib,
    MEM_SOURCE memory_source,
    ATTRIBUTION attribution,
    HEAP_PEAK heap_peak_bytes,
    HEAP_ALLOCATED heap_allocated_bytes,
    ALLOCATIONS allocations,
    HEAP_RETAINED heap_retained_bytes,
    RSS_PEAK rss_peak_bytes,
    MINOR_FAULTS minor_faults,
    MAJOR_FAULTS major_faults,
    VOLUNTARY_SWITCHES voluntary_switches,
    INVOLUNTARY_SWITCHES involuntary_switches,
    READ_BYTES read_bytes,
    WRITE_BYTES write_bytes,
    CHILD_USER_TIME child_user_seconds,
    CHILD_KERNEL_TIME child_kernel_seconds,
    THREADS threads,
    CONCURRENCY concurrency,
    ENV_H context,
    CPU_VENDOR cpu,
    CPU_COUNT cpu_count,
    MACHINE_NODE host,
    PYTHON_INFO toolchain,
    CLASS_H machine_class,
    RUSTC rustc,
    PROFILE profile,
    OPT_LEVEL opt_level,
    TARGET target
FROM (
    SELECT * FROM TEST_METRICS
    UNION ALL
    SELECT
        u.SESSION_H, ENV_H, ITEM_START_TIME, ITEM_PATH,
        substr(ITEM_VARIANT, 1, instr(ITEM_VARIANT || '[', '[') - 1), ITEM_VARIANT, NULL, 'function', PACKAGE,
        NULL, NULL, NULL, NULL, NULL
    FROM TEST_PROFILES u
    LEFT JOIN PROCESSES USING (SESSION_H, PROCESS_H)
    WHERE OUTCOME IN ('running', 'crashed')
)
LEFT JOIN TEST_PROFILES USING (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME)
LEFT JOIN TEST_SESSIONS USING (SESSION_H)
LEFT JOIN EXECUTION_CONTEXTS USING (ENV_H)
LEFT JOIN CONTEXT_CLASSES USING (ENV_H);
