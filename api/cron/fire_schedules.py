"""/api/cron/fire_schedules: the maintenance function of that name, for the platform's timer."""

from functions.fire_schedules import app

__all__ = ["app"]
