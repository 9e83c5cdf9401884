"""Sealed secrets: what the database holds of them is of no use without a secret of the server."""

from __future__ import annotations

import hmac
import secrets
from uuid import UUID

from lib.access.tokens import keys

NONCE_BYTES = 12
DERIVED_FOR = b"collab webhook secrets"  # a key of their own: it signs no token


class Unopenable(ValueError):
    """It was sealed by a secret of the server that is not accepted any more, or for another row."""


def key_id() -> str:
    """Return the id of the server's secret that seals today."""
    return next(iter(keys()))


def seal(text: str, row: UUID) -> bytes:
    """Return `text` sealed for a row, in which alone it can be opened."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_key(key_id())).encrypt(nonce, text.encode(), row.bytes)


def unseal(sealed: bytes, row: UUID, by: str) -> str:
    """Return what was sealed for a row by the secret with the id `by`; raises Unopenable."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        key = AESGCM(_key(by))
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], row.bytes).decode()
    except (KeyError, InvalidTag):
        raise Unopenable from None


def _key(by: str) -> bytes:
    return hmac.digest(keys()[by].encode(), DERIVED_FOR, "sha256")
