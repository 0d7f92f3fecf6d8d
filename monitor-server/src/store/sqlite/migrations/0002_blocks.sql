-- Version 2. An index of all runs by test had a page to write for each row that came. Now a session's rows lie together, and
-- a test's history is looked up session by session in those blocks of 64 labels that have the test.
DROP INDEX runs_history;
CREATE TABLE test_blocks (
    key INTEGER NOT NULL, -- of the test
    block INTEGER NOT NULL, -- number of the session's label / 64
    PRIMARY KEY (key, block)
) WITHOUT ROWID;
INSERT INTO test_blocks SELECT DISTINCT key, session / 64 FROM runs;
