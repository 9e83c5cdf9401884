"""What goes out where maintenance runs are shown."""

from marshmallow import fields

from lib.schemas import Strict


class RunOut(Strict):
    """The last run of a function (not finished: under way, or cut off), and its last success.

    `every` is how often it is due, and `age` how long ago it last succeeded (or the system was set
    up), in seconds; `late` says that this is over three turns. `runs` and `failures` are of the
    last day.
    """

    function = fields.String()
    every = fields.Integer()
    late = fields.Boolean()
    started_at = fields.AwareDateTime(allow_none=True)
    finished_at = fields.AwareDateTime(allow_none=True)
    ms = fields.Integer(allow_none=True)
    done = fields.Dict(keys=fields.String(), values=fields.Integer(), allow_none=True)
    error = fields.String(allow_none=True)
    succeeded_at = fields.AwareDateTime(allow_none=True)
    age = fields.Float()
    runs = fields.Integer()
    failures = fields.Integer()
