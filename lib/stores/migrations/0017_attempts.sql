-- The attempt by which a job succeeded is its last one: it stays in the job's own row, as it was while it
-- was under way, and is no row here. `lease_token` is its id, and worth nothing once the job has ended.
CREATE VIEW ended_attempts AS
    SELECT job_id, id, attempt, worker, started_at, finished_at, outcome, error, digest
    FROM job_attempts
    UNION ALL
    SELECT id, lease_token, attempt, coalesce(worker, ''),
           coalesce(attempt_started_at, started_at, created_at), finished_at,
           'succeeded'::attempt_outcome, NULL, NULL
    FROM jobs WHERE state = 'succeeded' AND lease_token IS NOT NULL;
