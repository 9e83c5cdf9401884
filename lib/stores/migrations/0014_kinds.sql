-- What three kinds of jobs need: uploads to import from, jobs of whole workspaces, and schedules.

-- Zips on their way into a project, in parts that fit into one request each. They are compressed.
CREATE TABLE uploads (
    id         uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    created_by uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX uploads_project ON uploads (project_id, id);
CREATE INDEX uploads_expires ON uploads (expires_at);

CREATE TABLE upload_parts (
    upload_id uuid NOT NULL REFERENCES uploads ON DELETE CASCADE,
    number    integer NOT NULL,
    sha256    text NOT NULL,
    content   bytea NOT NULL,
    PRIMARY KEY (upload_id, number)
);
ALTER TABLE upload_parts ALTER COLUMN content SET STORAGE EXTERNAL;

-- How far an import has come: written with the files themselves, so that an attempt that follows one
-- which died goes on where that one was. It goes with the upload, without which there is no import.
CREATE TABLE imports (
    job_id    uuid PRIMARY KEY,
    upload_id uuid NOT NULL REFERENCES uploads ON DELETE CASCADE,
    done      integer NOT NULL,
    outcome   jsonb NOT NULL
);
CREATE INDEX imports_upload ON imports (upload_id);

-- A job belongs to a project, to a workspace as a whole, or to neither. Not validated: older rows
-- satisfy what was demanded until now, which is more.
ALTER TABLE jobs DROP CONSTRAINT jobs_place;
ALTER TABLE jobs
    ADD CONSTRAINT jobs_place CHECK (project_id IS NULL OR workspace_id IS NOT NULL) NOT VALID;

-- Which schedule submitted a job. It may be gone since, and nobody looks for its jobs by it.
ALTER TABLE jobs ADD COLUMN schedule_id uuid;

-- `updated_by` has no foreign key: when that account is gone, the schedule ends by itself, at its next
-- time. Neither has `last_job_id`: it is shown while the job is there.
CREATE TABLE schedules (
    id           uuid PRIMARY KEY,
    project_id   uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    workspace_id uuid NOT NULL,
    name         text NOT NULL,
    kind         text NOT NULL,
    payload      jsonb NOT NULL,
    cron         text NOT NULL,
    timezone     text NOT NULL,
    enabled      boolean NOT NULL,
    stopped_for  text,
    next_run_at  timestamptz NOT NULL,
    last_job_id  uuid,
    updated_by   uuid NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX schedules_project ON schedules (project_id, id);
CREATE INDEX schedules_due ON schedules (next_run_at) WHERE enabled;
