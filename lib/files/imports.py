"""Importing files: each is put at its path in a project, or beside what is there already.

How far an import has come is kept in the transactions that write its files: whatever happens to an
attempt, none of them is written twice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Access
from lib.errors import Conflict
from lib.files import edits, files, queries, upload_queries
from lib.files.schemas import MAX_PATH

if TYPE_CHECKING:
    from lib.stores.connection import Connection

ON_CONFLICT = ("skip", "replace", "rename")  # what to do where a path is taken
MAX_RENAMES = 50  # names that are tried for one file
MAX_NOTES = 50  # entries whose reason to be left out is told


@dataclass
class State:
    """How many entries are dealt with, and what came of them, with why some were left out."""

    done: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    skipped: list[dict[str, str]] = field(default_factory=list)

    def skip(self, name: str, reason: str) -> None:
        """Count an entry that is left out."""
        self.counts["skipped"] += 1
        if len(self.skipped) < MAX_NOTES:
            self.skipped.append({"name": name, "reason": reason})

    def shown(self) -> dict[str, Any]:
        """Return the outcome as the job's result."""
        outcomes = ("created", "replaced", "renamed", "unchanged")
        told: dict[str, Any] = {name: self.counts[name] for name in outcomes}
        return told | {"left_out": self.counts["skipped"], "skipped": self.skipped}


def state(conn: Connection, job_id: UUID) -> State:
    """Return how far an import has come: nowhere, for a new one."""
    row = upload_queries.import_state(conn, job_id)
    if row is None:
        return State()
    outcome = row["outcome"]
    return State(row["done"], Counter(outcome["counts"]), outcome["skipped"])


def save(conn: Connection, job_id: UUID, upload_id: UUID, reached: State) -> None:
    """Keep how far an import has come, together with what it has just written."""
    outcome = {"counts": dict(reached.counts), "skipped": reached.skipped}
    upload_queries.save_import(conn, job_id, upload_id, reached.done, outcome)


def put(access: Access, path: str, content: str, on_conflict: str) -> str:
    """Put a file into the project; return what that came to.

    `created`, `replaced`, `renamed`, `unchanged` (it was like this before) or `taken` (something
    else is there, and stays).
    """
    if _create(access, path, content):
        return "created"
    if on_conflict == "rename":
        names = (_renamed(path, number) for number in range(2, 2 + MAX_RENAMES))
        fit = (name for name in names if len(name) <= MAX_PATH)
        return "renamed" if any(_create(access, name, content) for name in fit) else "taken"
    return _replace(access, path, content) if on_conflict == "replace" else "taken"


def _create(access: Access, path: str, content: str) -> bool:
    try:
        files.create(access, path=path, content=content)
    except Conflict:
        return False
    return True


def _replace(access: Access, path: str, content: str) -> str:
    row = queries.by_path(access.conn, access.id, path)
    if row is None:  # deleted in this very moment
        return "created" if _create(access, path, content) else "taken"
    target = row | {"workspace_id": access.target["workspace_id"]}
    file = edits.replace(
        Access(access.conn, access.caller, access.role, target), content=content, base=None
    )
    return "unchanged" if file["seq"] == row["seq"] else "replaced"


def _renamed(path: str, number: int) -> str:
    folder, slash, name = path.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    name = f"{stem} ({number}).{ending}" if dot and stem else f"{name} ({number})"
    return folder + slash + name
