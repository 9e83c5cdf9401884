"""One-time links: the tokens that mails carry, made from an id and a key, and stored nowhere.

A token proves only that we made it, for this purpose and this id. Whether it was used or has
expired is for the row with that id to say.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from lib.access.tokens import keys

ID_BYTES = 16
FORM = r"[A-Za-z0-9_-]{64}"  # 16 bytes of id and 32 of HMAC-SHA256: no padding
DERIVED_FOR = b"collab one-time links"  # a key of their own: no link is ever an access token


def token(purpose: str, identity: UUID) -> str:
    """Return the token of 64 characters, safe in a URL, for `identity`; signed with today's key."""
    return urlsafe_b64encode(
        identity.bytes + _mac(_signing_key(), purpose, identity.bytes)
    ).decode()


def read(purpose: str, text: str) -> UUID | None:
    """Return the id in a token made for `purpose` with any accepted key; None for anything else."""
    if not re.fullmatch(FORM, text):
        return None
    given = urlsafe_b64decode(text)
    identity, mac = given[:ID_BYTES], given[ID_BYTES:]
    # Every key is tried, also after one that fits: the time taken says nothing.
    fits = [hmac.compare_digest(mac, _mac(key, purpose, identity)) for key in keys().values()]
    return UUID(bytes=identity) if any(fits) else None


def _signing_key() -> str:
    return next(iter(keys().values()))


def _mac(secret: str, purpose: str, identity: bytes) -> bytes:
    key = hmac.digest(secret.encode(), DERIVED_FOR, "sha256")
    return hmac.digest(key, purpose.encode() + b"\0" + identity, "sha256")
