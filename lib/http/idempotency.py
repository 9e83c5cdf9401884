"""Idempotency-Key: a POST that creates is carried out once, however often it is sent.

The answer is kept with what was created, in one transaction, for 24 hours: a crash between the
commit and the answer changes nothing for who asks again. It is sealed with a key that only the
client's own Idempotency-Key opens, because some answers hold a secret that is shown once; that key
is made with the server's secret, so answers given under one that was rotated out are found, too.
(draft-ietf-httpapi-idempotency-key-header-07)
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable
from typing import NamedTuple

from lib.access.caller import Access
from lib.access.tokens import keys
from lib.errors import BadRequest, Conflict, Invalid, mistake
from lib.http import queries
from lib.http.current import at_hand, request
from lib.http.reply import Reply

NONCE_BYTES = 12
REPLAYED = "Idempotency-Replayed"  # on an answer that was given before
KEPT_HEADERS = ("Content-Type", "Location", "Retry-After")

# The draft's structured string, or, as most clients send it, the bare text.
_KEY = r'"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})'


class _Attempt(NamedTuple):
    """A keyed request: where its answer is kept, what it asked for, what opens the answer."""

    digest: bytes
    fingerprint: bytes
    opener: bytes


def once(access: Access, act: Callable[[], Reply]) -> Reply:
    """Answer as `act` does, or as it did when this key was first used by this person here.

    Without a key, just act. Raises BadRequest for a malformed key, Conflict while the first request
    is under way, Invalid when it asked for something else.
    """
    header = at_hand.get().environ.get("HTTP_IDEMPOTENCY_KEY")
    if header is None:
        return act()
    attempts = {attempt.digest: attempt for attempt in _attempts(access, header)}
    if not queries.hold(access.conn, list(attempts)):
        raise Conflict("A request with this Idempotency-Key is under way.")
    if kept := queries.kept(access.conn, list(attempts)):
        attempt = attempts[bytes(kept["digest"])]
        if not hmac.compare_digest(bytes(kept["fingerprint"]), attempt.fingerprint):
            detail = "This key was used for another request."
            raise Invalid(mistake("/Idempotency-Key", detail), detail=detail)
        return _open(attempt, bytes(kept["sealed"]))
    response, attempt = act(), next(iter(attempts.values()))
    queries.keep(access.conn, attempt.digest, attempt.fingerprint, _seal(attempt, response))
    return response


def _attempts(access: Access, header: str) -> list[_Attempt]:
    match = re.fullmatch(_KEY, header)
    if not match:
        raise BadRequest("The Idempotency-Key must be 1 to 255 visible ASCII characters.")
    key, body = match[1] or match[2], request.get_data()
    scope = json.dumps([str(access.caller.user_id), request.method, request.path, key]).encode()
    return [_attempt(secret, scope, body) for secret in keys().values()]  # the signing one first


def _attempt(secret: str, scope: bytes, body: bytes) -> _Attempt:
    server = hashlib.sha256(b"idempotency:" + secret.encode()).digest()
    return _Attempt(
        digest=hmac.digest(server, b"row:" + scope, "sha256"),
        fingerprint=hmac.digest(server, b"body:" + body, "sha256"),
        opener=hmac.digest(server, b"open:" + scope, "sha256"),
    )


def _seal(attempt: _Attempt, response: Reply) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    plain = json.dumps([response.status, kept, response.body.decode()]).encode()
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(attempt.opener).encrypt(nonce, plain, attempt.fingerprint)


def _open(attempt: _Attempt, sealed: bytes) -> Reply:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    plain = AESGCM(attempt.opener).decrypt(nonce, text, attempt.fingerprint)
    status, headers, body = json.loads(plain)
    return Reply(body.encode(), status, headers | {REPLAYED: "true"})
