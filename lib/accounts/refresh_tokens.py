"""Refresh tokens: opaque, used once, stored as digests; each one's successor is derived from it.

Because the successor is a function of the token and a server key, two tabs that refresh at once,
or a client whose answer was lost, get the same successor within the grace, and nothing in plain
text has to be kept for that.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode

from lib.access.tokens import keys

PREFIX = "rt_"
TOKEN_BYTES = 32


def first() -> str:
    """Return the first token of a new session."""
    return PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def successors(token: str) -> list[str]:
    """Return the token that follows `token` under each accepted server key, the signing one first.

    Under the same key it is always the same.
    """
    return [_successor(token, secret) for secret in keys().values()]


def digest(token: str) -> bytes:
    """Return what is stored of `token`."""
    return hashlib.sha256(token.encode()).digest()


def _successor(token: str, secret: str) -> str:
    key = hashlib.sha256(b"refresh:" + secret.encode()).digest()
    mac = hmac.digest(key, token.encode(), "sha256")
    return PREFIX + urlsafe_b64encode(mac).rstrip(b"=").decode()
