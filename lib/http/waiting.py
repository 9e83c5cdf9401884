"""Long-polling: an answer that waits until there is something new, for a while.

Between two looks nothing is held but the thread: no connection, no lock. Each look is a whole read,
which asks anew who it is: whoever may not see the thing any more is told so within half a second.
A client that waits costs two such reads a second, without their way over the network.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from threading import BoundedSemaphore
from time import monotonic
from typing import Any

from marshmallow import fields, validate

from lib.http.bodies import query_values
from lib.http.current import at_hand
from lib.http.reply import Reply
from lib.input import validate as validated
from lib.schemas import Strict

LONGEST = 25  # seconds; a function may take 30, and proxies often give up after as long
LOOK_EVERY = 0.5  # seconds
MOST = 16  # requests that wait in one process; further ones are answered at once

View = Callable[..., Any]

_seats = BoundedSemaphore(MOST)


class WaitQuery(Strict):
    """How many seconds to wait for another version than If-None-Match names."""

    wait = fields.Integer(load_default=0, validate=validate.Range(min=0, max=LONGEST))


def waits(view: View) -> View:
    """Have the view of one resource take `?wait=`: its 304 comes when nothing has changed so long.

    It stands above `permits`, which is asked anew with every look.
    """
    loader = WaitQuery()

    @wraps(view)
    def patient(**params: Any) -> Any:
        if not at_hand.get().query_string:
            return view(**params)
        ends = monotonic() + validated(loader, query_values())["wait"]
        answer = view(**params)
        if not _unchanged(answer) or monotonic() >= ends or not _seats.acquire(blocking=False):
            return answer
        try:
            while _unchanged(answer) and (left := ends - monotonic()) > 0:
                time.sleep(min(LOOK_EVERY, left))
                answer = view(**params)
        finally:
            _seats.release()
        return answer

    patient.query_schema = WaitQuery  # type: ignore[attr-defined]
    return patient


def _unchanged(answer: Any) -> bool:
    return isinstance(answer, Reply) and answer.status == 304
