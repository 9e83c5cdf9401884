-- What waits or runs, in the order in which it is due. Neither this index nor the next two are touched
-- when a job is taken: Postgres then writes a new version of its row and nothing else.
CREATE INDEX CONCURRENTLY IF NOT EXISTS jobs_live ON jobs (run_at, id) WHERE finished_at IS NULL;
