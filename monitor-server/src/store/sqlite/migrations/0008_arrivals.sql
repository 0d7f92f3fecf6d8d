-- Version 8.
-- Metrics that came one by one, as they came: a page to write for each, where a run has a page in its table, in each index and in
-- the tallies. They become runs, many at once, before anything else is read or written.
CREATE TABLE arrivals (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    session_h TEXT NOT NULL,
    context_h TEXT NOT NULL,
    start TEXT NOT NULL,
    path TEXT NOT NULL,
    item TEXT NOT NULL,
    variant TEXT NOT NULL,
    fs_loc TEXT NOT NULL,
    kind TEXT NOT NULL,
    component TEXT NOT NULL,
    total_time REAL NOT NULL,
    user_time REAL,
    kernel_time REAL,
    cpu_usage REAL,
    mem_usage REAL
);
DROP VIEW test_runs;
CREATE VIEW test_runs AS
SELECT
    p.name AS project, l.h AS session, s.run_date, s.received_at, s.scm_ref AS revision, s.branch, s.pipeline, s.build,
    c.cpu_vendor AS processor, c.class_h AS machine_class, c.machine_node AS host,
    t.package, t.component, t.path, t.item, t.variant, t.kind, r.start, f.outcome,
    r.total_time AS wall_seconds, r.user_time AS user_seconds, r.kernel_time AS kernel_seconds, r.cpu_usage,
    r.mem_usage AS memory_mib
FROM runs r
JOIN projects p ON p.id = r.project
JOIN tests t ON t.id = r.test
JOIN labels l ON l.id = r.session
LEFT JOIN sessions s ON s.label = r.session
LEFT JOIN contexts c ON c.label = r.context
LEFT JOIN profiles f ON f.run = r.id
UNION ALL
SELECT
    a.project, a.session_h, s.run_date, s.received_at, s.scm_ref, s.branch, s.pipeline, s.build,
    c.cpu_vendor, c.class_h, c.machine_node,
    '', a.component, a.path, a.item, a.variant, a.kind, a.start, NULL,
    a.total_time, a.user_time, a.kernel_time, a.cpu_usage, a.mem_usage
FROM arrivals a
LEFT JOIN projects p ON p.name = a.project
LEFT JOIN labels l ON l.project = p.id AND l.h = a.session_h
LEFT JOIN sessions s ON s.label = l.id
LEFT JOIN labels k ON k.project = p.id AND k.h = a.context_h
LEFT JOIN contexts c ON c.label = k.id;
