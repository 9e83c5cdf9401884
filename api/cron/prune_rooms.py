"""/api/cron/prune_rooms: the maintenance function of that name, for the platform's timer."""

from functions.prune_rooms import app

__all__ = ["app"]
