"""/api/cron/move_audit: the maintenance function of that name, for the platform's timer."""

from functions.move_audit import app

__all__ = ["app"]
