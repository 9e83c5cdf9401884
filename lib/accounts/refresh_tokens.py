"""Refresh tokens: opaque, used once, stored as digests; each one's successor is derived from it.

Because the successor is a function of the token and a server key, two tabs that refresh at once,
or a client whose answer was lost, get the same successor within the grace, and nothing in plain
text has to be kept for that.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode

from lib.config import settings

PREFIX = "rt_"
TOKEN_BYTES = 32


def first() -> str:
    """Return the first token of a new session."""
    return PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def successor(token: str) -> str:
    """Return the token that follows `token`; always the same one under the same server key."""
    key = hashlib.sha256(b"refresh:" + settings().jwt_secret.encode()).digest()
    mac = hmac.digest(key, token.encode(), "sha256")
    return PREFIX + urlsafe_b64encode(mac).rstrip(b"=").decode()


def digest(token: str) -> bytes:
    """Return what is stored of `token`."""
    return hashlib.sha256(token.encode()).digest()
