"""Every answer that any test gets is held against the reference: its status and what it shows."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

REFERENCE = Path(__file__).resolve().parents[1] / "public/api/v1/openapi.json"
ALWAYS = frozenset({404, 405})  # of a path that is none, and of a method that is not offered


@cache
def document() -> dict[str, Any]:
    """The reference as it is served."""
    return json.loads(REFERENCE.read_text())


def check(method: str, path: str, answer: TestResponse) -> None:
    """Fail when the reference does not say that this request can be answered like this."""
    if method == "OPTIONS":  # a browser's question, not a client's
        return
    operation = _operation(method, path.partition("?")[0])
    if operation is None:
        assert answer.status_code in ALWAYS, f"{method} {path} is not in the reference"
        return
    responses = operation["responses"]
    told = f"{method} {path} answered {answer.status_code}, the reference says {list(responses)}"
    assert str(answer.status_code) in responses, told
    _check_body(operation["operationId"], str(answer.status_code), answer)


def _check_body(operation_id: str, status: str, answer: TestResponse) -> None:
    validators = _validators()[operation_id, status]
    if "*/*" in validators:
        return
    streamed = answer.status_code == 200 and "Content-Length" not in answer.headers
    media_type = answer.mimetype if streamed or answer.data else None
    assert media_type in (validators or {None}), f"{operation_id} {status}: {media_type}"
    if validators and answer.is_json:
        errors = [error.message for error in validators[media_type].iter_errors(answer.get_json())]
        assert not errors, f"{operation_id} {status}: {errors}"


def _operation(method: str, path: str) -> dict[str, Any] | None:
    for pattern, operations in _paths():
        if pattern.fullmatch(path):  # a fixed path wins over one with a parameter, as it is routed
            return operations.get(method.lower())
    return None


@cache
def _paths() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    paths = sorted(document()["paths"].items(), key=lambda item: item[0].count("{"))
    return [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), item) for path, item in paths]


@cache
def _validators() -> dict[tuple[str, str], dict[str | None, Draft202012Validator]]:
    found = {}
    for item in document()["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                found[operation["operationId"], status] = {
                    media_type: Draft202012Validator(
                        content["schema"] | {"components": document()["components"]}
                    )
                    for media_type, content in response.get("content", {}).items()
                }
    return found
