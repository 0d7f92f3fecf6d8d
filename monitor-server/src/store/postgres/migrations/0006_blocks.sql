-- Version 6. An index of all runs by test had a page to write for each row that came. Now a session's rows lie together, and
-- a test's history is looked up session by session in those blocks of 64 labels that have the test.
DROP INDEX runs_history;
CREATE TABLE test_blocks (
    key BIGINT NOT NULL, -- of the test
    block BIGINT NOT NULL, -- number of the session's label / 64
    PRIMARY KEY (key, block)
);
INSERT INTO test_blocks SELECT DISTINCT key, session / 64 FROM runs;

-- One index finds a run by its number, a project's runs in the order in which they came, and which of them ended.
ALTER TABLE runs DROP CONSTRAINT runs_pkey;
DROP INDEX runs_of_project;
ALTER TABLE runs ADD PRIMARY KEY (project, id) INCLUDE (total_time);

-- How often names were deleted: servers remember their numbers as long as that stays the same.
CREATE TABLE sweeps (number BIGINT NOT NULL);
INSERT INTO sweeps VALUES (0);
