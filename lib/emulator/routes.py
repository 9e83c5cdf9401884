"""Which files under api/ become functions, and which path each of them answers."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

PARAMETER = re.compile(r"\[([^\[\].]+)\]")


class RouteError(Exception):
    """Two files contradict each other; the message names both."""


@dataclass(frozen=True, slots=True)
class Route:
    """One function: its file below the project, and its path, in which `[name]` is a parameter."""

    file: PurePosixPath
    segments: tuple[str, ...]

    @property
    def path(self) -> str:
        """The path as the file tree spells it: /api/v1/projects/[project_id]."""
        return "/" + "/".join(self.segments)

    @property
    def shape(self) -> tuple[str, ...]:
        """The segments without the parameters' names; static ones sort first."""
        return tuple("~" if PARAMETER.fullmatch(part) else f"!{part}" for part in self.segments)


Found = tuple[Route, dict[str, str]]  # a route, and the parameters of a path that it answers


@dataclass(slots=True)
class Node:
    """What may follow a beginning of a path: fixed segments, a parameter, or nothing more."""

    route: Route | None = None
    fixed: dict[str, "Node"] = field(default_factory=dict)
    parameter: tuple[str, "Node"] | None = None

    def add(self, route: Route) -> None:
        """Grow the branch that leads to a route."""
        node = self
        for segment in route.segments:
            if name := PARAMETER.fullmatch(segment):
                node.parameter = node.parameter or (name[1], Node())
                node = node.parameter[1]
            else:
                node = node.fixed.setdefault(segment, Node())
        node.route = route

    def find(self, parts: list[str]) -> Found | None:
        """Return the route for the parts of a path, and its parameters, still percent-encoded."""
        if not parts:
            return (self.route, {}) if self.route else None
        first, rest = parts[0], parts[1:]
        if (fixed := self.fixed.get(first)) and (found := fixed.find(rest)):
            return found
        if self.parameter and (found := self.parameter[1].find(rest)):
            return found[0], {self.parameter[0]: first} | found[1]
        return None


@dataclass(frozen=True, slots=True)
class Routes:
    """All functions in order of precedence, and the files that the platform drops silently."""

    functions: list[Route] = field(default_factory=list)
    dropped: list[PurePosixPath] = field(default_factory=list)
    tree: Node = field(default_factory=Node)

    def find(self, path: str) -> Found | None:
        """Return the function for an undecoded path, and its parameters; None without one."""
        parts = path.removeprefix("/").removesuffix("/").split("/")
        return None if "" in parts else self.tree.find(parts)


def discover(root: Path) -> Routes:
    """Return what `vercel build` would make of the files under `root`/api.

    Raises RouteError when two files answer the same path or give one parameter two names: the
    build fails on that too.
    """
    routes = Routes()
    for file in candidates(root):
        if defines_app(root / file):
            routes.functions.append(Route(file, _segments(file)))
        else:
            routes.dropped.append(file)
    routes.functions.sort(key=lambda route: route.shape)
    _refuse_conflicts(routes.functions)
    for route in routes.functions:
        routes.tree.add(route)
    return routes


def candidates(root: Path) -> Iterator[PurePosixPath]:
    """Yield the Python files under api/, without those hidden by a leading `_` or `.`."""
    for path in sorted((root / "api").rglob("*.py")):
        file = PurePosixPath(path.relative_to(root).as_posix())
        if not any(part.startswith(("_", ".")) for part in file.parts):
            yield file


def defines_app(path: Path) -> bool:
    """Return whether static analysis finds a top-level `app`, as the platform's own does.

    Seen: `app = ...`, `app: Flask = ...`, `from x import app`. Not seen: anything inside a block,
    a tuple assignment, a file that does not parse.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return False
    return any(_binds_app(statement) for statement in tree.body)


def _binds_app(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=targets):
            return any(isinstance(target, ast.Name) and target.id == "app" for target in targets)
        case ast.AnnAssign(target=ast.Name(id="app"), value=ast.expr()):
            return True
        case ast.ImportFrom(names=names):
            return any((name.asname or name.name) == "app" for name in names)
    return False


def _refuse_conflicts(functions: list[Route]) -> None:
    claims: dict[tuple[str, ...], tuple[str, Route]] = {}
    for route in functions:
        places = [(route.shape, "")]  # the whole path, and each parameter on the way
        places += [
            ((*route.shape[:index], "~", ""), segment)
            for index, segment in enumerate(route.segments)
            if route.shape[index] == "~"
        ]
        for place, name in places:
            known, other = claims.setdefault(place, (name, route))
            if other != route and (name != known or not name):
                raise RouteError(f"{other.file} and {route.file} claim the same path.")


def _segments(file: PurePosixPath) -> tuple[str, ...]:
    parts = file.with_suffix("").parts
    return parts[:-1] if parts[-1] == "index" else parts
