-- A page of a workspace's projects, read off an index in its order: by age, or by name.

CREATE INDEX projects_by_age ON projects (workspace_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX projects_by_name ON projects (workspace_id, lower(name), id) WHERE deleted_at IS NULL;
