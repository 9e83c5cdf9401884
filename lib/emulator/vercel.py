"""Vercel on this machine: one WSGI app that routes requests to the functions of api/."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from lib.emulator.edge import check_head, with_body, with_client
from lib.emulator.functions import Functions, WSGIApp, function_environ
from lib.emulator.paths import raw_path
from lib.emulator.routes import Found, Route, discover
from lib.emulator.static import StaticFiles
from lib.errors import AppError, NotFound
from lib.http.headers import SECURE

if TYPE_CHECKING:
    from lib.config import Networks

ROOT = Path(__file__).resolve().parents[2]
ENTRYPOINT_VARIABLE = "__VC_HANDLER_ENTRYPOINT"


class Dispatcher:
    """Every function of the project under `root`, and its static files.

    `edge` is off behind the real platform (vercel.hobby.json): it has already seen to addresses,
    limits and static files, and gives the path undecoded. `trusted_proxies` is how many reverse
    proxies of our own stand in front, or where they are.
    """

    def __init__(
        self, root: Path = ROOT, *, edge: bool = True, trusted_proxies: int | Networks = 0
    ) -> None:
        self.routes = discover(root)
        self._edge = edge
        self._trusted_proxies = trusted_proxies
        self._functions = Functions(root)
        self._static = StaticFiles(root)
        os.environ.setdefault(ENTRYPOINT_VARIABLE, "lib/emulator/vercel.py")

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        path = raw_path(environ) if self._edge else environ.get("PATH_INFO") or "/"
        try:
            if self._edge:
                check_head(environ)
                environ = with_body(with_client(environ, self._trusted_proxies))
            if found := self.routes.find(path):
                return self._invoke(environ, path, found, start_response)
            if self._edge and (file := self._static.find(path)):
                response = self._static.respond(file, Request(environ))
                return response(environ, start_response)
            raise NotFound("No route answers this path.")
        except AppError as error:
            return problem(error)(environ, start_response)

    def app(self, route: Route) -> WSGIApp:
        """Return the `app` of a route file, loaded; raises whatever importing it raises."""
        return self._functions.app(route)

    def _invoke(
        self, environ: dict[str, Any], path: str, found: Found, start_response: Any
    ) -> Iterable[bytes]:
        route, parameters = found
        try:
            app = self.app(route)
        except Exception:  # noqa: BLE001 - a function may fail to load in any way
            traceback.print_exc(file=sys.stderr)
            raise AppError("The function could not be loaded; its log says why.") from None
        answer: Iterable[bytes] = app(function_environ(environ, path, parameters), start_response)
        return answer


def problem(error: AppError) -> Response:
    """Return the error as a problem document (RFC 9457), with the headers of all answers."""
    text, kind = json.dumps(error.problem()), "application/problem+json"
    return Response(text, error.status, SECURE, mimetype=kind)
