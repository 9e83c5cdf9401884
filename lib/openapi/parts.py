"""The parts of the document that no route declares: what all of them share."""

from __future__ import annotations

from typing import Any

TITLE = "Collaborative workspace API"
INFO = {
    "description": (
        "JSON in UTF-8. Send an access token as `Authorization: Bearer ...`. Roles are viewer, "
        "collaborator and owner, each able to do what the one before is; what a caller may not see "
        "answers 404, what the role does not allow 403. Every error is a problem document."
    ),
    "license": {"name": "MIT", "identifier": "MIT"},
}
LIMIT_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy")
ANSWER_HEADERS = {
    "one": (),
    "created": ("Location", "Idempotency-Replayed"),
    "page": ("Link",),
    "file": ("Accept-Ranges", "Content-Disposition"),
    "stream": ("Content-Disposition",),
    "nothing": (),
}

PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457); `type` is stable, the sentences are for people.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "pattern": "^/problems/[a-z-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "required_role": {"type": "string"},
        "required_scope": {"type": "string"},
        "job_id": {"type": "string", "format": "uuid"},
        "location": {"type": "string", "description": "Where what is in the way can be read."},
        "errors": {
            "type": "array",
            "description": "Each mistake in the input.",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON pointer (RFC 6901)."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

_HEADERS = {
    "Accept-Ranges": "`bytes`: parts can be asked for.",
    "Content-Range": "Which bytes these are, and of how many.",
    "Content-Disposition": "The name to save the file under.",
    "ETag": "The version that this answer shows.",
    "Idempotency-Replayed": "`true` when this is the answer to an earlier request with the key.",
    "Link": "The next page, with rel=next (RFC 8288).",
    "Location": "Where the new thing is.",
    "RateLimit-Limit": "How many requests a window allows.",
    "RateLimit-Policy": "The same, with the window in seconds.",
    "RateLimit-Remaining": "How many are left in this window.",
    "RateLimit-Reset": "In how many seconds the next window begins.",
    "Retry-After": "In how many seconds to try again.",
    "X-Request-Id": "The id of this request, in every log line and event that it left.",
}

_PARAMETERS = {
    "Idempotency-Key": (
        "Carry this request out once, however often it is sent, for 24 hours.",
        {"type": "string", "pattern": "^[\\x21\\x23-\\x7e]{1,255}$"},
    ),
    "If-Match": ("Write only if this is still the version there.", {"type": "string"}),
    "If-None-Match": ("Answer 304 if this is still the version there.", {"type": "string"}),
    "If-Range": (
        "With Range: answer with the part only of this version, else with the whole.",
        {"type": "string"},
    ),
    "Range": (
        "Answer with one part: `bytes=0-99`, `bytes=100-`, `bytes=-100`.",
        {"type": "string"},
    ),
    "X-Request-Id": (
        "An id of the client's own: 8 to 128 letters, digits, dots, dashes; others are left aside.",
        {"type": "string"},
    ),
}

SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cronSecret": {"type": "http", "scheme": "bearer", "description": "CRON_SECRET"},
}


def path_parameter(name: str) -> dict[str, Any]:
    """Return a path parameter; all of them are ids."""
    schema = {"type": "string", "format": "uuid"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def with_components(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with what its operations refer to."""
    components = document["components"]
    components["schemas"]["Problem"] = PROBLEM
    components["securitySchemes"] = SECURITY
    components["headers"] = {
        name: {"description": says, "schema": {"type": "string"}} for name, says in _HEADERS.items()
    }
    components["parameters"] = {
        name: {"name": name, "in": "header", "description": says, "schema": schema}
        for name, (says, schema) in _PARAMETERS.items()
    }
    return document
