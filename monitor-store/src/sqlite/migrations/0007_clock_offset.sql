-- The system's clock less the clock since boot, microseconds, by which the starts of the process's tests are told: that of the
-- first process of the same run, whatever is done to the system's clock meanwhile.
ALTER TABLE PROCESSES ADD COLUMN CLOCK_OFFSET_US integer;
