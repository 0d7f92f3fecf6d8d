-- One index serves a session's tests, a test's history (one seek per session) and the counts.
CREATE INDEX TEST_METRICS_TEST ON TEST_METRICS (SESSION_H, ITEM_PATH, ITEM_VARIANT, ITEM_START_TIME);
