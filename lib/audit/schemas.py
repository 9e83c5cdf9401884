"""What comes in and goes out where the log is read."""

from marshmallow import fields, validate

from lib.audit import actions
from lib.audit.filter_schemas import FilterQuery, WhenQuery
from lib.audit.party_schemas import ActorOut, DoerOut, TargetOut
from lib.http.paging import PageQuery
from lib.schemas import Strict


class ActivityQuery(PageQuery, WhenQuery):
    """A page of what happened, by action and time."""


class AuditQuery(PageQuery, FilterQuery):
    """A page of what happened in a workspace."""


def action_field() -> fields.String:
    """Return the field for what happened: one of the table, with all that the table says."""
    return fields.String(
        validate=validate.OneOf(list(actions.ACTIONS)),
        metadata={"description": actions.described()},
    )


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
