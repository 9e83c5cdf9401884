"""When each maintenance function is due, as vercel.json fires it."""

from datetime import timedelta

EVERY = {
    "sweep_jobs": timedelta(minutes=1),
    "fire_schedules": timedelta(minutes=1),
    "move_audit": timedelta(minutes=1),
    "compact_files": timedelta(minutes=10),
    "prune_rooms": timedelta(minutes=10),
    "prune_audit": timedelta(hours=1),
    "expire_sessions": timedelta(hours=1),
    "expire_invitations": timedelta(hours=1),
    "purge_projects": timedelta(hours=1),
    "prune_records": timedelta(hours=1),
}

MISSED = 3  # turns in a row, after which a function is late
