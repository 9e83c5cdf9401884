"""The base of every schema, and the field rules that several domains share."""

from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, fields, validate

MAX_EMAIL = 254  # characters, RFC 5321
MAX_NAME = 120  # characters of a name that people give to something

_CONTROL = r"\x00-\x1f\x7f"
_BLANK = r"\s\x85\ufeff"  # to Python \s is not quite what it is to JSON Schema: here it is both


class Strict(Schema):
    """A schema that refuses what it does not know.

    `RULES` says as JSON Schema what a subclass checks of the whole object, for the reference.
    """

    RULES: ClassVar[dict[str, Any]] = {}

    class Meta:
        """Unknown fields are mistakes, not noise."""

        unknown = RAISE


class PersonOut(Strict):
    """Somebody, as others see them."""

    id = fields.UUID()
    name = fields.String()


def name_field(**kwargs: Any) -> fields.String:
    """Return a field for a name: 1 to 120 characters, on one line, not blank."""
    # In one pass, however long it is: what could match in several ways would take its square.
    rule = validate.Regexp(rf"^(?![{_BLANK}]*\Z)[^{_CONTROL}]+\Z", error="Give a name on one line.")
    return fields.String(validate=[validate.Length(min=1, max=MAX_NAME), rule], **kwargs)


def role_field(**kwargs: Any) -> fields.String:
    """Return a field for a member's role."""
    return fields.String(validate=validate.OneOf(["viewer", "collaborator", "owner"]), **kwargs)


class _Truth(fields.Boolean):
    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, *args, **kwargs)


def boolean_field(**kwargs: Any) -> fields.Boolean:
    """Return a field for true or false; as in JSON, 1 and "yes" are neither."""
    return _Truth(**kwargs)


class _Whole(fields.Integer):
    def _validated(self, value: Any) -> int:
        whole = isinstance(value, float) and value.is_integer()
        return super()._validated(int(value) if whole else value)


def integer_field(**kwargs: Any) -> fields.Integer:
    """Return a field for an integer; as in JSON Schema 5.0 is one, and "5" and true are not."""
    return _Whole(strict=True, **kwargs)


def email_field(*, required: bool = True) -> fields.String:
    """Return a field for an e-mail address; it is compared and kept in lower case."""
    return _LowerEmail(required=required, validate=validate.Length(max=MAX_EMAIL))


class _LowerEmail(fields.Email):
    def _deserialize(self, *args: object, **kwargs: object) -> str:
        value: str = super()._deserialize(*args, **kwargs)
        if not value.isascii() or not value.isprintable():
            raise ValidationError("Not a valid email address.")
        return value.lower()
