-- The indexes that mentioned the state or the lease go, and pages keep room for the version of a row that
-- says that the job is taken. Until the release before this one is gone, it looks for due and stalled jobs
-- by reading all of them, and can't submit one with a unique key.
SET LOCAL statement_timeout = 0; -- it reads all jobs, and nobody waits for that
ALTER TABLE jobs VALIDATE CONSTRAINT jobs_ended;
DROP INDEX jobs_due, jobs_leases, jobs_unique, jobs_waiting;
ALTER TABLE jobs SET (fillfactor = 50);
