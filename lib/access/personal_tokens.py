"""Personal access tokens as text: `pat_`, 256 random bits in hexadecimal, and a checksum.

Prefix and checksum let secret scanners find a token that leaked, and tell it from what only looks
like one: the last eight digits are the CRC-32 of all that comes before them.
"""

import hashlib
import re
import secrets
import zlib

from lib.errors import Unauthenticated

PREFIX = "pat_"
SECRET_BYTES = 32
FORM = r"pat_[0-9a-f]{72}"


def fresh() -> str:
    """Return a new token."""
    body = PREFIX + secrets.token_hex(SECRET_BYTES)
    return body + _checksum(body)


def digest(token: str) -> bytes:
    """Return what is stored of `token`; raises Unauthenticated for what can be none of ours."""
    if not re.fullmatch(FORM, token) or _checksum(token[:-8]) != token[-8:]:
        raise Unauthenticated("The personal access token is not valid.")
    return hashlib.sha256(token.encode()).digest()


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
