"""What the platform's edge does to a request before a function sees it."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from lib.errors import AppError, TooLarge
from lib.http.proxies import client

if TYPE_CHECKING:
    from lib.config import Networks

MAX_HEAD = 32 * 1024  # characters of all header fields together
MAX_BODY_BYTES = 4_718_592  # 4.5 MB
MAX_DRAIN_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 65_536


class HeadTooLarge(AppError):
    """More header fields than the platform lets through."""

    status, type, title = 431, "headers-too-large", "The header fields are larger than allowed"


def check_head(environ: dict[str, Any]) -> None:
    """Raise HeadTooLarge for header fields above the platform's limit."""
    fields = ((n, v) for n, v in environ.items() if n.startswith("HTTP_"))
    if sum(len(name) + len(value) for name, value in fields) > MAX_HEAD:
        raise HeadTooLarge(f"All header fields together hold {MAX_HEAD} characters at most.")


def with_client(environ: dict[str, Any], trusted_proxies: int | Networks) -> dict[str, Any]:
    """Return the environ with the client's address and scheme, told by nobody but trusted proxies.

    The platform overwrites X-Forwarded-For, so that a client can't choose its own address.
    """
    address, scheme = client(environ, trusted_proxies)
    forwarded = {"HTTP_X_FORWARDED_FOR": address, "HTTP_X_REAL_IP": address}
    host = {"HTTP_X_FORWARDED_PROTO": scheme, "HTTP_X_FORWARDED_HOST": environ.get("HTTP_HOST", "")}
    return environ | forwarded | host | {"REMOTE_ADDR": address, "wsgi.url_scheme": scheme}


def with_body(environ: dict[str, Any]) -> dict[str, Any]:
    """Return the environ with a body of known length: functions never see a chunked one.

    Raises TooLarge above the platform's limit.
    """
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        _drain(environ, int(length))
        raise TooLarge(f"A request body holds {MAX_BODY_BYTES} bytes at most.")
    if length or not environ.get("HTTP_TRANSFER_ENCODING"):
        return environ
    body = environ["wsgi.input"].read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        _drain(environ, MAX_DRAIN_BYTES)
        raise TooLarge(f"A request body holds {MAX_BODY_BYTES} bytes at most.")
    kept = {name: value for name, value in environ.items() if name != "HTTP_TRANSFER_ENCODING"}
    return kept | {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}


def _drain(environ: dict[str, Any], length: int) -> None:
    """Read on and forget, within reason: a client that is still sending would miss the answer."""
    left = min(length, MAX_DRAIN_BYTES)
    while left > 0:
        chunk = environ["wsgi.input"].read(min(CHUNK_BYTES, left))
        if not chunk:
            return
        left -= len(chunk)
