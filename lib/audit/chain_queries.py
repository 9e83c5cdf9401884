"""SQL of the chains: how far they have come, and what is on its way with its numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.audit.chain import Link, Mark

if TYPE_CHECKING:
    from lib.stores.connection import Connection

NUMBERING = 0x6175646974  # "audit": the advisory lock of whoever numbers, until the commit


def take_turn(conn: Connection) -> bool:
    """Let nobody else number events until the commit; False while another does.

    A statement of its own: what comes after it sees all that the one before has numbered.
    """
    row = conn.execute("SELECT pg_try_advisory_xact_lock(%s) AS ours", [NUMBERING]).fetchone()
    return bool(row and row["ours"])


def unnumbered(conn: Connection, limit: int, most_batches: int) -> list[dict[str, Any]]:
    """Return the oldest events without a number; none while `most_batches` are on their way."""
    return conn.execute(
        """
        SELECT id, collection, event FROM audit_outbox
        WHERE id NOT IN (SELECT event_id FROM audit_links)
          AND (SELECT count(*) FROM audit_batches) < %s
        ORDER BY id LIMIT %s
        """,
        [most_batches, limit],
    ).fetchall()


def heads(conn: Connection, chains: Collection[str]) -> dict[str, Mark]:
    """Return where these chains end; those that have not begun are not among them."""
    rows = conn.execute(
        "SELECT chain, seq, hash FROM audit_chains WHERE chain = ANY (%s::uuid[])",
        [_array(chains)],
    )
    return {str(row["chain"]): Mark(row["seq"], row["hash"]) for row in rows}


def advance(conn: Connection, ends: dict[str, Mark]) -> None:
    """Move chains on, as the transaction commits."""
    conn.put_off(
        """
        INSERT INTO audit_chains (chain, seq, hash)
        SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::text[])
        ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, hash = excluded.hash
        """,
        [
            _array(ends),
            _array(mark.seq for mark in ends.values()),
            _array(mark.hash for mark in ends.values()),
        ],
    )


def insert_batch(conn: Connection, batch_id: UUID, links: Sequence[Link]) -> None:
    """Keep the numbers of events until they are delivered, as the transaction commits."""
    conn.put_off(
        """
        INSERT INTO audit_batches (id, event_ids, chains, seqs, prevs, hashes)
        VALUES (%s, %s::uuid[], %s::uuid[], %s::bigint[], %s::text[], %s::text[])
        """,
        [batch_id, *(_array(column) for column in zip(*links, strict=True))],
    )


def hold_batch(conn: Connection, batch_id: UUID) -> bool:
    """Keep others from delivering a batch until the commit; False when one does, or has."""
    found = conn.execute(
        "SELECT 1 AS held FROM audit_batches WHERE id = %s FOR UPDATE SKIP LOCKED", [batch_id]
    ).fetchone()
    return found is not None


def hold_oldest(conn: Connection) -> UUID | None:
    """Hold the oldest batch that nobody delivers right now, and return its id."""
    row = conn.execute(
        "SELECT id FROM audit_batches ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
    ).fetchone()
    return row["id"] if row else None


def of_batch(conn: Connection, batch_id: UUID) -> list[dict[str, Any]]:
    """Return the events of a batch with their places, in the order in which they were numbered."""
    return conn.execute(
        """
        SELECT outbox.id, collection, event, link.event_id, link.chain, link.seq, prev, hash
        FROM audit_batches batch
        CROSS JOIN LATERAL unnest(event_ids, chains, seqs, prevs, hashes)
            WITH ORDINALITY AS link (event_id, chain, seq, prev, hash, place)
        JOIN audit_outbox outbox ON outbox.id = link.event_id
        WHERE batch.id = %s ORDER BY place
        """,
        [batch_id],
    ).fetchall()


def delete_batch(conn: Connection, batch_id: UUID) -> None:
    """Remove what was delivered: a batch, and its events, as the transaction commits."""
    conn.put_off(
        """
        WITH gone AS (DELETE FROM audit_batches WHERE id = %s RETURNING event_ids)
        DELETE FROM audit_outbox USING gone WHERE audit_outbox.id = ANY (gone.event_ids)
        """,
        [batch_id],
    )


def all_chains(conn: Connection) -> list[UUID]:
    """Return all chains that have begun."""
    rows = conn.execute("SELECT chain FROM audit_chains ORDER BY chain")
    return [row["chain"] for row in rows]


def standing(conn: Connection, chain: UUID) -> dict[str, Any] | None:
    """Return how far a chain has come, and the first link of it that may not be delivered yet."""
    return conn.execute(
        """
        SELECT seq, hash, pruned_seq, pruned_hash, broken_seq, waiting_seq, waiting_prev
        FROM audit_chains LEFT JOIN LATERAL (
            SELECT link.seq AS waiting_seq, link.prev AS waiting_prev FROM audit_links link
            WHERE link.chain = audit_chains.chain ORDER BY link.seq LIMIT 1
        ) waiting ON true
        WHERE chain = %s
        """,
        [chain],
    ).fetchone()


def retention(conn: Connection, chain: UUID) -> int | None:
    """Return for how many days a workspace has chosen to keep its events, if it has."""
    row = conn.execute(
        "SELECT retention_days FROM audit_chains WHERE chain = %s", [chain]
    ).fetchone()
    return row["retention_days"] if row else None


def set_retention(conn: Connection, chain: UUID, days: int | None) -> int | None:
    """Set for how many days events are kept, and return for how many they were."""
    row = conn.execute(
        """
        INSERT INTO audit_chains (chain, retention_days) VALUES (%(chain)s, %(days)s::integer)
        ON CONFLICT (chain) DO UPDATE SET retention_days = excluded.retention_days
        RETURNING (SELECT retention_days FROM audit_chains WHERE chain = %(chain)s) AS was
        """,
        {"chain": chain, "days": days},
    ).fetchone()
    return row["was"] if row else None


def due(conn: Connection, default_days: int, limit: int) -> list[dict[str, Any]]:
    """Return chains whose oldest event is older than their `days`, or not known, oldest first."""
    return conn.execute(
        """
        SELECT chain, coalesce(retention_days, %(default)s::integer) AS days FROM audit_chains
        WHERE oldest_at IS NULL
           OR oldest_at < now() - make_interval(days => coalesce(retention_days, %(default)s))
        ORDER BY oldest_at NULLS FIRST LIMIT %(limit)s
        """,
        {"default": default_days, "limit": limit},
    ).fetchall()


def prune(conn: Connection, chain: UUID, was: int, upto: Mark, broken_seq: int | None) -> None:
    """Note that a chain's events up to `upto` are to go, unless somebody else has meanwhile."""
    conn.execute(
        """
        UPDATE audit_chains SET pruned_seq = %s, pruned_hash = %s,
            broken_seq = coalesce(broken_seq, %s::bigint)
        WHERE chain = %s AND pruned_seq = %s
        """,
        [*upto, broken_seq, chain, was],
    )


def set_oldest(conn: Connection, chain: UUID, at: datetime) -> None:
    """Note of when a chain's oldest event is, now that all that was older is gone."""
    conn.execute("UPDATE audit_chains SET oldest_at = %s WHERE chain = %s", [at, chain])


def _array(values: Iterable[object]) -> str:
    # A plain text: for many elements, the driver's own arrays took longer than the statement.
    return f"{{{','.join(map(str, values))}}}"
