-- Each attempt at a job, written down with the statement that ends it. The attempt under way is in
-- the job's own row, so that a job which runs once costs one row here, and no update of it.

ALTER TABLE jobs
    ADD COLUMN attempt_started_at timestamptz,
    ADD COLUMN cancel_requested_at timestamptz; -- of a running job: its worker is to stop it

CREATE TYPE attempt_outcome AS ENUM ('succeeded', 'failed', 'timed-out', 'cancelled', 'lost');

-- `id` is the token of the attempt's lease: worth nothing once it has ended, and never twice.
CREATE TABLE job_attempts (
    job_id      uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    id          uuid NOT NULL,
    attempt     integer NOT NULL,
    worker      text NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    outcome     attempt_outcome NOT NULL,
    error       text,
    digest      text,
    PRIMARY KEY (job_id, id)
);
