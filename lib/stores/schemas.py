"""What goes out of the health routes."""

from marshmallow import fields

from lib.schemas import Strict


class LiveOut(Strict):
    """The function runs."""

    status = fields.String()


class StoresOut(Strict):
    """Which of the stores answer."""

    postgres = fields.Boolean()
    redis = fields.Boolean()
    mongo = fields.Boolean()


class ReadyOut(LiveOut):
    """The function runs, and Postgres answers; requests do without the others for a while."""

    stores = fields.Nested(StoresOut)
