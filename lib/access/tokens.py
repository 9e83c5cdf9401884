"""Access tokens: JWTs by flask-jwt-extended, with keys that rotate by `kid`."""

from __future__ import annotations

import hashlib
import re
import time
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from lib.access import personal_tokens
from lib.config import settings
from lib.errors import Unauthenticated

if TYPE_CHECKING:
    from flask import Flask

ALGORITHM = "HS256"  # pinned: the token's own header never chooses
ISSUER = "collab"
AUDIENCE = "collab-api"
REQUIRED = ("sub", "sid", "iss", "aud", "iat", "exp", "jti", "type")
MAX_TOKEN = 4096  # characters; ours have about 400
NOTHING_KNOWN = (None, 0)
MAX_KNOWN = 10_000  # tokens whose signature a process remembers to have checked: about 6 MB


class Claims(NamedTuple):
    """What somebody has shown: a person's session, or else a personal access token.

    The token is known by its digest, or by its id where a ticket stands for it. Whether it or the
    session is live, and whose the token is, the look-up says (lib.access.lookups).
    """

    user_id: UUID | None
    session_id: UUID | None
    token_digest: bytes | None = None
    token_id: UUID | None = None

    @property
    def personal(self) -> bool:
        """Whether it is a personal access token."""
        return self.session_id is None


@cache
def keys() -> dict[str, str]:
    """Return the accepted secrets by key id, the signing one first."""
    secrets = (settings().jwt_secret, *settings().jwt_previous_secrets)
    return {hashlib.sha256(secret.encode()).hexdigest()[:12]: secret for secret in secrets}


def issue(user_id: UUID, session_id: UUID) -> str:
    """Return a fresh access token for a session; it says who, never which role."""
    from flask_jwt_extended import create_access_token

    kid = next(iter(keys()))
    with _jwt().app_context():
        return create_access_token(
            identity=str(user_id),
            additional_claims={"sid": str(session_id)},
            additional_headers={"kid": kid},
        )


def verify(token: str) -> Claims:
    """Return what `token` shows.

    A token's signature is checked once in a process, its expiry each time. Raises Unauthenticated
    for anything but a live access token of ours, or a personal one.
    """
    if token.startswith(personal_tokens.PREFIX):
        return Claims(None, None, token_digest=personal_tokens.digest(token))
    known = _verified(tuple(keys()))
    claims, ends = known.get(token, NOTHING_KNOWN)
    if claims is None or ends <= time.time():
        claims, ends = _decode(token)
        if len(known) >= MAX_KNOWN:
            known.clear()
        known[token] = claims, ends
    return claims


@cache
def _verified(_kids: tuple[str, ...]) -> dict[str, tuple[Claims, int]]:
    return {}


def _decode(token: str) -> tuple[Claims, int]:
    from flask_jwt_extended import decode_token
    from flask_jwt_extended.exceptions import JWTExtendedException
    from jwt.exceptions import ExpiredSignatureError, PyJWTError

    if len(token) > MAX_TOKEN or not token.isascii():
        raise Unauthenticated("The access token is not valid.")
    try:
        with _jwt().app_context():
            claims = decode_token(token)
        return Claims(UUID(claims["sub"]), UUID(claims["sid"])), int(claims["exp"])
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


@cache
def _jwt() -> Flask:
    """Return the app that flask-jwt-extended is configured on; it serves no requests.

    Importing that extension takes as long as importing Flask, so it waits for the first token.
    """
    from flask import Flask
    from flask_jwt_extended import JWTManager

    app = Flask("tokens", static_folder=None)
    app.config.update(
        JWT_ALGORITHM=ALGORITHM,
        JWT_DECODE_ALGORITHMS=[ALGORITHM],
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ENCODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(seconds=settings().jwt_expires_in),
        JWT_COOKIE_CSRF_PROTECT=False,  # no cookies here
    )
    manager = JWTManager(app)
    manager.encode_key_loader(lambda _identity: next(iter(keys().values())))
    manager.decode_key_loader(_key_of)
    return app


def _key_of(headers: dict[str, Any], claims: dict[str, Any]) -> str:
    # Called before flask-jwt-extended fills in defaults for what a token lacks: ours lack nothing.
    if any(claims.get(name) is None for name in REQUIRED) or claims["type"] != "access":
        raise ValueError("incomplete")
    return keys()[headers["kid"]]
