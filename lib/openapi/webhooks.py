"""What we send: the one request that webhooks are made of, in the document's own section for it."""

from __future__ import annotations

from typing import Any

from apispec import APISpec

from lib.config import WEBHOOK_TIMEOUT
from lib.openapi import schemas
from lib.webhooks.delivery_schemas import WebhookEventOut

_HEADERS = {
    "webhook-id": "The id of the event: the same in every attempt, so that it is taken once.",
    "webhook-timestamp": "When this attempt was made, in seconds of Unix time.",
    "webhook-signature": (
        "`v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`, for each secret that "
        "signs, separated by spaces (Standard Webhooks 1.0.0)."
    ),
}


def described(spec: APISpec) -> dict[str, Any]:
    """Return the section `webhooks`, with its schemas among those of the document."""
    schemas.converter(spec).resolve_nested_schema(WebhookEventOut)
    reference = {"$ref": f"#/components/schemas/{WebhookEventOut.__name__}"}
    return {"event": {"post": _request(reference)}}


def _request(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "webhook_event",
        "tags": ["webhooks"],
        "summary": "Something has happened in a workspace.",
        "description": (
            "Sent to each webhook whose filter it matches, at least once, in no certain order. A "
            f"2xx within {WEBHOOK_TIMEOUT} seconds, or what WEBHOOK_TIMEOUT says on the server, "
            "says that it was taken; 410 disables the webhook; anything else, redirects too, is "
            "tried again nine times within four days, and not before what Retry-After says."
        ),
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": says}
            | {"schema": {"type": "string"}}
            for name, says in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"2XX": {"description": "It was taken."}},
    }
