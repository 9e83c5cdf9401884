"""What a check has found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence about a part of the system; a failure is what has to be mended."""

    level: Level
    part: str
    text: str


Findings = Iterator[Finding]
Check = Callable[[], Findings]


def ok(part: str, text: str) -> Finding:
    """Return that something is as it should be."""
    return Finding("ok", part, text)


def warning(part: str, text: str) -> Finding:
    """Return that something may be meant so, or mends itself."""
    return Finding("warning", part, text)


def failure(part: str, text: str) -> Finding:
    """Return that something has to be mended."""
    return Finding("failure", part, text)
