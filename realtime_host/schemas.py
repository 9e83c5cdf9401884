"""What the host itself tells its clients; what use cases announce is with them, in lib/."""

from typing import Any, ClassVar

from marshmallow import fields, validate

from lib.projects.room_schemas import PresentOut
from lib.schemas import PersonOut, Strict, role_field
from realtime_host.bounds import LimitsOut

RESYNC_REASONS = ("epoch-changed", "too-old", "ahead")


class Nothing(Strict):
    """No data."""


class RoomProjectOut(Strict):
    """The project whose room it is."""

    id = fields.UUID()
    name = fields.String()


class LogOut(Strict):
    """Where this connection stands in the room's log: what has a number comes after `seq`.

    `resumed` says whether it goes on where the client has left off; null: it did not ask to.
    """

    epoch = fields.UUID()
    seq = fields.Integer()
    resumed = fields.Boolean(allow_none=True)


class WelcomeOut(Strict):
    """Who I am, what I may do, and who is here."""

    connection_id = fields.UUID()
    user = fields.Nested(PersonOut)
    role = role_field()
    project = fields.Nested(RoomProjectOut)
    people = fields.List(fields.Nested(PresentOut))
    log = fields.Nested(LogOut)
    limits = fields.Nested(LimitsOut)


class ResyncRequiredOut(Strict):
    """Why the client can't go on where it has left off: it reads the state over REST again."""

    reason = fields.String(validate=validate.OneOf(RESYNC_REASONS))


class UserLeftOut(Strict):
    """Somebody whose last connection has ended."""

    user = fields.Nested(PersonOut)


class CursorUpdateOut(Strict):
    """Where somebody's selection is, as they said it; without a file or a place: nowhere."""

    RULES: ClassVar[dict[str, Any]] = {"required": ["user"]}

    user = fields.Nested(PersonOut)
    file_id = fields.UUID(allow_none=True)
    anchor = fields.Integer(allow_none=True)
    head = fields.Integer(allow_none=True)
    state = fields.String(allow_none=True)


class ReconnectOut(Strict):
    """In how many milliseconds to come back; the host closes right after it."""

    after_ms = fields.Integer()
