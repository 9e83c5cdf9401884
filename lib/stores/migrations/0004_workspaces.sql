-- Workspaces: an archive, and invitations into them.

ALTER TABLE workspaces ADD COLUMN archived_at timestamptz;

-- One for an address is sent there by mail and used once; one without is a link that may be passed
-- on. Neither's token is stored: it is made from the id. Whoever invited answers for it: it ends
-- when they are an owner no more.
CREATE TABLE invitations (
    id           uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    invited_by   uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    email        text,
    role         role NOT NULL,
    max_uses     integer NOT NULL,
    uses         integer NOT NULL DEFAULT 0,
    expires_in   integer NOT NULL,
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT invitations_email_lower CHECK (email = lower(email)),
    CONSTRAINT invitations_uses CHECK (uses BETWEEN 0 AND max_uses),
    CONSTRAINT invitations_email_once CHECK (email IS NULL OR max_uses = 1)
);
CREATE INDEX invitations_workspace ON invitations (workspace_id, id);
CREATE INDEX invitations_inviter ON invitations (invited_by);
CREATE INDEX invitations_end ON invitations (least(revoked_at, expires_at));
CREATE UNIQUE INDEX invitations_email_key ON invitations (workspace_id, email)
    WHERE uses = 0 AND revoked_at IS NULL;
