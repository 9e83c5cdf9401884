-- Word of jobs is written by the statement that changes them: what comes of a thousand changes goes
-- neither to a worker and back, nor twice through a parser.

-- Nobody searches in events, but for those of a project. As text they take Postgres half as long to
-- make, and what moves them on needs them as text.
DROP INDEX audit_outbox_project;
ALTER TABLE audit_outbox ALTER COLUMN event TYPE json;
ALTER TABLE audit_outbox ADD COLUMN project_id uuid;
UPDATE audit_outbox SET project_id = (event ->> 'project_id')::uuid;
CREATE INDEX audit_outbox_project ON audit_outbox (project_id, id) WHERE project_id IS NOT NULL;

-- In place of a foreign key, which would look the job up again for every attempt: who writes one down
-- has locked the job, so that it can't go before the commit.
ALTER TABLE job_attempts DROP CONSTRAINT job_attempts_job_id_fkey;
CREATE FUNCTION delete_job_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM job_attempts USING gone WHERE job_attempts.job_id = gone.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER jobs_attempts AFTER DELETE ON jobs REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION delete_job_attempts();

-- Of a job that was changed: what log, webhooks and room have to know.
CREATE TYPE told_job AS (
    id                  uuid,
    workspace_id        uuid,
    project_id          uuid,
    kind                text,
    state               job_state,
    attempt             integer,
    max_attempts        integer,
    progress            smallint,
    progress_message    text,
    error               text,
    request_id          text,
    created_by          uuid,
    cancel_requested_at timestamptz
);

-- Writes into log, webhooks and rooms what became of jobs, in the name of who submitted them. The
-- action is their state, but of those that go on it is `named`; `by_worker` is part of its details;
-- ids are `id_stem` and a number. Returns what the rooms are to be sent, with its place in their logs,
-- but not of a job whose project is gone. All has the form that lib.audit.events, lib.jobs.telling and
-- lib.bridge give to what they write. Rooms are locked last, in the order of projects, as everywhere.
CREATE FUNCTION tell_jobs(jobs told_job[], named text, by_worker text, id_stem text)
RETURNS TABLE (job_id uuid, message text) LANGUAGE plpgsql AS $$
DECLARE
    at_text text := to_char(clock_timestamp() AT TIME ZONE 'UTC',
                            'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"');
    hooked  uuid[];
    heard   jsonb;
BEGIN
    IF cardinality(jobs) = 0 THEN
        RETURN;
    END IF;
    SELECT array_agg(asked.id) INTO hooked
    FROM (SELECT DISTINCT workspace_id AS id FROM unnest(jobs)) asked
    WHERE EXISTS (SELECT FROM webhook_endpoints WHERE workspace_id = asked.id AND enabled);

    WITH kept AS (
        INSERT INTO audit_outbox (id, collection, project_id, event)
        SELECT (id_stem || lpad(to_hex(place), 4, '0'))::uuid, 'job_events', project_id, (
            '{"at":"' || at_text || '","day":"' || left(at_text, 10)
            || '","action":"' || CASE WHEN state IN ('queued', 'running', 'retrying')
                AND named IS NOT NULL THEN named ELSE 'job.' || state END
            || '","actor_id":' || coalesce('"' || person.id || '"', 'null')
            || ',"actor_name":' || coalesce(to_json(person.name)::text, 'null')
            || ',"actor_email":' || coalesce(to_json(person.email)::text, 'null')
            || ',"workspace_id":' || coalesce('"' || workspace_id || '"', 'null')
            || ',"project_id":' || coalesce('"' || project_id || '"', 'null')
            || ',"target_type":"job","target_id":"' || job.id
            || '","request_id":' || to_json(request_id)::text
            || ',"address":"","user_agent":"","token_id":null'
            || ',"details":{"kind":' || to_json(kind)::text || ',"attempt":' || attempt
            || coalesce(',"worker":' || to_json(by_worker)::text, '')
            || CASE WHEN error <> '' THEN ',"error":' || to_json(error)::text ELSE '' END || '}}'
        )::json
        FROM unnest(jobs) WITH ORDINALITY AS job (
            id, workspace_id, project_id, kind, state, attempt, max_attempts, progress,
            progress_message, error, request_id, created_by, cancel_requested_at, place
        )
        LEFT JOIN users person ON person.id = created_by
        RETURNING id, event
    )
    SELECT jsonb_agg(jsonb_build_object('id', id, 'event', event)) INTO heard
    FROM kept WHERE hooked IS NOT NULL;
    IF heard IS NOT NULL THEN
        PERFORM tell_webhooks(heard);
    END IF;

    -- Who finds rooms locked waits for them one by one, and reads each once more. Of those who lock
    -- many, the next one therefore waits here, and sees them all as they are then.
    IF cardinality(jobs) >= 50 THEN
        PERFORM pg_advisory_xact_lock(x'74656c6c'::bigint);
    END IF;
    RETURN QUERY
    WITH held AS MATERIALIZED (
        SELECT project_id, epoch, seq FROM room_logs
        WHERE project_id = ANY (ARRAY(SELECT told.project_id FROM unnest(jobs) told))
        ORDER BY project_id FOR NO KEY UPDATE
    ), numbered AS MATERIALIZED (
        SELECT job.id, project_id, held.epoch,
            held.seq + row_number() OVER (PARTITION BY project_id ORDER BY place) AS seq,
            '"v":1,"type":"job-updated","id":"' || id_stem || lpad(to_hex(place), 4, '0')
            || '","at":"' || at_text
            || CASE WHEN request_id <> '' THEN '","request_id":' || to_json(request_id)::text
                    ELSE '"' END
            || ',"data":{"job_id":"' || job.id || '","project_id":"' || project_id
            || '","kind":' || to_json(kind)::text || ',"state":"' || state
            || '","attempt":' || attempt || ',"max_attempts":' || max_attempts
            || ',"progress":' || progress
            || ',"progress_message":' || to_json(progress_message)::text
            || ',"error":' || coalesce(to_json(error)::text, 'null')
            || ',"cancel_requested_at":' || coalesce(
                '"' || to_char(cancel_requested_at AT TIME ZONE 'UTC',
                               'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') || '"', 'null')
            || '}}' AS said
        FROM unnest(jobs) WITH ORDINALITY AS job (
            id, workspace_id, project_id, kind, state, attempt, max_attempts, progress,
            progress_message, error, request_id, created_by, cancel_requested_at, place
        )
        JOIN held USING (project_id)
    ), counted AS (
        UPDATE room_logs SET seq = newest.seq
        FROM (SELECT project_id, max(seq) AS seq FROM numbered GROUP BY project_id) newest
        WHERE room_logs.project_id = newest.project_id
    ), kept AS (
        INSERT INTO room_events (project_id, seq, message)
        SELECT project_id, seq, '{' || said FROM numbered
    )
    SELECT id, '{"origin":"","epoch":"' || epoch || '","seq":' || seq || ',' || said FROM numbered;
END
$$;
