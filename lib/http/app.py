"""`function()`: the Flask app of one route file, with everything that all routes share."""

import os
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask

from lib import logs
from lib.access import tokens
from lib.config import settings
from lib.http import headers, problems

MAX_BODY = 1024 * 1024  # bytes

StartResponse = Callable[..., Any]


def function(name: str) -> Flask:
    """Return a WSGI app for one route file: errors as problem documents, secure headers, logging.

    Raises ConfigError when a variable that every function needs is missing.
    """
    logs.configure(settings().log_level)
    app = Flask(name, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.url_map.strict_slashes = False
    app.url_map.redirect_defaults = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    tokens.install(app)
    problems.install(app)
    headers.install(app)
    app.wsgi_app = _Decoded(app.wsgi_app)  # type: ignore[method-assign,assignment]
    return app


class _Decoded:
    """Percent-decode PATH_INFO, which the platform passes on as it came (WSGI says: decoded)."""

    def __init__(self, wsgi: Callable[..., Iterable[bytes]]) -> None:
        self._wsgi = wsgi

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        if "__VC_HANDLER_ENTRYPOINT" in os.environ:
            path = environ.get("PATH_INFO", "").encode("latin-1")
            environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
        return self._wsgi(environ, start)
