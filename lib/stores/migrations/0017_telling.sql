-- Word of jobs, in the form in which it was, for less of Postgres's time: what many events have in common,
-- and each person, is written once. An id's number begins at 4096, which has four digits by itself.
CREATE OR REPLACE FUNCTION tell_jobs(jobs told_job[], named text, by_worker text, id_stem text)
RETURNS TABLE (job_id uuid, message text) LANGUAGE plpgsql AS $$
DECLARE
    at_text text := to_char(clock_timestamp() AT TIME ZONE 'UTC',
                            'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"');
    event_begins   text := '{"at":"' || at_text || '","day":"' || left(at_text, 10) || '","action":"';
    event_worker   text := coalesce(',"worker":' || to_json(by_worker)::text, '');
    message_begins text := '"v":1,"type":"job-updated","id":"' || id_stem;
    message_at     text := '","at":"' || at_text || '"';
    hooked uuid[];
    heard  jsonb;
BEGIN
    IF cardinality(jobs) = 0 THEN
        RETURN;
    END IF;
    SELECT array_agg(asked.id) INTO hooked
    FROM (SELECT DISTINCT workspace_id AS id FROM unnest(jobs)) asked
    WHERE EXISTS (SELECT FROM webhook_endpoints WHERE workspace_id = asked.id AND enabled);

    WITH people AS MATERIALIZED (
        SELECT id, '"' || id || '","actor_name":' || to_json(name)::text
            || ',"actor_email":' || to_json(email)::text AS written
        FROM users WHERE id = ANY (ARRAY(SELECT DISTINCT told.created_by FROM unnest(jobs) told))
    ), kept AS (
        INSERT INTO audit_outbox (id, collection, project_id, event)
        SELECT (id_stem || to_hex(4095 + place))::uuid, 'job_events', project_id, (
            event_begins || CASE WHEN state IN ('queued', 'running', 'retrying')
                AND named IS NOT NULL THEN named ELSE 'job.' || state END
            || '","actor_id":'
            || coalesce(people.written, 'null,"actor_name":null,"actor_email":null')
            || ',"workspace_id":' || coalesce('"' || workspace_id || '"', 'null')
            || ',"project_id":' || coalesce('"' || project_id || '"', 'null')
            || ',"target_type":"job","target_id":"' || job.id
            || '","request_id":' || to_json(request_id)::text
            || ',"address":"","user_agent":"","token_id":null,"details":{"kind":'
            || to_json(kind)::text || ',"attempt":' || attempt || event_worker
            || CASE WHEN error <> '' THEN ',"error":' || to_json(error)::text || '}}' ELSE '}}' END
        )::json
        FROM unnest(jobs) WITH ORDINALITY AS job (
            id, workspace_id, project_id, kind, state, attempt, max_attempts, progress,
            progress_message, error, request_id, created_by, cancel_requested_at, place
        )
        LEFT JOIN people ON people.id = created_by
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
            message_begins || to_hex(4095 + place) || message_at
            || CASE WHEN request_id <> '' THEN ',"request_id":' || to_json(request_id)::text
                    ELSE '' END
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
