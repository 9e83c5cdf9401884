-- What accounts need beyond log-in: verified addresses, one-time links, personal access tokens.

-- The version tells a log-in whose password was right a moment ago that it was changed meanwhile.
ALTER TABLE users
    ADD COLUMN email_verified_at timestamptz,
    ADD COLUMN password_version integer NOT NULL DEFAULT 0;

-- A mail's link is good once, until it expires, and only the newest of its kind: one row for each
-- person and purpose, replaced by the next one and deleted on use. The token itself is stored nowhere.
CREATE TABLE account_links (
    id         uuid NOT NULL,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, purpose),
    CONSTRAINT account_links_id_key UNIQUE (id)
);
CREATE INDEX account_links_expires ON account_links (expires_at);

-- Only digests are stored. A revoked token is deleted: the audit log knows of it.
CREATE TABLE personal_tokens (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name         text NOT NULL,
    scopes       text[] NOT NULL,
    digest       bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    CONSTRAINT personal_tokens_digest_key UNIQUE (digest)
);
CREATE INDEX personal_tokens_user ON personal_tokens (user_id, id);
CREATE INDEX personal_tokens_expires ON personal_tokens (expires_at);
