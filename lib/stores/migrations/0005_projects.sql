-- Deleted projects wait in the trash, hidden with all that is in them, until they are purged.

ALTER TABLE projects ADD COLUMN deleted_at timestamptz;
CREATE INDEX projects_deleted ON projects (deleted_at) WHERE deleted_at IS NOT NULL;

-- What has just happened in a project is read from here until MongoDB has it.
CREATE INDEX audit_outbox_project ON audit_outbox ((event ->> 'project_id'), id);
