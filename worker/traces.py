"""Digests of tracebacks: the same failure has the same one, on every worker and in every release.

Lines are counted from the head of their function, so that an edit elsewhere changes nothing, and
what an exception says does not count: it may differ each time.
"""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Iterator

DIGITS = 16  # of the SHA-256, in hex: enough to tell failures of one installation apart


def digest(error: BaseException) -> str:
    """Return a short digest of where an exception came from, its causes included."""
    return hashlib.sha256("\n".join(_lines(error)).encode()).hexdigest()[:DIGITS]


def _lines(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield f"{type(error).__module__}.{type(error).__qualname__}"
        for frame, line in traceback.walk_tb(error.__traceback__):
            code, module = frame.f_code, frame.f_globals.get("__name__", "")
            yield f"{module}:{code.co_qualname}:{line - code.co_firstlineno}"
        following = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if following is None:
            return
        error = following
