"""What comes in where reports are scheduled: schedules of one kind, whose payload is known here."""

from typing import Any

from marshmallow import fields, validate

from lib.jobs.report_schemas import FORMATS
from lib.jobs.reports import DEFAULT_DAYS, KIND, MAX_DAYS
from lib.jobs.schedule_schemas import ScheduleChanges, ScheduleIn
from lib.schemas import Strict, integer_field


class RecurringReport(Strict):
    """What each report is about: so many days, up to the time at which it is due."""

    days = integer_field(load_default=DEFAULT_DAYS, validate=validate.Range(1, MAX_DAYS))
    format = fields.String(load_default="zip", validate=validate.OneOf(FORMATS))


def _kind(**kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf([KIND]), **kwargs)


class ReportScheduleIn(ScheduleIn):
    """Reports to have made again and again, at the times that `cron` means in `timezone`."""

    kind = _kind(required=True)
    payload = fields.Nested(
        RecurringReport,
        load_default=lambda: RecurringReport().load({}),
        metadata={"default": {"days": DEFAULT_DAYS, "format": "zip"}},
    )


class ReportScheduleChanges(ScheduleChanges):
    """What to change of a schedule of reports; at least one of these."""

    kind = _kind()
    payload = fields.Nested(RecurringReport)
