"""Every Redis key and channel of this project. Who runs it by hand looks here first."""

from uuid import UUID

QUEUE = "huey.redis.collab"  # the list that a stock huey consumer named `collab` takes from
# By the priority of a job. Webhooks have their own, so that they never occupy a whole worker.
QUEUES = {
    "high": f"{QUEUE}.high",
    "normal": QUEUE,
    "low": f"{QUEUE}.low",
    "webhooks": f"{QUEUE}.webhooks",
}

IDENTITY = "collab:identity"  # a random id, by which two processes know that it is one Redis
ROOM_PREFIX = "collab:room:"
DOC_PREFIX = "collab:doc:"
ACCESS_PREFIX = "collab:access:"


def room(project_id: UUID | str) -> str:
    """Return the channel of everyone in a project."""
    return f"{ROOM_PREFIX}{project_id}"


def doc(file_id: UUID | str) -> str:
    """Return the channel of the editors of a file: its updates, and where their cursors are."""
    return f"{DOC_PREFIX}{file_id}"


def access(user_id: UUID | str) -> str:
    """Return the channel on which a person's revoked sessions and changed roles are told."""
    return f"{ACCESS_PREFIX}{user_id}"


def ticket(digest: str) -> str:
    """Return the key of a one-time realtime ticket, by the SHA-256 of the ticket in hex."""
    return f"collab:ticket:{digest}"


def presence(project_id: UUID | str) -> str:
    """Return the key of the set of hosts that hold members of a project."""
    return f"collab:presence:{project_id}"


def presence_of_host(project_id: UUID | str, host_id: str) -> str:
    """Return the key of the people whom one host holds in a project, as one JSON text."""
    return f"collab:presence:{project_id}:{host_id}"


def probe(name: str) -> str:
    """Return the key of a value that is written one way and read the other, to compare both."""
    return f"collab:probe:{name}"
