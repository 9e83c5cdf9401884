"""Access tokens: JWTs by flask-jwt-extended, with keys that rotate by `kid`."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from flask import Flask, current_app
from flask_jwt_extended import JWTManager, create_access_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import ExpiredSignatureError, PyJWTError

from lib.config import settings
from lib.errors import Unauthenticated

ALGORITHM = "HS256"  # pinned: the token's own header never chooses
ISSUER = "collab"
AUDIENCE = "collab-api"
REQUIRED = ("sub", "sid", "iss", "aud", "iat", "exp", "jti", "type")
MAX_TOKEN = 4096  # characters; ours have about 400
MAX_KNOWN = 10_000  # tokens whose signature a process remembers to have checked: about 6 MB


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token proves: who, in which session, until when (Unix time in seconds)."""

    user_id: UUID
    session_id: UUID
    expires_at: int


@cache
def keys() -> dict[str, str]:
    """Return the accepted secrets by key id, the signing one first."""
    secrets = (settings().jwt_secret, *settings().jwt_previous_secrets)
    return {hashlib.sha256(secret.encode()).hexdigest()[:12]: secret for secret in secrets}


def install(app: Flask) -> None:
    """Configure flask-jwt-extended on `app`: both the functions and the real-time host do."""
    app.config.update(
        JWT_ALGORITHM=ALGORITHM,
        JWT_DECODE_ALGORITHMS=[ALGORITHM],
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ENCODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(seconds=settings().jwt_expires_in),
        JWT_SECRET_KEY=settings().jwt_secret,
        JWT_COOKIE_CSRF_PROTECT=False,  # no cookies here
    )
    manager = JWTManager(app)
    manager.decode_key_loader(_key_of)


def issue(user_id: UUID, session_id: UUID) -> str:
    """Return a fresh access token for a session; it says who, never which role."""
    kid = next(iter(keys()))
    return create_access_token(
        identity=str(user_id),
        additional_claims={"sid": str(session_id)},
        additional_headers={"kid": kid},
    )


def verify(token: str) -> Claims:
    """Return what `token` proves; needs an application context.

    A token's signature is checked once in a process, its expiry each time. Raises Unauthenticated
    for anything but a live access token of ours.
    """
    known = _verified(tuple(keys()))
    claims = known.get(token)
    if claims is None or claims.expires_at <= time.time():
        claims = _decode(token)
        if len(known) >= MAX_KNOWN:
            known.clear()
        known[token] = claims
    return claims


@cache
def _verified(_kids: tuple[str, ...]) -> dict[str, Claims]:
    return {}


def _decode(token: str) -> Claims:
    if not current_app or len(token) > MAX_TOKEN or not token.isascii():
        raise Unauthenticated("The access token is not valid.")
    try:
        claims = decode_token(token)
        return Claims(UUID(claims["sub"]), UUID(claims["sid"]), int(claims["exp"]))
    except ExpiredSignatureError:
        raise Unauthenticated("The access token has expired; refresh it.") from None
    except (PyJWTError, JWTExtendedException, ValueError, TypeError, KeyError, AttributeError):
        raise Unauthenticated("The access token is not valid.") from None


def bearer(header: str) -> str:
    """Return the token of an Authorization header.

    Raises Unauthenticated when the header is missing or of another scheme.
    """
    match = re.fullmatch(r"[Bb]earer +([!-~]+)", header.strip())
    if not match:
        raise Unauthenticated("Send the access token as `Authorization: Bearer ...`.")
    return match[1]


def _key_of(headers: dict[str, Any], claims: dict[str, Any]) -> str:
    # Called before flask-jwt-extended fills in defaults for what a token lacks: ours lack nothing.
    if any(claims.get(name) is None for name in REQUIRED) or claims["type"] != "access":
        raise ValueError("incomplete")
    return keys()[headers["kid"]]
