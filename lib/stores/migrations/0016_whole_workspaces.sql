-- What belongs to a workspace as a whole, and a list of their own for deliveries of webhooks.

-- A webhook outlives its workspace until it has been told of the end: with none, nobody sees it, and
-- it goes when nothing waits for it any more.
ALTER TABLE webhook_endpoints
    ALTER COLUMN workspace_id DROP NOT NULL,
    DROP CONSTRAINT webhook_endpoints_workspace_id_fkey,
    ADD CONSTRAINT webhook_endpoints_workspace_id_fkey
        FOREIGN KEY (workspace_id) REFERENCES workspaces ON DELETE SET NULL;

-- A schedule belongs to a project, or to a workspace as a whole, for its reports.
ALTER TABLE schedules
    ALTER COLUMN project_id DROP NOT NULL,
    ADD FOREIGN KEY (workspace_id) REFERENCES workspaces ON DELETE CASCADE;
CREATE INDEX schedules_workspace ON schedules (workspace_id, id);

ALTER TYPE job_priority ADD VALUE IF NOT EXISTS 'webhooks';
