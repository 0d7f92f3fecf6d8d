-- Version 1. One database holds every project. Texts that repeat stand once, and rows refer to them by number.
CREATE TABLE projects (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL UNIQUE);

-- Identifiers of sessions and contexts. Runs may name one that nobody has described.
CREATE TABLE labels (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project BIGINT NOT NULL,
    h TEXT COLLATE "C" NOT NULL,
    UNIQUE (project, h)
);

CREATE TABLE contexts (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project BIGINT NOT NULL,
    label BIGINT NOT NULL UNIQUE,
    cpu_count BIGINT NOT NULL,
    cpu_frequency DOUBLE PRECISION NOT NULL, -- MHz
    cpu_type TEXT NOT NULL,
    cpu_vendor TEXT,
    ram_total BIGINT NOT NULL, -- MiB
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

CREATE TABLE lockfiles (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, hash BYTEA NOT NULL UNIQUE, content TEXT NOT NULL);

CREATE TABLE sessions (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project BIGINT NOT NULL,
    label BIGINT NOT NULL UNIQUE,
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
    lockfile BIGINT
);
CREATE INDEX sessions_of_project ON sessions (project);

CREATE TABLE session_tags (
    session BIGINT NOT NULL,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    value TEXT,
    PRIMARY KEY (session, position)
);

CREATE TABLE tests (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash BYTEA NOT NULL UNIQUE, -- of the project and all that follows
    project BIGINT NOT NULL,
    key BIGINT NOT NULL, -- hash of path and variant
    path TEXT NOT NULL,
    item TEXT NOT NULL,
    variant TEXT NOT NULL,
    fs_loc TEXT NOT NULL,
    kind TEXT NOT NULL,
    component TEXT NOT NULL,
    package TEXT NOT NULL,
    "binary" TEXT NOT NULL
);
CREATE INDEX tests_item ON tests USING hash (item);
CREATE INDEX tests_variant ON tests USING hash (variant);

CREATE TABLE runs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project BIGINT NOT NULL,
    session BIGINT NOT NULL, -- label
    context BIGINT NOT NULL, -- label
    test BIGINT NOT NULL,
    key BIGINT NOT NULL, -- of the test
    start TEXT COLLATE "C" NOT NULL,
    nth BIGINT NOT NULL,
    total_time DOUBLE PRECISION, -- s; NULL for a test that did not end
    user_time DOUBLE PRECISION, -- s
    kernel_time DOUBLE PRECISION, -- s
    cpu_usage DOUBLE PRECISION,
    mem_usage DOUBLE PRECISION -- MiB
);
-- What makes sending a row twice harmless. It also serves the listing of a session.
CREATE UNIQUE INDEX runs_key ON runs (session, key, start, nth);
-- A test's history without a look at the table.
CREATE INDEX runs_history ON runs (key, test)
    INCLUDE (session, context, start, total_time, user_time, kernel_time, cpu_usage, mem_usage);
-- Counts, and pages of a small project beside a large one.
CREATE INDEX runs_of_project ON runs (project) WHERE total_time IS NOT NULL;

-- The measures are columns too: each server adds those that it knows and the table lacks.
CREATE TABLE profiles (
    run BIGINT PRIMARY KEY,
    attempt BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    attribution TEXT,
    mem_source TEXT
);

CREATE TABLE tokens (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    hash BYTEA NOT NULL,
    access TEXT NOT NULL, -- read, write, admin
    project TEXT, -- NULL: every project
    expires_at BIGINT -- seconds since 1970
);

-- Groups of requests that were committed: a server that lost its connection in a commit looks here what became of it.
CREATE TABLE commits (id BYTEA PRIMARY KEY, at TIMESTAMPTZ NOT NULL DEFAULT now());
