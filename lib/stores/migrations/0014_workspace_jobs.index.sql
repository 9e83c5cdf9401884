CREATE INDEX CONCURRENTLY IF NOT EXISTS jobs_workspace ON jobs (workspace_id, id)
    WHERE project_id IS NULL AND workspace_id IS NOT NULL;
