"""The reference as a page to browse: one file of HTML that needs no script."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def prose(text: str) -> Markup:
    """Return a description as HTML: what stands between backticks is code."""
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(safe)  # noqa: S704 - escaped before the tags came in


_TEMPLATES.filters["prose"] = prose


def render(document: dict[str, Any], rooms: dict[str, Any]) -> str:
    """Return the page for an OpenAPI document, and for the AsyncAPI document of the rooms."""
    components = document["components"]
    schemas = components["schemas"] | rooms["components"]["schemas"]
    return _TEMPLATES.get_template("page.html").render(
        document=document,
        rooms=rooms,
        groups=_groups(document),
        schemas=sorted(schemas.items()),
        parameters=components["parameters"],
        type_of=type_of,
        rules_of=rules_of,
        description_of=lambda schema: schemas[type_of(schema)]["description"],
        messages_of=_messages,
    )


def type_of(schema: dict[str, Any]) -> str:
    """Return a schema's type in a word or two: `string (uuid)`, `list of ProjectOut`, a name."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(type_of(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {type_of(schema['items'])}"
    kinds = schema.get("type", "anything")
    name = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    return f"{name} ({schema['format']})" if "format" in schema else name


def rules_of(schema: dict[str, Any]) -> str:
    """Return what else a value has to be: its bounds, its choices, its default."""
    rules = [
        f"{words} {schema[name]}"
        for name, words in (
            ("minimum", "at least"), ("maximum", "at most"), ("minLength", "characters, from"),
            ("maxLength", "characters, to"), ("minItems", "items, from"), ("maxItems", "items, to"),
            ("default", "default"),
        )
        if schema.get(name) is not None
    ]  # fmt: skip
    if choices := schema.get("enum"):
        rules.append("one of " + ", ".join(str(choice) for choice in choices if choice is not None))
    return "; ".join(rules)


def _messages(rooms: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    names = (message["$ref"].rpartition("/")[2] for message in operation["messages"])
    return [rooms["components"]["messages"][name] for name in names]


def _groups(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            told = operation | {"path": path, "method": method.upper()}
            groups.setdefault(operation["tags"][0], []).append(told)
    return dict(sorted(groups.items()))
