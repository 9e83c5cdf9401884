"""What comes in and goes out of the project routes."""

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from lib.schemas import Strict, name_field

MAX_DESCRIPTION = 2000  # characters


def _description(**kwargs: Any) -> fields.String:
    return fields.String(validate=validate.Length(max=MAX_DESCRIPTION), **kwargs)


class ProjectIn(Strict):
    """A project to create."""

    name = name_field(required=True)
    description = _description(load_default="")


class ProjectChanges(Strict):
    """What to change of a project; at least one of the two."""

    RULES: ClassVar = {"minProperties": 1}

    name = name_field()
    description = _description()

    @validates_schema
    def _something(self, data: dict[str, str], **_: object) -> None:
        if not data:
            raise ValidationError("Give a name or a description.")


class ProjectOut(Strict):
    """A project, and the caller's role in it."""

    id = fields.UUID()
    workspace_id = fields.UUID()
    name = fields.String()
    description = fields.String()
    role = fields.String()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()
