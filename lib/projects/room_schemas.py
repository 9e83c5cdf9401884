"""What goes out of the routes of a project's room, and what the room is told."""

from marshmallow import fields, validate

from lib.schemas import PersonOut, Strict, role_field


class TicketOut(Strict):
    """A one-time ticket for the real-time host, and the address to open with it."""

    ticket = fields.String()
    url = fields.String()
    expires_in = fields.Integer()


class PresentOut(Strict):
    """Somebody who is in a room, and their role there."""

    user = fields.Nested(PersonOut)
    role = fields.String()


class PresenceOut(Strict):
    """Everyone who is in a project's room, each person once, by name."""

    people = fields.List(fields.Nested(PresentOut))


class RoomOut(Strict):
    """How busy a room is.

    `people` are here now, on so many real-time `hosts`; `events` counts by name what the room was
    told in the last `hours` that its log still holds; `seq` is the number of the last one.
    """

    people = fields.Integer()
    hosts = fields.Integer()
    seq = fields.Integer()
    hours = fields.Integer()
    events = fields.Dict(keys=fields.String(), values=fields.Integer())


class MemberUpdatedOut(Strict):
    """Somebody's new role, told to a room; null: they are no member any more."""

    user_id = fields.UUID()
    role = role_field(allow_none=True)


class ProjectChangedOut(Strict):
    """A project's name and description as they are now, told to its room."""

    project_id = fields.UUID()
    deleted = fields.Boolean(validate=validate.Equal(False))
    name = fields.String()
    description = fields.String()


class ProjectTrashedOut(Strict):
    """Whether a project is in the trash, told to its room."""

    project_id = fields.UUID()
    deleted = fields.Boolean()
