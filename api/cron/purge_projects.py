"""/api/cron/purge_projects: the maintenance function of that name, for the platform's timer."""

from functions.purge_projects import app

__all__ = ["app"]
