"""What comes in and goes out where the log is read."""

from marshmallow import fields, validate

from lib.audit import actions
from lib.http.paging import PageQuery
from lib.schemas import Strict

REQUEST_ID = r"^[A-Za-z0-9._-]{8,128}\Z"


class WhenQuery(Strict):
    """Which events: by action, and by time (`since` included, `until` not)."""

    action = fields.String(
        load_default=None,
        validate=validate.Regexp(
            r"^[a-z-]{1,40}\.[a-z-]{0,40}\Z",
            error="Give an action such as project.created, or a noun with its dot: project.",
        ),
        metadata={"description": "One of those that an event may have, or a noun with its dot."},
    )
    since = fields.AwareDateTime(load_default=None)
    until = fields.AwareDateTime(load_default=None)


class FilterQuery(WhenQuery):
    """Which events of a workspace: also by who did it, to what, where, and with which request."""

    actor_id = fields.UUID(load_default=None)
    target_type = fields.String(load_default=None, validate=validate.Regexp(r"^[a-z-]{1,40}\Z"))
    target_id = fields.String(load_default=None, validate=validate.Regexp(r"^[A-Za-z0-9-]{1,64}\Z"))
    project_id = fields.UUID(load_default=None)
    request_id = fields.String(load_default=None, validate=validate.Regexp(REQUEST_ID))
    address = fields.String(load_default=None, validate=validate.Regexp(r"^[0-9A-Fa-f.:]{2,45}\Z"))


class ActivityQuery(PageQuery, WhenQuery):
    """A page of what happened, by action and time."""


class AuditQuery(PageQuery, FilterQuery):
    """A page of what happened in a workspace."""


class TimelineQuery(Strict):
    """Which request."""

    request_id = fields.String(required=True, validate=validate.Regexp(REQUEST_ID))


def action_field() -> fields.String:
    """Return the field for what happened: one of the table, with all that the table says."""
    return fields.String(
        validate=validate.OneOf(list(actions.ACTIONS)),
        metadata={"description": actions.described()},
    )


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


class ContextOut(Strict):
    """The request that it came with; a worker's events carry the id of the one they go back to.

    `token_id` is the personal access token's, where the request came with one.
    """

    request_id = fields.String()
    address = fields.String()
    user_agent = fields.String()
    token_id = fields.String(allow_none=True)


class ChainOut(Strict):
    """Its place on the workspace's chain: its number, the hash of the event before it, its own.

    A hash is the SHA-256, in hexadecimal, of the one before it and of the event as JSON: UTF-8,
    members sorted by name, no white space.
    """

    seq = fields.Integer(allow_none=True)
    prev = fields.String(allow_none=True)
    hash = fields.String(allow_none=True)


class EventOut(Strict):
    """One event of the log."""

    id = fields.String()
    at = fields.AwareDateTime()
    action = action_field()
    actor = fields.Nested(ActorOut, allow_none=True)
    workspace_id = fields.String(allow_none=True)
    project_id = fields.String(allow_none=True)
    target = fields.Nested(TargetOut)
    context = fields.Nested(ContextOut)
    details = fields.Dict()


class LoggedOut(EventOut):
    """One event of a workspace, with its place on the chain."""

    chain = fields.Nested(ChainOut)


class HappeningOut(Strict):
    """One event of a project, as all its members see it."""

    id = fields.String()
    at = fields.AwareDateTime()
    action = action_field()
    actor = fields.Nested(DoerOut, allow_none=True)
    target = fields.Nested(TargetOut)
    details = fields.Dict()


class DayOut(Strict):
    """How much happened on one day (UTC)."""

    day = fields.String()
    count = fields.Integer()


class ActionCountOut(Strict):
    """How often one thing happened."""

    action = fields.String()
    count = fields.Integer()


class ActorCountOut(Strict):
    """How much one person did; null: the system itself, or nobody that is known."""

    actor = fields.Nested(DoerOut, allow_none=True)
    count = fields.Integer()


class AuditSummaryOut(Strict):
    """How much happened in a time range, of at most 366 days: `by_actor` are who did most."""

    since = fields.AwareDateTime()
    until = fields.AwareDateTime()
    total = fields.Integer()
    by_day = fields.List(fields.Nested(DayOut))
    by_action = fields.List(fields.Nested(ActionCountOut))
    by_actor = fields.List(fields.Nested(ActorCountOut))


class EntryOut(Strict):
    """One thing that a request led to.

    In the `log` it is an event, with its number; a `job` is submitted, started, finished, and each
    attempt that has ended is there too; a `room` was told something, under a number of its own.
    """

    at = fields.AwareDateTime()
    source = fields.String(validate=validate.OneOf(["log", "job", "room"]))
    what = fields.String()
    seq = fields.Integer(allow_none=True)
    project_id = fields.String(allow_none=True)
    actor = fields.Nested(ActorOut, allow_none=True)
    target = fields.Nested(TargetOut)
    details = fields.Dict()


class TimelineOut(Strict):
    """What one request led to, the earliest first."""

    request_id = fields.String()
    entries = fields.List(fields.Nested(EntryOut))
