"""Schemas in a document: each of them once, under its own name, with what its docstring says."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin, OpenAPIConverter
from marshmallow import Schema


def collecting(title: str, version: str, **options: Any) -> APISpec:
    """Return an empty document that takes in every schema that it is shown."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    return APISpec(title, version, "3.1.0", plugins=[plugin], **options)


def converter(spec: APISpec) -> OpenAPIConverter:
    """Return what turns schemas into their names among those of a document, and takes them in."""
    return spec.plugins[0].converter  # type: ignore[attr-defined]


def collected(spec: APISpec) -> dict[str, Any]:
    """Return all schemas that a document has been shown, described; what goes out is all there."""
    schemas: dict[str, Any] = spec.to_dict()["components"]["schemas"]
    classes: dict[str, Any] = {name: key[0] for key, name in converter(spec).refs.items()}
    for name, schema in schemas.items():
        # marshmallow's `required` is about what comes in.
        if name.endswith("Out") and schema.get("properties"):
            schema["required"] = sorted(schema["properties"])
        schema["description"] = " ".join((classes[name].__doc__ or "").split())
        schema.update(classes[name].RULES)
    return schemas


def _name(schema: Schema | type[Schema]) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return cls.__name__
