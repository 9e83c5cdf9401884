"""Signatures as Standard Webhooks has them: HMAC-SHA256 over id, time and body, for each secret.

(standard-webhooks/standard-webhooks, spec/standard-webhooks.md, "Signature scheme", version 1.0.0)
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32  # the specification wants 24 to 64


def fresh() -> str:
    """Return a new secret, as its receiver takes it."""
    return PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(message_id: str, sent_at: int, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """Return the headers of an attempt made at `sent_at` (Unix time): a signature for each key."""
    signed = f"{message_id}.{sent_at}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(sent_at),
        "webhook-signature": " ".join(_signature(key, signed) for key in keys),
    }


def _signature(key: str, signed: bytes) -> str:
    mac = hmac.digest(b64decode(key.removeprefix(PREFIX)), signed, "sha256")
    return f"v1,{b64encode(mac).decode()}"
