"""/api/cron/sweep_jobs: the maintenance function of that name, for the platform's timer."""

from functions.sweep_jobs import app

__all__ = ["app"]
