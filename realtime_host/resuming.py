"""Where a client left off, as it says on the URL, and whether it can go on from there."""

from __future__ import annotations

import re
from typing import NamedTuple
from uuid import UUID

from werkzeug.datastructures import MultiDict

from lib.bridge.log import Standing
from lib.errors import BadRequest, mistake
from realtime_host import limits

MAX_DIGITS = 15  # more than any log will ever need, and exact in JavaScript, too

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NUMBER = re.compile(rf"[0-9]{{1,{MAX_DIGITS}}}")


class Asked(NamedTuple):
    """The last event that a client has seen, and the epoch of the log in which it has seen it."""

    epoch: str
    seq: int


def asked(args: MultiDict[str, str]) -> Asked | None:
    """Return what `?epoch=...&seq=...` asks for, None for neither.

    Raises BadRequest, with a pointer, for a value that is malformed, missing or given twice.
    """
    if "epoch" not in args and "seq" not in args:
        return None
    epoch = _value(args, "epoch", _UUID, "Give the epoch of the welcome: a UUID.")
    seq = _value(args, "seq", _NUMBER, "Give the number of the last event seen: 0 or more.")
    return Asked(str(UUID(epoch)), int(seq))


def refused(asked: Asked, standing: Standing) -> str | None:
    """Return why a client can't go on from there, None if it can: the log has all it missed."""
    if asked.epoch != standing.epoch:
        return "epoch-changed"
    if asked.seq > standing.seq:
        return "ahead"
    if asked.seq < standing.pruned or standing.seq - asked.seq > limits.REPLAY_EVENTS:
        return "too-old"
    return None


def _value(args: MultiDict[str, str], name: str, form: re.Pattern[str], help_: str) -> str:
    values = args.getlist(name)
    if len(values) != 1 or not form.fullmatch(values[0]):
        raise BadRequest(errors=[mistake(f"/{name}", help_)])
    return values[0]
