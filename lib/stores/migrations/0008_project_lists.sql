-- A page of a workspace's projects, read off an index in the order of their age.

CREATE INDEX projects_by_age ON projects (workspace_id, created_at, id) WHERE deleted_at IS NULL;
