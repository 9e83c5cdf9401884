"""`function()`: the Flask app of one route file, with everything that all routes share."""

from flask import Flask

from lib import logs
from lib.access import tokens
from lib.config import settings
from lib.http import problems
from lib.http.headers import Edge

MAX_BODY = 1024 * 1024  # bytes


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
    app.wsgi_app = Edge(app.wsgi_app)  # type: ignore[method-assign,assignment]
    return app
