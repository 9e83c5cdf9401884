"""Rotation: a new secret signs beside the one before it, until that ends by time or by hand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.access.throttles import Limit
from lib.errors import Conflict, NotFound
from lib.webhooks import endpoints, secret_queries, secret_store

MAX_SECRETS = 5  # that sign at a time: each makes the header longer
ROTATING = Limit("webhook-rotate", 30, 3600)  # new secrets that one person makes

Row = dict[str, Any]


def rotate(access: Access, webhook_id: UUID, *, keep_for: int) -> Row:
    """Give an endpoint a new secret; those before it sign as well for `keep_for` more seconds.

    Raises NotFound, and Conflict when so many sign that one has to be removed first.
    """
    endpoint = endpoints.held(access, webhook_id)
    if keep_for and len(endpoint["secrets"]) >= MAX_SECRETS:
        raise Conflict(f"{MAX_SECRETS} secrets sign as it is; remove one first.")
    secret_queries.expire(access.conn, webhook_id, keep_for)
    secret = secret_store.add(access.conn, webhook_id)
    endpoints.record(access, "webhook.secret-added", endpoint, keep_for=keep_for)
    return secret | {"workspace_id": access.id, "webhook_id": webhook_id}


def remove(access: Access, webhook_id: UUID, secret_id: UUID) -> None:
    """End a secret at once; raises NotFound, and Conflict for the newest, which has to stay."""
    endpoint = endpoints.held(access, webhook_id)
    ids = [UUID(secret["id"]) for secret in endpoint["secrets"]]
    if secret_id not in ids:
        raise NotFound()
    if secret_id == ids[0]:
        raise Conflict("Deliveries are signed with this one; make a new one first.")
    secret_queries.delete(access.conn, secret_id)
    endpoints.record(access, "webhook.secret-removed", endpoint)
