-- Version 7.
-- What each function cost in a run whose instructions were counted.
CREATE TABLE costs (
    run INTEGER PRIMARY KEY,
    functions BLOB NOT NULL -- zlib of a JSON list
);
