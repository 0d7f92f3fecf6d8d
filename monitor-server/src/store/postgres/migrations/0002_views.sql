-- Version 2.
-- A view for people and dashboards: a row for each run, under readable names.
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
LEFT JOIN profiles f ON f.run = r.id;
