"""`function()`: the Flask app of one route file, with everything that all routes share."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from flask import Flask
from flask.ctx import RequestContext

from lib import logs
from lib.config import settings
from lib.http import problems
from lib.http.current import MAX_BODY, Request, at_hand
from lib.http.headers import Edge, StartResponse
from lib.http.routing import Routes


class Function(Flask):
    """A Flask app that reaches its views by a short way.

    Contexts, sessions, signals and hooks, of which no view of a function makes use, take Flask
    several times as long as everything else that a plain read needs. An app with hooks goes
    Flask's own way, and so does every request that no view answers.
    """

    request_class = Request

    def wsgi_app(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        routes = self._routes
        found = routes and routes.find(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if not found:
            return super().wsgi_app(environ, start_response)
        request = Request(environ)
        request.url_rule, request.view_args = found.rule, found.parameters
        token = at_hand.set(request)
        try:
            response = found.view(**found.parameters)
        except Exception as error:  # noqa: BLE001 - each becomes a problem document
            response = problems.answer(error)
        finally:
            at_hand.reset(token)
        answer: Iterable[bytes] = response(environ, start_response)
        return answer

    def request_context(self, environ: dict[str, Any]) -> RequestContext:
        """Return Flask's context; the request in it is at hand for our edges."""
        context = super().request_context(environ)
        at_hand.set(context.request)  # type: ignore[arg-type]
        return context

    @cached_property
    def _routes(self) -> Routes | None:
        hooks = (self.before_request_funcs, self.after_request_funcs, self.teardown_request_funcs)
        return None if any(hooks) else Routes(self.url_map, self.view_functions)


def function(name: str) -> Flask:
    """Return a WSGI app for one route file: errors as problem documents, secure headers, logging.

    Raises ConfigError when a variable that every function needs is missing.
    """
    logs.configure(settings().log_level)
    app = Function(name, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.url_map.strict_slashes = False
    app.url_map.redirect_defaults = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    problems.install(app)
    app.wsgi_app = Edge(app.wsgi_app)  # type: ignore[method-assign,assignment]
    return app
