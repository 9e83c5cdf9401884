"""/api/cron/compact_files: the maintenance function of that name, for the platform's timer."""

from functions.compact_files import app

__all__ = ["app"]
