"""/api/cron/expire_sessions: the maintenance function of that name, for the platform's timer."""

from functions.expire_sessions import app

__all__ = ["app"]
