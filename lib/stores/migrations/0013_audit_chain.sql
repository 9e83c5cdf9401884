-- The audit log as chains: each event has a number on its workspace's, and the hash of all up to it.

-- How far each chain has come; what belongs to no workspace is on the one of the nil id. Events up to
-- `pruned_seq` are gone, and the rest follows on `pruned_hash`. No foreign key: a log outlives its
-- workspace. `oldest_at` is of the oldest event kept; null: not known.
CREATE TABLE audit_chains (
    chain          uuid PRIMARY KEY,
    seq            bigint NOT NULL DEFAULT 0,
    hash           text NOT NULL DEFAULT repeat('0', 64),
    pruned_seq     bigint NOT NULL DEFAULT 0,
    pruned_hash    text NOT NULL DEFAULT repeat('0', 64),
    broken_seq     bigint,
    oldest_at      timestamptz,
    retention_days integer
) WITH (fillfactor = 50);

-- Events of the outbox that have their numbers and are on their way: one row for a thousand, so that
-- numbering writes little, and no row of the outbox a second time.
CREATE TABLE audit_batches (
    id        uuid PRIMARY KEY,
    event_ids uuid[] NOT NULL,
    chains    uuid[] NOT NULL,
    seqs      bigint[] NOT NULL,
    prevs     text[] NOT NULL,
    hashes    text[] NOT NULL
);

CREATE VIEW audit_links AS
SELECT batch.id AS batch_id, link.*
FROM audit_batches batch
CROSS JOIN LATERAL unnest(event_ids, chains, seqs, prevs, hashes)
    AS link (event_id, chain, seq, prev, hash);
