"""What comes in and goes out of the file routes and of the file-change event."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from lib.schemas import PersonOut, Strict, integer_field

MAX_PATH = 400  # characters
MAX_CONTENT = 512 * 1024  # bytes in UTF-8
MAX_DOCUMENT = 8 * 1024 * 1024  # bytes of a file with its history, as Yjs keeps it
MAX_OPERATIONS = 1000  # in one delta

# One or more segments of visible characters; no `.` or `..`, no backslash, no empty segment.
_SEGMENT = r"(?!\.{1,2}(?:/|$))[^/\\\x00-\x1f\x7f]+"
_PATH = validate.Regexp(
    rf"^{_SEGMENT}(?:/{_SEGMENT})*\Z", error="Give a relative path such as notes/today.md."
)


def path_field(**kwargs: Any) -> fields.String:
    """Return a field for the path of a file, or of a folder."""
    return fields.String(validate=[validate.Length(min=1, max=MAX_PATH), _PATH], **kwargs)


def _check_text(value: str) -> None:
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise ValidationError("NUL and lone surrogates can't be stored.")
    if len(value.encode()) > MAX_CONTENT:
        raise ValidationError(f"Longer than {MAX_CONTENT} bytes.")


class FileIn(Strict):
    """A file to create."""

    path = path_field(required=True)
    content = fields.String(load_default="", validate=_check_text)


class ContentIn(Strict):
    """A file's new text; `base`: the `seq` its writer had read, the latest if left out."""

    content = fields.String(required=True, validate=_check_text)
    base = integer_field(load_default=None, validate=validate.Range(min=0))


class Operation(Strict):
    """One step of a delta: exactly one of retain, insert and delete; lengths in UTF-16 units."""

    retain = integer_field(validate=validate.Range(min=1, max=MAX_CONTENT))
    insert = fields.String(validate=[validate.Length(min=1), _check_text])
    delete = integer_field(validate=validate.Range(min=1, max=MAX_CONTENT))

    @validates_schema
    def _one(self, data: dict[str, Any], **_: object) -> None:
        if len(data) != 1:
            raise ValidationError("Give one of retain, insert and delete.")


class FileChangeIn(Strict):
    """An edit of a file, as Quill and Yjs write them, made on the text as it was at `base`."""

    file_id = fields.UUID(required=True)
    base = integer_field(required=True, validate=validate.Range(min=0))
    delta = fields.List(
        fields.Nested(Operation), required=True, validate=validate.Length(min=1, max=MAX_OPERATIONS)
    )


class EditOut(Strict):
    """An edit as it was stored: number `seq` of its file, made on the text as it was at seq - 1."""

    file_id = fields.UUID()
    seq = fields.Integer()
    delta = fields.List(fields.Nested(Operation))


class FileChangeOut(EditOut):
    """Somebody's edit, told to the room."""

    author = fields.Nested(PersonOut)


class FileListedOut(Strict):
    """A file that came into its project or went, told to the room."""

    project_id = fields.UUID()
    file_id = fields.UUID()
    path = fields.String()
    file = fields.String(validate=validate.OneOf(["created", "deleted"]))


class FileOut(Strict):
    """A file without its content; `seq` counts its edits."""

    id = fields.UUID()
    project_id = fields.UUID()
    path = fields.String()
    seq = fields.Integer()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()
    updated_by = fields.UUID(allow_none=True)


class ContentOut(FileOut):
    """A file with its content."""

    content = fields.String()
