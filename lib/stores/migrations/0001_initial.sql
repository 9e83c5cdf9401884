-- The tables that everything stands on. Ids are UUIDv7, made by the application: they sort by time,
-- so lists page by id alone. Roles are an ordered enum: greatest(a, b) is the role that counts.

CREATE TYPE role AS ENUM ('viewer', 'collaborator', 'owner');

-- Accounts --------------------------------------------------------------------------------------

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    email         text NOT NULL,
    name          text NOT NULL,
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_email_lower CHECK (email = lower(email)),
    CONSTRAINT users_email_key UNIQUE (email)
);

CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    user_agent   text NOT NULL,
    address      text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    revoked_for  text
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- One family per session: each token is used once and names no successor, because the successor
-- is derived from it. Only digests are stored.
CREATE TABLE refresh_tokens (
    digest     bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at    timestamptz
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

-- Workspaces and projects -----------------------------------------------------------------------

CREATE TABLE workspaces (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE workspace_members (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role         role NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX workspace_members_user ON workspace_members (user_id, workspace_id);

CREATE TABLE projects (
    id           uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    name         text NOT NULL,
    description  text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX projects_workspace ON projects (workspace_id, id);

CREATE TABLE project_members (
    project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role       role NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, user_id)
);
CREATE INDEX project_members_user ON project_members (user_id, project_id);

-- Files -----------------------------------------------------------------------------------------

-- `content` and `seq` are the current state: what a plain read needs. `snapshot` is the document
-- as it was at `snapshot_seq`; the updates after it are the rows below.
CREATE TABLE files (
    id           uuid PRIMARY KEY,
    project_id   uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    path         text NOT NULL,
    content      text NOT NULL,
    seq          bigint NOT NULL DEFAULT 0,
    snapshot     bytea NOT NULL,
    snapshot_seq bigint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    updated_by   uuid REFERENCES users ON DELETE SET NULL,
    CONSTRAINT files_path_key UNIQUE (project_id, path)
);
CREATE INDEX files_unfolded ON files ((seq - snapshot_seq));

-- Yjs updates since the snapshot, in the order in which they were saved.
CREATE TABLE file_updates (
    file_id    uuid NOT NULL REFERENCES files ON DELETE CASCADE,
    seq        bigint NOT NULL,
    data       bytea NOT NULL,
    author_id  uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (file_id, seq)
);

-- Jobs ------------------------------------------------------------------------------------------

CREATE TYPE job_state AS ENUM ('queued', 'running', 'retrying', 'succeeded', 'failed', 'cancelled');

-- What the running workers can do, written by them at their start: the two sides are deployed
-- apart, and a function must not accept what no worker knows.
CREATE TABLE job_kinds (
    kind           text PRIMARY KEY,
    title          text NOT NULL,
    payload_schema jsonb NOT NULL,
    max_attempts   integer NOT NULL,
    announced_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE jobs (
    id               uuid PRIMARY KEY,
    workspace_id     uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    project_id       uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    kind             text NOT NULL,
    payload          jsonb NOT NULL,
    state            job_state NOT NULL DEFAULT 'queued',
    attempt          integer NOT NULL DEFAULT 0,
    max_attempts     integer NOT NULL,
    run_at           timestamptz NOT NULL DEFAULT now(),
    queued_at        timestamptz NOT NULL DEFAULT now(),
    lease_token      uuid,
    lease_until      timestamptz,
    worker           text,
    progress         smallint NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    progress_message text NOT NULL DEFAULT '',
    result           jsonb,
    error            text,
    request_id       text NOT NULL,
    created_by       uuid REFERENCES users ON DELETE SET NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    finished_at      timestamptz
);
CREATE INDEX jobs_project ON jobs (project_id, id);
CREATE INDEX jobs_due ON jobs (run_at) WHERE state IN ('queued', 'retrying');
CREATE INDEX jobs_leases ON jobs (lease_until) WHERE state = 'running';

CREATE TABLE job_artifacts (
    job_id     uuid PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    filename   text NOT NULL,
    media_type text NOT NULL,
    content    bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Audit -----------------------------------------------------------------------------------------

-- Events wait here, written in the transaction of the change itself, until MongoDB has them.
CREATE TABLE audit_outbox (
    id         uuid PRIMARY KEY,
    collection text NOT NULL,
    event      jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Defaults that hold behind a pooler too, where a session's own settings would not ---------------

DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET statement_timeout = ''5s''', current_database());
    EXECUTE format('ALTER DATABASE %I SET lock_timeout = ''2s''', current_database());
    EXECUTE format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = ''10s''', current_database());
END
$$;
