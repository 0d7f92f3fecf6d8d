-- The three tables of pytest-monitor 1.6, column for column: its clients break on one more.
CREATE TABLE IF NOT EXISTS TEST_SESSIONS (
    SESSION_H varchar(64) primary key not null unique, -- Session identifier
    RUN_DATE varchar(64), -- Date of test run
    SCM_ID varchar(128), -- SCM change id
    RUN_DESCRIPTION json
);
CREATE TABLE IF NOT EXISTS EXECUTION_CONTEXTS (
    ENV_H varchar(64) primary key not null unique,
    CPU_COUNT integer,
    CPU_FREQUENCY_MHZ integer,
    CPU_TYPE varchar(64),
    CPU_VENDOR varchar(256),
    RAM_TOTAL_MB integer,
    MACHINE_NODE varchar(512),
    MACHINE_TYPE varchar(32),
    MACHINE_ARCH varchar(16),
    SYSTEM_INFO varchar(256),
    PYTHON_INFO varchar(512)
);
CREATE TABLE IF NOT EXISTS TEST_METRICS (
    SESSION_H varchar(64), -- Session identifier
    ENV_H varchar(64), -- Execution context identifier
    ITEM_START_TIME varchar(64), -- Start of the test
    ITEM_PATH varchar(4096), -- Module path of the item
    ITEM varchar(2048), -- Name of the item
    ITEM_VARIANT varchar(2048), -- The item with its parameters
    ITEM_FS_LOC varchar(2048), -- File of the item
    KIND varchar(64), -- function, module or session
    COMPONENT varchar(512) NULL, -- Tested component
    TOTAL_TIME float, -- Wall time, seconds
    USER_TIME float, -- CPU time in user space, seconds
    KERNEL_TIME float, -- CPU time in the kernel, seconds
    CPU_USAGE float, -- (user + kernel) / total
    MEM_USAGE float, -- Memory, MiB
    FOREIGN KEY (ENV_H) REFERENCES EXECUTION_CONTEXTS(ENV_H),
    FOREIGN KEY (SESSION_H) REFERENCES TEST_SESSIONS(SESSION_H)
);
