-- One live job for each key; a job without one costs no entry.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS jobs_unique ON jobs (project_id, kind, unique_key)
    WHERE unique_key IS NOT NULL AND state IN ('queued', 'running', 'retrying');
