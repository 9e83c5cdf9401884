"""Who did something, and to what it was done, as an event names them."""

from marshmallow import fields

from lib.schemas import Strict


class ActorOut(Strict):
    """Who did it, as they were called then."""

    id = fields.String()
    name = fields.String()
    email = fields.String()


class DoerOut(Strict):
    """Who did it, as other members see them."""

    id = fields.String()
    name = fields.String()


class TargetOut(Strict):
    """What it was done to."""

    type = fields.String()
    id = fields.String()
