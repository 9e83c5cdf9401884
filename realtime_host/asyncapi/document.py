"""The document: a message for each event of either side, and who may send it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apispec import APISpec
from marshmallow import Schema

from lib.access.permissions import PERMISSIONS
from lib.openapi import schemas
from lib.openapi.document import VERSION
from lib.openapi.parts import PROBLEM
from realtime_host.asyncapi import parts
from realtime_host.events import Event, all_events
from realtime_host.schemas import Nothing
from realtime_host.sent import SENT, Sent

ASYNCAPI = "3.0.0"  # the version of the specification

Json = dict[str, Any]

_NUMBERED = frozenset(sent.name for sent in SENT if sent.numbered == "always")


def build() -> Json:
    """Return the AsyncAPI document of a room."""
    spec = schemas.collecting(parts.TITLE, VERSION)
    events = sorted(all_events().values(), key=lambda event: event.name)
    messages = dict(_messages(spec, events))
    return {
        "asyncapi": ASYNCAPI,
        "info": {"title": parts.TITLE, "version": VERSION} | parts.INFO,
        "defaultContentType": "application/json",
        "servers": parts.SERVERS,
        "channels": {"room": parts.room(_references(messages)), "file": parts.file()},
        "operations": _received(events) | _sent(),
        "components": {
            "messages": messages,
            "schemas": schemas.collected(spec) | {"Problem": PROBLEM},
            "securitySchemes": parts.SECURITY,
        },
    }


def _messages(spec: APISpec, events: list[Event]) -> Iterator[tuple[str, Json]]:
    for event in events:
        yield f"client.{event.name}", _from_client(spec, event)
    for sent in SENT:
        yield f"host.{sent.name}", _from_host(spec, sent)
    for event in events:
        if event.answer is not Nothing:
            summary = f"An acknowledged `{event.name}`."
            yield _ack_of(event), _ack(spec, event.answer, summary, event.name in _NUMBERED)
    yield "host.ack", _ack(spec, Nothing, "What was sent with this `id` is done.")
    yield "host.error", _error()


def _from_client(spec: APISpec, event: Event) -> Json:
    members = {"id": parts.OWN_ID, "data": _schema(spec, type(event.schema))}
    needed = any(field.required for field in event.schema.fields.values())
    return _message(event.name, _summary(event), members, ["data"] if needed else [])


def _from_host(spec: APISpec, sent: Sent) -> Json:
    choices = [_schema(spec, schema) for schema in sent.schemas]
    data = choices[0] if len(choices) == 1 else {"oneOf": choices}
    known = {} if sent.fleeting else {"id": parts.HOST_ID, "at": parts.AT}
    members = known | {"data": data}
    required = [*members, *(["seq"] if sent.numbered == "always" else [])]
    numbered = {} if sent.numbered == "never" else {"seq": parts.SEQ, "request_id": parts.REQUEST}
    return _message(sent.name, sent.summary, members | numbered, required)


def _ack(spec: APISpec, answer: type[Schema], summary: str, numbered: bool = False) -> Json:
    members = {"id": parts.OWN_ID, "data": _schema(spec, answer)}
    if numbered:  # the event's number: the ack is in its place
        members["seq"] = parts.SEQ
    return _message("ack", summary, members, list(members))


def _error() -> Json:
    members = {"id": parts.OWN_ID, "data": {"$ref": "#/components/schemas/Problem"}}
    summary = "What was sent is refused; with its `id` if it had one that could be read."
    return _message("error", summary, members, ["data"])


def _message(name: str, summary: str, members: Json, required: list[str]) -> Json:
    payload = {
        "type": "object",
        "required": ["event", *required],
        "additionalProperties": False,
        "properties": {"event": {"const": name}} | members,
    }
    return {"name": name, "summary": summary, "payload": payload}


def _received(events: list[Event]) -> Json:
    return {f"receive-{event.name}": _receives(event) for event in events}


def _receives(event: Event) -> Json:
    rule = PERMISSIONS[event.permission]
    answers = [_ack_of(event), "host.error"]
    return {
        "action": "receive",
        "channel": {"$ref": "#/channels/room"},
        "summary": _summary(event),
        "messages": [_of_room(f"client.{event.name}")],
        "reply": {
            "channel": {"$ref": "#/channels/room"},
            "messages": [_of_room(name) for name in answers],
        },
        "x-permission": rule.name,
        "x-required-role": rule.least.name.lower(),
        "x-required-scope": rule.grant,
    }


def _sent() -> Json:
    return {
        f"send-{sent.name}": {
            "action": "send",
            "channel": {"$ref": "#/channels/room"},
            "summary": sent.summary,
            "messages": [_of_room(f"host.{sent.name}")],
        }
        for sent in SENT
    }


def _schema(spec: APISpec, schema: type[Schema]) -> Json:
    reference: Json = schemas.converter(spec).resolve_nested_schema(schema)
    return reference


def _references(messages: Mapping[str, Json]) -> Json:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in messages}


def _of_room(name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/room/messages/{name}"}


def _ack_of(event: Event) -> str:
    return "host.ack" if event.answer is Nothing else f"host.{event.name}-ack"


def _summary(event: Event) -> str:
    return (event.handle.__doc__ or "").strip().partition("\n")[0]
