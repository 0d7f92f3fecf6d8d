-- What is special about INSTRUCTIONS: the sum of 1 the test ended its process, 2 a signal did, 4 it forked, 8 it waited for programs
-- that it had started, 16 the whole process was counted.
ALTER TABLE RUNS ADD COLUMN COUNT_FLAGS integer;
