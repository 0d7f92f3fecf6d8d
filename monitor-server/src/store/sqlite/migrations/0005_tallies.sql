-- Version 5.
-- How many runs a session has, by what lists are asked for: they need not be counted. Whoever adds a run changes its row, so
-- that it also tells whether a session is as it was.
CREATE TABLE tallies (
    project INTEGER NOT NULL,
    session INTEGER NOT NULL, -- label
    context INTEGER NOT NULL, -- label
    kind TEXT NOT NULL,
    component TEXT NOT NULL,
    runs INTEGER NOT NULL,
    finished INTEGER NOT NULL, -- those that ended
    PRIMARY KEY (project, session, context, kind, component)
) WITHOUT ROWID;
INSERT INTO tallies
SELECT r.project, r.session, r.context, t.kind, t.component, count(*), count(r.total_time)
FROM runs r JOIN tests t ON t.id = r.test GROUP BY 1, 2, 3, 4, 5;

-- The index of a project's runs has all that a page of them needs.
ALTER TABLE runs ADD COLUMN finished INTEGER NOT NULL DEFAULT 1; -- 0 where total_time is NULL
UPDATE runs SET finished = 0 WHERE total_time IS NULL;
DROP INDEX runs_of_project;
CREATE INDEX runs_of_project ON runs (project, finished);

-- What was said of a session when it was over, in a word or two.
ALTER TABLE sessions ADD COLUMN verdict TEXT;

-- What did not pass is looked for among much that did.
CREATE INDEX profiles_not_passed ON profiles (run) WHERE outcome <> 'passed';
