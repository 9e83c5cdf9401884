"""What the host itself tells its clients; what use cases announce is with them, in lib/."""

from marshmallow import fields

from lib.projects.schemas import PresentOut
from lib.schemas import PersonOut, Strict, role_field


class Nothing(Strict):
    """No data."""


class RoomProjectOut(Strict):
    """The project whose room it is."""

    id = fields.UUID()
    name = fields.String()


class LimitsOut(Strict):
    """What a client may send, how far it may fall behind, and when it is pinged."""

    frame_bytes = fields.Integer()
    messages_per_second = fields.Integer()
    burst = fields.Integer()
    queue_bytes = fields.Integer()
    ping_seconds = fields.Float()


class WelcomeOut(Strict):
    """Who I am, what I may do, and who is here."""

    connection_id = fields.UUID()
    user = fields.Nested(PersonOut)
    role = role_field()
    project = fields.Nested(RoomProjectOut)
    people = fields.List(fields.Nested(PresentOut))
    limits = fields.Nested(LimitsOut)


class UserLeftOut(Strict):
    """Somebody whose last connection has ended."""

    user = fields.Nested(PersonOut)


class CursorUpdateOut(Strict):
    """Where somebody's selection is; null: nowhere."""

    user = fields.Nested(PersonOut)
    file_id = fields.UUID(allow_none=True)
    anchor = fields.Integer(allow_none=True)
    head = fields.Integer(allow_none=True)


class ReconnectOut(Strict):
    """In how many milliseconds to come back; the host closes right after it."""

    after_ms = fields.Integer()
