"""The base of every schema, and the field rules that several domains share."""

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

MAX_NAME = 120  # characters of a name that people give to something


class Strict(Schema):
    """A schema that refuses what it does not know."""

    class Meta:
        """Unknown fields are mistakes, not noise."""

        unknown = RAISE


class PersonOut(Strict):
    """Somebody, as others see them."""

    id = fields.UUID()
    name = fields.String()


def name_field(**kwargs: Any) -> fields.String:
    """Return a field for a name: 1 to 120 characters, on one line, not blank."""
    rule = validate.Regexp(
        r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*\Z", error="Give a name on one line."
    )
    return fields.String(validate=[validate.Length(min=1, max=MAX_NAME), rule], **kwargs)


def role_field(**kwargs: Any) -> fields.String:
    """Return a field for a member's role."""
    return fields.String(validate=validate.OneOf(["viewer", "collaborator", "owner"]), **kwargs)
