"""Which events of the log are asked for."""

from marshmallow import fields, validate

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
