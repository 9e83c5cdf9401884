"""What goes out where an operator looks at a side."""

from marshmallow import fields

from lib.maintenance.schemas import RunOut
from lib.schemas import Strict


class SideOut(Strict):
    """One side: its clock (seconds since 1970), the ids of its keys, and of the stores it reaches.

    A store that does not answer is null.
    """

    now = fields.Float()
    keys = fields.List(fields.String())
    postgres = fields.String(allow_none=True)
    redis = fields.String(allow_none=True)
    mongo = fields.String(allow_none=True)


class OverviewOut(Strict):
    """All maintenance functions, and the side that they run on."""

    functions = fields.List(fields.Nested(RunOut))
    side = fields.Nested(SideOut)
