"""/api/cron/prune_audit: the maintenance function of that name, for the platform's timer."""

from functions.prune_audit import app

__all__ = ["app"]
