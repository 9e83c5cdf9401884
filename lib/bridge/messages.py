"""The messages on the channels: compact JSON with `v`, `type`, `id`, `at` and `data`."""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from lib.ids import new_text

VERSION = 1


class Message(NamedTuple):
    """One message: `type` names the event, `data` its content, `origin` the host that sent it.

    A persistent one has the number `seq` in its room's log of this `epoch`; `sender` is the
    connection which gets an answer in its place; `request_id` is of the request that it goes back
    to, if there was one.
    """

    type: str
    data: dict[str, Any]
    id: str
    at: str
    origin: str = ""
    sender: str = ""
    epoch: str = ""
    seq: int = 0  # none: not in a log
    request_id: str = ""
    logged: str = ""  # as it was encoded for the log

    @classmethod
    def new(cls, event: str, data: dict[str, Any], **more: Any) -> "Message":
        """Return a message of now, with an id of its own."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return cls(event, data, new_text(), now, **more)

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
