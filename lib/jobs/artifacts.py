"""Artifacts: the file that a job made, kept with the job that succeeded in making it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.errors import NotFound, TooLarge
from lib.jobs import queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection

MAX_ARTIFACT = 50 * 1024 * 1024  # bytes
MAX_FILENAME = 150  # characters
TAG_BYTES = 12
MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,80}")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file to download: what it is called, what it is, and its bytes."""

    filename: str
    media_type: str
    content: bytes


def make(filename: str, media_type: str, content: bytes) -> Artifact:
    """Return an artifact whose name is safe on every system.

    Raises TooLarge beyond 50 MiB, ValueError for what is not a media type.
    """
    if len(content) > MAX_ARTIFACT:
        raise TooLarge(f"What this job made is larger than {MAX_ARTIFACT} bytes.")
    if not MEDIA_TYPE.fullmatch(media_type):
        raise ValueError(f"not a media type: {media_type!r}")
    return Artifact(safe_name(filename), media_type, content)


def keep(conn: Connection, job_id: UUID, artifact: Artifact) -> None:
    """Keep what a job made; in the transaction in which the job succeeds."""
    queries.insert_artifact(conn, job_id, artifact.filename, artifact.media_type, artifact.content)


def read(conn: Connection, job_id: UUID) -> dict[str, Any]:
    """Return what the File to download is made of; raises NotFound when a job has made none.

    A job makes one but once: its id and the file's time tell the version.
    """
    about = queries.artifact(conn, job_id)
    if about is None:
        raise NotFound("This job has made no file, or not yet.")
    version = f"{job_id} {about.pop('created_at').isoformat()}".encode()
    tag = blake2b(version, digest_size=TAG_BYTES).hexdigest()
    return about | {"tag": tag, "read": partial(queries.artifact_part, conn, job_id)}


def safe_name(text: str) -> str:
    """Return `text` as a file name: no folders, no controls, nothing that a shell or Windows eats.

    Empty text, and what only steers (`.`, `..`), becomes `_`.
    """
    name = "".join(c if c.isprintable() and c not in '<>:"/\\|?*' else "_" for c in text)
    stem, dot, ending = name[-12:].rpartition(".")
    ending = dot + ending if stem and ending.isalnum() else ""
    name = name[: -len(ending) or None][: MAX_FILENAME - len(ending)] + ending
    return name.strip(" .") or "_"
