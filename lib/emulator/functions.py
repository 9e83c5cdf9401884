"""The functions of api/: loaded on the first request, called as the platform calls them."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from lib.emulator.routes import Route

WSGIApp = Callable[..., Any]


class Functions:
    """The loaded `app` of each route file; threads may ask at once, each file is loaded once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._apps: dict[Route, WSGIApp] = {}
        self._locks: dict[Route, Lock] = {}
        self._lock = Lock()
        if str(root) not in sys.path:  # route files import lib
            sys.path.insert(0, str(root))

    def app(self, route: Route) -> WSGIApp:
        """Return the `app` of a route; raises whatever importing its file raises."""
        if found := self._apps.get(route):
            return found
        with self._lock:
            lock = self._locks.setdefault(route, Lock())
        with lock:
            if route not in self._apps:
                self._apps[route] = self._load(route)
        return self._apps[route]

    def _load(self, route: Route) -> WSGIApp:
        name = "function:" + str(
            route.file
        )  # brackets keep the files from being importable by name
        spec = importlib.util.spec_from_file_location(name, self._root / route.file)
        if not spec or not spec.loader:
            raise ImportError(f"{route.file} can't be loaded as a module.")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        app: WSGIApp = module.app
        return app


def function_environ(
    environ: dict[str, Any], path: str, parameters: dict[str, str]
) -> dict[str, Any]:
    """Return the WSGI environ that a function sees: the undecoded path, the parameters appended.

    A client's own query comes first, so reading the parameters there would trust the client.
    """
    own = environ.get("QUERY_STRING", "")
    pairs = [f"{name}={value}" for name, value in parameters.items()]
    query = "&".join(part for part in (own, *pairs) if part)
    return environ | {"PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": query}
