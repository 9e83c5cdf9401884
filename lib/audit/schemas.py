"""What comes in and goes out where the log is read."""

from marshmallow import fields, validate

from lib.http.paging import PageQuery
from lib.schemas import Strict


class ActivityQuery(PageQuery):
    """Which events: by action, and by time (`since` included, `until` not)."""

    action = fields.String(
        load_default=None,
        validate=validate.Regexp(
            r"^[a-z-]{1,40}\.[a-z-]{0,40}\Z",
            error="Give an action such as project.created, or a noun with its dot: project.",
        ),
    )
    since = fields.AwareDateTime(load_default=None)
    until = fields.AwareDateTime(load_default=None)


class AuditQuery(ActivityQuery):
    """Which events of a workspace: by action, by time, and by who did it."""

    actor_id = fields.UUID(load_default=None)


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


class EventOut(Strict):
    """One event of the log."""

    id = fields.String()
    at = fields.AwareDateTime()
    action = fields.String()
    actor = fields.Nested(ActorOut, allow_none=True)
    workspace_id = fields.String(allow_none=True)
    project_id = fields.String(allow_none=True)
    target = fields.Nested(TargetOut)
    context = fields.Nested(ContextOut)
    details = fields.Dict()


class HappeningOut(Strict):
    """One event of a project, as all its members see it."""

    id = fields.String()
    at = fields.AwareDateTime()
    action = fields.String()
    actor = fields.Nested(DoerOut, allow_none=True)
    target = fields.Nested(TargetOut)
    details = fields.Dict()
