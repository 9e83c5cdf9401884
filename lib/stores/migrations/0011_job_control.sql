-- What people and programs can do with jobs.

CREATE TYPE job_priority AS ENUM ('high', 'normal', 'low');

ALTER TABLE jobs
    ADD COLUMN IF NOT EXISTS cancel_requested_at timestamptz,
    ADD COLUMN priority job_priority NOT NULL DEFAULT 'normal',
    ADD COLUMN unique_key text;

-- Workspaces with as many waiting jobs as they may have, as the sweep has counted them: counting, or
-- an index to count by, would make each submission dearer.
CREATE TABLE crowded_workspaces (
    workspace_id uuid PRIMARY KEY
);

-- Kinds whose jobs wait, project by project.
CREATE TABLE paused_kinds (
    project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    kind       text NOT NULL,
    paused_at  timestamptz NOT NULL DEFAULT now(),
    paused_by  uuid REFERENCES users ON DELETE SET NULL,
    PRIMARY KEY (project_id, kind)
);
CREATE INDEX paused_kinds_paused_by ON paused_kinds (paused_by);

-- What handlers say while they work.
CREATE TABLE job_logs (
    id      uuid PRIMARY KEY,
    job_id  uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    attempt integer NOT NULL,
    at      timestamptz NOT NULL,
    message text NOT NULL
);
CREATE INDEX job_logs_job ON job_logs (job_id, id);

-- Kept as they are: a part is read without the rest, and a zip does not get smaller anyway.
ALTER TABLE job_artifacts ALTER COLUMN content SET STORAGE EXTERNAL;
