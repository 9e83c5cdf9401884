"""What comes in and goes out of the routes of uploads."""

from marshmallow import fields, validate

from lib.schemas import Strict

MAX_PART = 4 * 1024 * 1024  # bytes; Vercel takes bodies of 4.5 MB
MAX_PARTS = 100
ZIP = "application/zip"


class PartQuery(Strict):
    """Which part of the upload the body is, counted from 1; the first came with the upload."""

    part = fields.Integer(required=True, validate=validate.Range(min=1, max=MAX_PARTS))


class PartOut(Strict):
    """A part of an upload: its number, its size in bytes, and the SHA-256 of its bytes in hex."""

    number = fields.Integer()
    size = fields.Integer()
    sha256 = fields.String()


class UploadOut(Strict):
    """An upload: its size in bytes, and what its parts are; it is gone when it expires."""

    id = fields.UUID()
    project_id = fields.UUID()
    size = fields.Integer()
    parts = fields.List(fields.Nested(PartOut))
    created_by = fields.UUID(allow_none=True)
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()
