ALTER TABLE RUNS ADD COLUMN INSTRUCTIONS integer;

-- What functions cost in a test whose instructions were counted; such a test has a process of its own.
CREATE TABLE COST_FUNCTIONS (
    ID integer primary key,
    NAME text not null, -- as the compiler names it, without generic parameters
    FILE text not null, -- empty if unknown
    PACKAGE text not null, -- with version; empty if unknown
    unique (NAME, FILE, PACKAGE)
);
CREATE TABLE COSTS (
    SESSION integer not null, -- in TEXTS
    PROCESS integer not null, -- in TEXTS
    FUNCTION integer not null, -- in COST_FUNCTIONS
    LINE integer not null, -- of its most expensive code in FILE; 0 if unknown
    SELF integer not null, -- instructions, those of core, alloc, std and libc called from there included
    INCLUSIVE integer not null, -- instructions, those of all that it called included
    CALLS integer not null,
    primary key (SESSION, PROCESS, FUNCTION)
) WITHOUT ROWID;
