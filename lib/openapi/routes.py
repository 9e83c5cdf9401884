"""What each method of each route declares: read from the functions, as they are deployed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import Schema

from lib.access.permissions import PERMISSIONS, Permission
from lib.access.throttles import Limit
from lib.emulator.functions import Functions
from lib.emulator.routes import discover
from lib.http.answers import Answer

CRON = "/api/cron"
SAFE = frozenset({"HEAD", "OPTIONS"})  # what Flask answers by itself


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path; `rule` is the path as Flask spells it."""

    method: str
    rule: str
    view: Callable[..., Any]

    @property
    def path(self) -> str:
        """The path as OpenAPI spells it: /api/v1/projects/{project_id}."""
        return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", self.rule)

    @property
    def parameters(self) -> list[str]:
        """The names in the path."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def is_cron(self) -> bool:
        """Whether only the platform's timer may call it."""
        return self.rule.startswith(CRON)

    @property
    def permission(self) -> Permission | None:
        """Its row in the table of permissions; None for a cron."""
        name = getattr(self.view, "permission", None)
        return PERMISSIONS[name] if name else None

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return (self.view.__doc__ or "").strip().partition("\n")[0]

    @property
    def body(self) -> type[Schema] | None:
        """What its body is validated by."""
        return getattr(self.view, "body_schema", None)

    @property
    def bytes_type(self) -> str | None:
        """The media type of a body that is no JSON."""
        return getattr(self.view, "bytes_type", None)

    @property
    def query(self) -> type[Schema] | None:
        """What its query string is validated by."""
        return getattr(self.view, "query_schema", None)

    @property
    def answer(self) -> Answer:
        """What it answers when all is well."""
        answer: Answer = self.view.answer  # type: ignore[attr-defined]
        return answer

    @property
    def limit(self) -> Limit | None:
        """How often it may be called."""
        return getattr(self.view, "limit", None)

    @property
    def takes_if_match(self) -> bool:
        """Whether a write may mean one version only."""
        return getattr(self.view, "if_match", False)


def operations(root: Path) -> Iterator[Operation]:
    """Yield every operation of the functions below `root`/api, by path and method."""
    functions, found = Functions(root), []
    for route in discover(root).functions:
        app: Any = functions.app(route)
        for rule in app.url_map.iter_rules():
            view = app.view_functions[rule.endpoint]
            found += [Operation(method, rule.rule, view) for method in rule.methods - SAFE]
    yield from sorted(found, key=lambda each: (each.path, each.method))
