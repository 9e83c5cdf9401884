"""What comes in where a report is asked for."""

from marshmallow import fields, validate

from lib.schemas import Strict

FORMATS = ("zip", "json", "csv", "svg")


class ReportIn(Strict):
    """What the report is about: what happened from `since` to before `until`, the last 30 days.

    `format` is what is made: the counts as JSON or CSV, a chart as SVG, or all three in a zip.
    """

    since = fields.AwareDateTime(load_default=None, allow_none=True)
    until = fields.AwareDateTime(load_default=None, allow_none=True)
    format = fields.String(load_default="zip", validate=validate.OneOf(FORMATS))
