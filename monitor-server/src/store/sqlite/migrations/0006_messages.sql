-- Version 6.
-- What other programs are to be told. A message whose time is NULL is done, and stays for its name: it is not told twice.
CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due INTEGER -- seconds since 1970
);
CREATE INDEX messages_due ON messages (due) WHERE due IS NOT NULL;
