"""/api/cron/prune_records: the maintenance function of that name, for the platform's timer."""

from functions.prune_records import app

__all__ = ["app"]
