-- Mails are jobs too. They belong to no project, and only the system itself submits them.

ALTER TABLE jobs
    ALTER COLUMN workspace_id DROP NOT NULL,
    ALTER COLUMN project_id DROP NOT NULL;
-- A job has both or neither. Not validated: older rows have both, and need not be read to know it.
ALTER TABLE jobs
    ADD CONSTRAINT jobs_place CHECK ((workspace_id IS NULL) = (project_id IS NULL)) NOT VALID;

ALTER TABLE job_kinds ADD COLUMN internal boolean NOT NULL DEFAULT false;
