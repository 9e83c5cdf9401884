"""/api/cron/expire_invitations: the maintenance function of that name, for the platform's timer."""

from functions.expire_invitations import app

__all__ = ["app"]
