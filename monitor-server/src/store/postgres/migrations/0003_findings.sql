-- Version 3.
-- Verdicts that are kept until they are muted, accepted or fixed.
CREATE TABLE findings (
    project BIGINT NOT NULL,
    id TEXT NOT NULL, -- hash of what names it and of the session in which it was found
    package TEXT NOT NULL,
    "binary" TEXT NOT NULL,
    path TEXT NOT NULL,
    variant TEXT NOT NULL,
    metric TEXT NOT NULL,
    branch TEXT NOT NULL, -- empty if the session named none
    before_value DOUBLE PRECISION NOT NULL, -- in the metric's unit
    after_value DOUBLE PRECISION NOT NULL,
    found_in TEXT NOT NULL, -- session
    found_at TEXT NOT NULL, -- UTC, by the server's clock
    state TEXT NOT NULL, -- open, muted, accepted, fixed
    until TEXT, -- last day on which it is muted
    fixed_in TEXT, -- session
    PRIMARY KEY (project, id)
);
