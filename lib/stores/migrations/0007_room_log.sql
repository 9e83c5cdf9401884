-- What each project's room has been told, kept for clients that come back after a break.

-- `seq` counts the events; the row is locked from the append to the commit, so that the numbers
-- follow the order of commits, without gaps. Events up to `pruned` are gone. Half of each page is
-- left free, so that counting never touches the index.
CREATE TABLE room_logs (
    project_id uuid PRIMARY KEY REFERENCES projects ON DELETE CASCADE,
    epoch      uuid NOT NULL DEFAULT gen_random_uuid(),
    seq        bigint NOT NULL DEFAULT 0,
    pruned     bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- `message` is what is published, but for its number. `at` is taken under the counter's lock, and so
-- rises with `seq`.
CREATE TABLE room_events (
    project_id uuid NOT NULL,
    seq        bigint NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    message    text NOT NULL,
    PRIMARY KEY (project_id, seq)
);

-- In place of a foreign key, which would look the log up again for every event: who appends has
-- locked it, so that it can't go before the commit.
CREATE FUNCTION delete_room_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM room_events WHERE project_id = OLD.project_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER room_logs_events AFTER DELETE ON room_logs
    FOR EACH ROW EXECUTE FUNCTION delete_room_events();

-- A trigger, so that there is no project without a log, whoever made it: appending never inserts
-- one, and never waits for the project's own row.
CREATE FUNCTION make_room_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO room_logs (project_id) VALUES (NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER projects_room_log AFTER INSERT ON projects
    FOR EACH ROW EXECUTE FUNCTION make_room_log();
INSERT INTO room_logs (project_id) SELECT id FROM projects;
