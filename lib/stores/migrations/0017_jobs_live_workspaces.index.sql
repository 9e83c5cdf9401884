-- What of a workspace waits or runs, to be counted when it submits another job.
CREATE INDEX CONCURRENTLY IF NOT EXISTS jobs_live_workspaces ON jobs (workspace_id)
    WHERE finished_at IS NULL AND workspace_id IS NOT NULL;
