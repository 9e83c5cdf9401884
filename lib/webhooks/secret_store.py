"""The secrets that endpoints are sent signatures of: shown once, kept sealed, opened to sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib import logs
from lib.access.tokens import keys
from lib.ids import new_id
from lib.stores import postgres
from lib.webhooks import sealing, secret_queries, signing

if TYPE_CHECKING:
    from lib.stores.connection import Connection

BATCH = 100  # secrets sealed anew in one transaction

Row = dict[str, Any]


def add(conn: Connection, endpoint_id: UUID) -> Row:
    """Give an endpoint a new secret, and return it with its text, `secret`."""
    secret_id, text = new_id(), signing.fresh()
    sealed = sealing.seal(text, secret_id)
    row = secret_queries.insert(conn, secret_id, endpoint_id, sealing.key_id(), sealed)
    return row | {"secret": text}


def opened(conn: Connection, endpoint_id: UUID) -> list[str]:
    """Return what an endpoint's deliveries are signed with, the newest first.

    Raises sealing.Unopenable when the newest was sealed by a secret of the server that is gone.
    """
    found = secret_queries.live(conn, endpoint_id)
    known = [row for row in found if row["key_id"] in keys() or row["expires_at"] is None]
    return [sealing.unseal(bytes(row["sealed"]), row["id"], row["key_id"]) for row in known]


def reseal() -> int:
    """Seal anew what older keys of the server have sealed, so that these can go; return how many.

    Safe to run anywhere, many at once. Raises Unavailable.
    """
    older = [key_id for key_id in keys() if key_id != sealing.key_id()]
    done = 0
    while older:
        with postgres.transaction() as conn:
            rows = secret_queries.sealed_by(conn, older, BATCH)
            sealed = sum(_reseal(conn, row) for row in rows)
        done += sealed
        if len(rows) < BATCH or not sealed:
            break
    if done:
        logs.info("webhook.resealed", secrets=done)
    return done


def forget(conn: Connection, limit: int) -> int:
    """Delete up to `limit` secrets that sign no more; return how many."""
    return secret_queries.delete_expired(conn, limit)


def _reseal(conn: Connection, row: Row) -> bool:
    try:
        text = sealing.unseal(bytes(row["sealed"]), row["id"], row["key_id"])
    except sealing.Unopenable:
        logs.warning("webhook.unopenable", secret_id=row["id"])
        return False
    sealed = sealing.seal(text, row["id"])
    secret_queries.reseal(conn, row["id"], sealing.key_id(), sealed)
    return True
