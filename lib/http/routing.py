"""Which view answers a request: found by one regular expression for each of an app's few rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from werkzeug.routing import Map, Rule, UUIDConverter

_PARAMETER = re.compile(r"<uuid:(\w+)>")

View = Callable[..., Any]


class Found(NamedTuple):
    """The view, the rule that led to it, and the parameters in the path."""

    view: View
    rule: Rule
    parameters: dict[str, UUID]


class Routes:
    """The rules of an app whose parameters are UUIDs; whatever else is asked for, Flask finds.

    That includes all that is no route: an unknown path, another method, OPTIONS.
    """

    def __init__(self, rules: Map, views: dict[str, View]) -> None:
        self._found: dict[re.Pattern[str], dict[str, tuple[View, Rule]]] = {}
        for rule in rules.iter_rules():
            if pattern := _pattern(rule.rule):
                found = self._found.setdefault(pattern, {})
                for method in (rule.methods or set()) - {"OPTIONS"}:
                    found[method] = views[rule.endpoint], rule

    def find(self, method: str, path: str) -> Found | None:
        """Return what answers this, or None if that is for Flask to say."""
        for pattern, found in self._found.items():
            if match := pattern.fullmatch(path):
                if method not in found:
                    return None
                view, rule = found[method]
                return Found(view, rule, {n: UUID(v) for n, v in match.groupdict().items()})
        return None


def _pattern(rule: str) -> re.Pattern[str] | None:
    if "<" in _PARAMETER.sub("", rule):
        return None
    text = re.escape(rule)  # which leaves the parameters as they are
    return re.compile(_PARAMETER.sub(lambda m: f"(?P<{m[1]}>{UUIDConverter.regex})", text))
