-- Version 1. One database holds every project. Texts that repeat stand once, and rows refer to them by number.
CREATE TABLE projects (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

-- Identifiers of sessions and contexts. Runs may name one that nobody has described.
CREATE TABLE labels (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    h TEXT NOT NULL,
    UNIQUE (project, h)
);

CREATE TABLE contexts (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    label INTEGER NOT NULL UNIQUE,
    cpu_count INTEGER NOT NULL,
    cpu_frequency REAL NOT NULL, -- MHz
    cpu_type TEXT NOT NULL,
    cpu_vendor TEXT,
    ram_total INTEGER NOT NULL, -- MiB
    machine_node TEXT NOT NULL,
    machine_type TEXT NOT NULL,
    machine_arch TEXT NOT NULL,
    system_info TEXT NOT NULL,
    python_info TEXT NOT NULL,
    class_h TEXT, -- NULL, as the four below, for contexts of pytest-monitor
    rustc TEXT,
    profile TEXT,
    opt_level TEXT,
    target TEXT
);
CREATE INDEX contexts_of_project ON contexts (project);

CREATE TABLE lockfiles (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, content TEXT NOT NULL);

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    label INTEGER NOT NULL UNIQUE,
    run_date TEXT NOT NULL,
    scm_ref TEXT,
    tags TEXT NOT NULL, -- JSON list of [name, value]
    pipeline TEXT, -- tag pipeline_branch
    build TEXT, -- tag pipeline_build_no
    branch TEXT,
    merge_base TEXT,
    pull_request TEXT,
    ci_url TEXT,
    received_at TEXT NOT NULL, -- UTC, by the server's clock
    ended_at TEXT,
    lockfile INTEGER
);
CREATE INDEX sessions_of_project ON sessions (project);

CREATE TABLE session_tags (
    session INTEGER NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT,
    PRIMARY KEY (session, position)
) WITHOUT ROWID;

CREATE TABLE tests (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE, -- of the project and all that follows
    project INTEGER NOT NULL,
    key INTEGER NOT NULL, -- hash of path and variant
    path TEXT NOT NULL,
    item TEXT NOT NULL,
    variant TEXT NOT NULL,
    fs_loc TEXT NOT NULL,
    kind TEXT NOT NULL,
    component TEXT NOT NULL,
    package TEXT NOT NULL,
    "binary" TEXT NOT NULL
);
CREATE INDEX tests_item ON tests (project, item);
CREATE INDEX tests_variant ON tests (project, variant);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    session INTEGER NOT NULL, -- label
    context INTEGER NOT NULL, -- label
    test INTEGER NOT NULL,
    key INTEGER NOT NULL, -- of the test
    start TEXT NOT NULL,
    nth INTEGER NOT NULL,
    total_time REAL, -- s; NULL for a test that did not end
    user_time REAL, -- s
    kernel_time REAL, -- s
    cpu_usage REAL,
    mem_usage REAL -- MiB
);
-- What makes sending a row twice harmless. It also serves the listing of a session.
CREATE UNIQUE INDEX runs_key ON runs (session, key, start, nth);
-- A test's history without a look at the table.
CREATE INDEX runs_history
    ON runs (key, test, session, context, start, total_time, user_time, kernel_time, cpu_usage, mem_usage);
-- Counts, and pages of a small project beside a large one.
CREATE INDEX runs_of_project ON runs (project) WHERE total_time IS NOT NULL;

-- The measures are columns too: each server adds those that it knows and the table lacks.
CREATE TABLE profiles (
    run INTEGER PRIMARY KEY,
    attempt INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    attribution TEXT,
    mem_source TEXT
);

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    hash BLOB NOT NULL,
    access TEXT NOT NULL, -- read, write, admin
    project TEXT, -- NULL: every project
    expires_at INTEGER -- seconds since 1970
);
