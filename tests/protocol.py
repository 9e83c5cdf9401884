"""Every frame and close that any test receives is held against the protocol's document."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from lib.bridge.messages import Message

DOCUMENT = Path(__file__).resolve().parents[1] / "public/api/v1/asyncapi.json"


@cache
def document() -> dict[str, Any]:
    """The document as it is served."""
    return json.loads(DOCUMENT.read_text())


def check(frame: dict[str, Any], side: str = "host") -> None:
    """Fail when the document does not say that the host (or a client) sends this."""
    validators = _validators(side).get(frame["event"])
    assert validators, f"{side}.{frame['event']} is not in the document"
    found = [[error.message for error in each.iter_errors(frame)] for each in validators]
    assert [] in found, f"{frame}: {found}"


def check_told(message: Message) -> None:
    """Fail when the document does not say that a room can be told this."""
    frame = json.loads(message.encode())
    told = {
        name: frame[name] for name in ("id", "at", "data", "seq", "request_id") if name in frame
    }
    check({"event": message.type} | told)


def is_close(code: int) -> bool:
    """Return whether the document says that a host may close a connection with this code."""
    return str(code) in document()["channels"]["room"]["x-close-codes"]


@cache
def _validators(side: str) -> dict[str, list[Draft7Validator]]:
    found: dict[str, list[Draft7Validator]] = {}
    components = document()["components"]
    for name, message in components["messages"].items():
        if name.startswith(f"{side}."):
            schema = message["payload"] | {"components": components}
            found.setdefault(message["name"], []).append(Draft7Validator(schema))
    return found
