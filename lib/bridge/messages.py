"""The messages on the channels: compact JSON with `v`, `type`, `id`, `at` and `data`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from lib.ids import new_id

VERSION = 1


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `type` names the event, `data` its content, `origin` the host that sent it.

    A persistent one has the number `seq` in its room's log of this `epoch`; `sender` is the
    connection which gets an answer in its place; `request_id` is of the request that it goes back
    to, if there was one.
    """

    type: str
    data: dict[str, Any]
    id: str = field(default_factory=lambda: str(new_id()))
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    origin: str = ""
    sender: str = ""
    epoch: str = ""
    seq: int = 0  # none: not in a log
    request_id: str = ""
    logged: str = field(default="", compare=False, repr=False)  # as it was encoded for the log

    def encode(self) -> str:
        """Return the message as compact JSON text."""
        if self.logged:
            since = {"origin": self.origin, "epoch": self.epoch, "seq": self.seq}
            return f"{_encoded(since)[:-1]},{self.logged[1:]}"
        body = {"v": VERSION, "type": self.type, "id": self.id, "at": self.at}
        for name in _OPTIONAL:
            if value := getattr(self, name):
                body[name] = value
        body["data"] = self.data
        return _encoded(body)

    def numbered(self, epoch: str, seq: int, logged: str) -> Message:
        """Return the message as the log has it: with its number there, and its text."""
        # Faster than dataclasses.replace, and every event of every room comes through here.
        return Message(
            self.type, self.data, self.id, self.at, self.origin, self.sender, epoch, seq,
            self.request_id, logged,
        )  # fmt: skip


_OPTIONAL = {"origin": str, "sender": str, "epoch": str, "seq": int, "request_id": str}


def _encoded(body: dict[str, Any]) -> str:
    return orjson.dumps(body, str, orjson.OPT_PASSTHROUGH_DATETIME).decode()


def decode(text: str | bytes) -> Message | None:
    """Return the message in `text`, or None for one that is not ours or of another version."""
    try:
        body = json.loads(text)
        if body["v"] != VERSION:
            return None
        more = {name: kind(body[name]) for name, kind in _OPTIONAL.items() if name in body}
        return Message(body["type"], body["data"], body["id"], body["at"], **more)
    except (ValueError, KeyError, TypeError):
        return None
