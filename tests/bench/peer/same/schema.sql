-- The tables of server.mjs. Whoever registers owns a workspace of their own, which has their id;
-- roles are held on workspaces. `jobs` has the columns that the harness's worker writes.

CREATE TYPE role AS ENUM ('viewer', 'collaborator', 'owner');

CREATE TABLE users (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email         text NOT NULL UNIQUE,
    name          text NOT NULL,
    password_hash text NOT NULL
);

CREATE TABLE sessions (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE workspaces (
    id uuid PRIMARY KEY
);

CREATE TABLE members (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role         role NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX members_user ON members (user_id);

CREATE TABLE projects (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    name         text NOT NULL,
    description  text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX projects_workspace ON projects (workspace_id, id);

CREATE TABLE jobs (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id  uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    created_by  uuid NOT NULL REFERENCES users,
    type        text NOT NULL,
    payload     jsonb NOT NULL,
    status      text NOT NULL DEFAULT 'queued',
    attempts    integer NOT NULL DEFAULT 0,
    result      jsonb,
    error       text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    finished_at timestamptz
);
CREATE INDEX jobs_project ON jobs (project_id, created_at);

-- What is on its way to the audit log.
CREATE TABLE audit_outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id uuid,
    event      json NOT NULL
);

-- The log of each project's room, and how far it has come.
CREATE TABLE rooms (
    project_id uuid PRIMARY KEY REFERENCES projects ON DELETE CASCADE,
    seq        bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE room_messages (
    project_id uuid NOT NULL,
    seq        bigint NOT NULL,
    message    json NOT NULL,
    PRIMARY KEY (project_id, seq)
);
