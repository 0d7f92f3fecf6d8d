-- Version 7.
-- What each function cost in a run whose instructions were counted.
CREATE TABLE costs (
    run BIGINT PRIMARY KEY,
    functions BYTEA NOT NULL -- zlib of a JSON list
);
-- It is compressed already.
ALTER TABLE costs ALTER COLUMN functions SET STORAGE EXTERNAL;

-- Numbers of runs are taken by the thousand: asked for one by one they cost as much as an index.
ALTER SEQUENCE runs_id_seq INCREMENT BY 1000;
