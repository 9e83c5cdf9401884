-- What the conventions of the REST half keep: answers to repeat, and attempts to count.

-- `digest` names who asked, what and with which key; the answer can only be opened with that key.
CREATE TABLE idempotency_keys (
    digest      bytea PRIMARY KEY,
    fingerprint bytea NOT NULL,
    sealed      bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- Unlogged: what a crash of the server costs is that counts begin anew.
CREATE UNLOGGED TABLE throttles (
    key       text PRIMARY KEY,
    taken     integer NOT NULL,
    resets_at timestamptz NOT NULL
);
CREATE INDEX throttles_resets ON throttles (resets_at);
