-- Version 4.
-- How many runs a session has, by what lists are asked for: they need not be counted. Whoever adds a run changes its row, so
-- that it also tells whether a session is as it was.
CREATE TABLE tallies (
    project BIGINT NOT NULL,
    session BIGINT NOT NULL, -- label
    context BIGINT NOT NULL, -- label
    kind TEXT NOT NULL,
    component TEXT NOT NULL,
    runs BIGINT NOT NULL,
    finished BIGINT NOT NULL, -- those that ended
    PRIMARY KEY (project, session, context, kind, component)
) WITH (fillfactor = 50);
INSERT INTO tallies
SELECT r.project, r.session, r.context, t.kind, t.component, count(*), count(r.total_time)
FROM runs r JOIN tests t ON t.id = r.test GROUP BY 1, 2, 3, 4, 5;

-- What was said of a session when it was over, in a word or two.
ALTER TABLE sessions ADD COLUMN verdict TEXT;

-- What did not pass is looked for among much that did.
CREATE INDEX profiles_not_passed ON profiles (run) WHERE outcome <> 'passed';
