-- Webhooks: what happens in a workspace, told to addresses of its owners' choice.

-- `disabled_for` says why one was disabled by us: `gone` (it answered 410) or `failing` (for days).
-- `failing_since` is when the first attempt failed since the last one that did not; `slow` is whether
-- the last one that did not took long; until `rests_until` nothing is sent there. The project, of one
-- that tells of a single project, may be gone: then there is nothing to tell.
CREATE TABLE webhook_endpoints (
    id            uuid PRIMARY KEY,
    workspace_id  uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    project_id    uuid,
    url           text NOT NULL,
    description   text NOT NULL,
    events        text[] NOT NULL,
    enabled       boolean NOT NULL,
    disabled_for  text,
    failing_since timestamptz,
    rests_until   timestamptz,
    slow          boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhook_endpoints_workspace ON webhook_endpoints (workspace_id, id);

-- What deliveries are signed with, sealed by the server's secret of that `key_id`. The newest has no
-- end; those before it sign as well until theirs.
CREATE TABLE webhook_secrets (
    id          uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
    key_id      text NOT NULL,
    sealed      bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz
);
CREATE INDEX webhook_secrets_endpoint ON webhook_secrets (endpoint_id, id);

CREATE TYPE webhook_delivery_state AS ENUM ('pending', 'delivered', 'failed');

-- One row for each event and endpoint, written by the statement that records the event. A job has it
-- in hand where `job_id` is set, until `next_at` at most; else that is when it is due. `tries` counts
-- the attempts of the present round: redelivery begins another.
CREATE TABLE webhook_deliveries (
    endpoint_id uuid NOT NULL,
    event_id    uuid NOT NULL,
    type        text NOT NULL,
    payload     jsonb NOT NULL,
    request_id  text NOT NULL,
    state       webhook_delivery_state NOT NULL DEFAULT 'pending',
    tries       integer NOT NULL DEFAULT 0,
    next_at     timestamptz NOT NULL DEFAULT now(),
    job_id      uuid,
    attempts    jsonb NOT NULL DEFAULT '[]',
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (endpoint_id, event_id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_at, event_id)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_taken ON webhook_deliveries (endpoint_id) WHERE job_id IS NOT NULL;
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (created_at);

-- In place of a foreign key: with one, whoever records an event just as an endpoint is deleted would
-- have to wait, and fail. What is inserted past this is pruned by its age.
CREATE FUNCTION delete_webhook_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM webhook_deliveries WHERE endpoint_id = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER webhook_endpoints_deliveries AFTER DELETE ON webhook_endpoints
    FOR EACH ROW EXECUTE FUNCTION delete_webhook_deliveries();

-- Tells the endpoints of a workspace what is being recorded: `given` is an array of objects with an
-- id and an event, as the outbox keeps it. A function, because its plans are kept: as a part of the
-- statement that records events, this took Postgres twice as long to plan as all of that statement.
-- What leaves here is whitelisted: no address, of e-mail or the network, and no client.
CREATE FUNCTION tell_webhooks(given jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    made bigint;
BEGIN
    INSERT INTO webhook_deliveries (endpoint_id, event_id, type, payload, request_id)
    SELECT endpoint.id, told.id, event ->> 'action',
           jsonb_build_object(
               'type', event -> 'action',
               'timestamp', event -> 'at',
               'data', jsonb_build_object(
                   'id', told.id,
                   'action', event -> 'action',
                   'actor', CASE WHEN event ->> 'actor_id' IS NOT NULL THEN
                       jsonb_build_object('id', event -> 'actor_id', 'name', event -> 'actor_name')
                   END,
                   'target', jsonb_build_object(
                       'type', event -> 'target_type', 'id', event -> 'target_id'
                   ),
                   'workspace_id', event -> 'workspace_id',
                   'project_id', event -> 'project_id',
                   'details', (event -> 'details') - ARRAY['email', 'worker']
               )
           ),
           event ->> 'request_id'
    FROM jsonb_to_recordset(given) AS told (id uuid, event jsonb)
    CROSS JOIN LATERAL (
        SELECT id, project_id, events FROM webhook_endpoints
        WHERE workspace_id = (event ->> 'workspace_id')::uuid AND enabled
        OFFSET 0  -- one look into the index for each event, however many endpoints there are
    ) endpoint
    WHERE (endpoint.project_id IS NULL OR endpoint.project_id = (event ->> 'project_id')::uuid)
      AND endpoint.events && ARRAY[
          '*', event ->> 'action', split_part(event ->> 'action', '.', 1) || '.*'
      ]
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END
$$;
