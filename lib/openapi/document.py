"""The document: one operation after another, and the schemas that they name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from apispec import APISpec
from marshmallow import Schema

from lib.access.permissions import Level
from lib.openapi import parts, schemas, webhooks
from lib.openapi.links import links
from lib.openapi.naming import operation_id, tag
from lib.openapi.responses import errors
from lib.openapi.routes import Operation, operations

VERSION = "1.0.0"  # of the API; its major number is in every path
JSON = "application/json"


def build(root: Path) -> dict[str, Any]:
    """Return the OpenAPI document of all functions below `root`/api."""
    spec = schemas.collecting(parts.TITLE, VERSION, info=parts.INFO)
    every = list(operations(root))
    for operation in every:
        described = _describe(operation, spec)
        if following := links(operation, every):
            described["responses"][str(operation.answer.status)]["links"] = following
        spec.path(operation.path, operations={operation.method.lower(): described})
    document = spec.to_dict() | {"webhooks": webhooks.described(spec)}
    document["components"]["schemas"] = schemas.collected(spec)
    _speak_ecma(document)
    return parts.with_components(document)


def text(document: dict[str, Any]) -> str:
    """Return the document as the file holds it."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _describe(operation: Operation, spec: APISpec) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation_id(operation),
        "tags": [tag(operation)],
        "summary": operation.summary,
        "parameters": _parameters(operation, spec),
        "responses": _success(operation) | errors(operation),
        "security": _security(operation),
    }
    if rule := operation.permission:
        described |= {"x-permission": rule.name, "x-required-role": rule.least.name.lower()}
        described["x-required-scope"] = rule.grant
    if operation.limit:
        limit = operation.limit
        described["x-limit"] = {"requests": limit.most, "seconds": limit.seconds}
    if content := _body(operation):
        described["requestBody"] = {"required": True, "content": content}
    return described


def _body(operation: Operation) -> dict[str, Any]:
    if operation.bytes_type:
        schema = {"type": "string", "format": "binary", "minLength": 1}
        return {operation.bytes_type: {"schema": schema}}
    return {JSON: {"schema": operation.body}} if operation.body else {}


def _parameters(operation: Operation, spec: APISpec) -> list[Any]:
    found: list[Any] = [parts.path_parameter(name) for name in operation.parameters]
    if operation.query:
        asked = schemas.converter(spec).schema2parameters(operation.query(), location="query")
        found += map(_without_null, asked)
    return found + _headers(operation)  # by name: they stand among the components


def _without_null(parameter: dict[str, Any]) -> dict[str, Any]:
    # What a parameter is when it is left out can't be written into a query string.
    schema = {n: v for n, v in parameter["schema"].items() if (n, v) != ("default", None)}
    if isinstance(schema.get("type"), list):
        (schema["type"],) = set(schema["type"]) - {"null"}
    if "enum" in schema:
        schema["enum"] = [choice for choice in schema["enum"] if choice is not None]
    return parameter | {"schema": schema}


def _headers(operation: Operation) -> list[str]:
    wanted = {
        "Idempotency-Key": operation.answer.kind == "created",
        "If-Match": operation.takes_if_match,
        "If-None-Match": operation.answer.kind in ("one", "file") and operation.method == "GET",
        "Range": operation.answer.kind == "file",
        "If-Range": operation.answer.kind == "file",
        "X-Request-Id": True,
    }
    return [name for name, holds in wanted.items() if holds]


def _success(operation: Operation) -> dict[str, Any]:
    answer = operation.answer
    response: dict[str, Any] = {"description": operation.summary or "Done."}
    more: dict[str, Any] = {}
    names = ["X-Request-Id", *parts.ANSWER_HEADERS[answer.kind]]
    if answer.kind == "file" or (answer.kind == "one" and operation.method != "POST"):
        names.append("ETag")
    if answer.status == 202:
        names.append("Retry-After")
    if operation.limit:
        names += parts.LIMIT_HEADERS
    response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if answer.kind == "file":
        response["content"] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
        partial = {"Content-Range": {"$ref": "#/components/headers/Content-Range"}}
        part = response | {"description": "A part.", "headers": response["headers"] | partial}
        more["206"] = part
    elif answer.kind == "stream":
        binary = {"schema": {"type": "string", "format": "binary"}}
        response["content"] = dict.fromkeys(answer.media, binary)
    elif answer.schema:
        response["content"] = {JSON: {"schema": _shown(answer.kind, answer.schema)}}
    responses = {str(answer.status): response} | more
    if "If-None-Match" in _headers(operation):
        responses["304"] = {"description": "You have this version already."}
    return responses


def _shown(kind: str, schema: type[Schema]) -> Any:
    if kind != "page":
        return schema
    return {
        "type": "object",
        "required": ["items", "next_cursor"],
        "additionalProperties": False,
        "properties": {
            "items": {"type": "array", "items": schema},
            "next_cursor": {"type": ["string", "null"]},
        },
    }


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    if operation.is_cron:
        return [{"cronSecret": []}]
    rule = operation.permission
    return [] if rule and rule.least is Level.ANYONE else [{"bearer": []}]


def _speak_ecma(part: Any) -> None:
    # JSON Schema's patterns are ECMA's, which has no \Z: its $ is the very end, as Python's is not.
    if isinstance(part, dict) and isinstance(part.get("pattern"), str):
        part["pattern"] = part["pattern"].replace("\\Z", "$")
    for inner in (
        part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    ):
        _speak_ecma(inner)
