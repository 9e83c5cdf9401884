-- Workspaces: an archive, and invitations into them.

ALTER TABLE workspaces ADD COLUMN archived_at timestamptz;
