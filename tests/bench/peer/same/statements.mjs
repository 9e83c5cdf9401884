/**
 * The statements of server.mjs, each with the promise that it keeps. They are named, so that a
 * connection prepares them once.
 */

const named = (name, text) => (...values) => ({ name, text, values });

export const register = named("register", `
  WITH person AS (
    INSERT INTO users (email, name, password_hash) VALUES ($1, $2, $3) RETURNING id
  ), workspace AS (INSERT INTO workspaces (id) SELECT id FROM person)
  INSERT INTO members (workspace_id, user_id, role) SELECT id, id, 'owner' FROM person
  RETURNING user_id AS id`);
export const userByEmail = named("user", "SELECT id, password_hash FROM users WHERE email = $1");
export const insertSession = named("log-in", `
  INSERT INTO sessions (user_id, expires_at) VALUES ($1, now() + interval '1 hour') RETURNING id`);

// For reads: the session is live.
export const session = named("session", `
  SELECT id FROM sessions
  WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > now()`);

// For writes: the session is live and the role is held, and both stay so until the commit, as does
// the workspace or project: whoever ends, takes away or deletes one of them waits for that.
export const inWorkspace = named("in workspace", `
  SELECT m.role, w.id FROM sessions s
  JOIN members m ON m.user_id = s.user_id
  JOIN workspaces w ON w.id = m.workspace_id
  WHERE s.id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > now() AND w.id = $3
  FOR SHARE OF s, m FOR KEY SHARE OF w`);
const inProject = (name, lock) => named(name, `
  SELECT m.role, p.id FROM sessions s
  JOIN members m ON m.user_id = s.user_id
  JOIN projects p ON p.workspace_id = m.workspace_id
  WHERE s.id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > now() AND p.id = $3
  FOR SHARE OF s, m FOR ${lock} OF p`);
export const writingIn = inProject("in project", "KEY SHARE");
export const deleting = inProject("to delete", "UPDATE");

// The row itself, with the log of its room.
export const insertProject = named("insert project", `
  WITH project AS (
    INSERT INTO projects (workspace_id, name, description) VALUES ($1, $2, $3) RETURNING *
  ), room AS (INSERT INTO rooms (project_id) SELECT id FROM project)
  SELECT * FROM project`);
export const updateProject = named("update project", `
  UPDATE projects SET name = coalesce($2, name), description = coalesce($3, description),
    updated_at = now()
  WHERE id = $1 RETURNING *`);
export const deleteProject = named("delete project", "DELETE FROM projects WHERE id = $1");
export const upsertMember = named("upsert member", `
  INSERT INTO members (workspace_id, user_id, role)
  SELECT p.workspace_id, u.id, $3 FROM projects p, users u WHERE p.id = $1 AND u.email = $2
  ON CONFLICT (workspace_id, user_id) DO UPDATE SET role = excluded.role
    WHERE members.role <> 'owner'
  RETURNING user_id, role`);
export const insertJob = named("insert job", `
  INSERT INTO jobs (project_id, created_by, type, payload) VALUES ($1, $2, $3, $4)
  RETURNING id, project_id, type, status, attempts, created_at`);

// The audit event: it is there if the change is.
export const insertEvent = named("insert event", `
  INSERT INTO audit_outbox (project_id, event) VALUES ($1, $2)`);

// The message to the room: numbered in the order of the commits, as the counter stays locked.
export const tellRoom = named("tell room", `
  WITH counted AS (UPDATE rooms SET seq = seq + 1 WHERE project_id = $1 RETURNING seq)
  INSERT INTO room_messages (project_id, seq, message) SELECT $1, seq, $2 FROM counted`);

export const projectOf = named("project", `
  SELECT p.*, m.role FROM projects p JOIN members m ON m.workspace_id = p.workspace_id
  WHERE p.id = $1 AND m.user_id = $2`);
export const projectsOf = named("projects", `
  SELECT p.*, m.role FROM members m JOIN projects p ON p.workspace_id = m.workspace_id
  WHERE m.user_id = $1 ORDER BY p.id LIMIT $2`);
export const jobOf = named("job", `
  SELECT j.* FROM jobs j JOIN projects p ON p.id = j.project_id
  JOIN members m ON m.workspace_id = p.workspace_id WHERE j.id = $1 AND m.user_id = $2`);
export const endSession = named("log-out", "UPDATE sessions SET revoked_at = now() WHERE id = $1");
