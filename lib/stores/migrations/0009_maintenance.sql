-- The runs of the maintenance functions: one row each, written as it begins and again as it ends.
-- One without an end is under way, or was cut off.

CREATE TABLE maintenance_runs (
    id          uuid PRIMARY KEY,
    function    text NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    done        jsonb,
    error       text
);
CREATE INDEX maintenance_runs_function ON maintenance_runs (function, id);
