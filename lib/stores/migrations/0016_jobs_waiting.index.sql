-- What of a workspace waits, to be counted when it submits another job. The release before this one
-- still reads crowded_workspaces, in its place: a later one may drop it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS jobs_waiting ON jobs (workspace_id)
    WHERE state IN ('queued', 'retrying') AND workspace_id IS NOT NULL;
