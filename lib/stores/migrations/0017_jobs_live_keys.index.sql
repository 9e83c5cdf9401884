-- One live job for each key; a job without one costs no entry.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS jobs_live_keys ON jobs (project_id, kind, unique_key)
    WHERE finished_at IS NULL AND unique_key IS NOT NULL;
