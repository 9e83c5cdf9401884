"""`project.import`: the files in an uploaded zip become files of a project."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from marshmallow import ValidationError, fields, validate

from lib.access import lookups
from lib.access.caller import Access
from lib.errors import Conflict, Forbidden, NotFound
from lib.files import imports, uploads
from lib.files.imports import State
from lib.files.schemas import MAX_CONTENT, MAX_PATH, FileIn, path_field
from lib.schemas import Strict
from worker.archives import Archive, shown
from worker.context import Context
from worker.handlers.project_export import MANIFEST
from worker.kinds import PermanentFailure, job_kind

if TYPE_CHECKING:
    from lib.stores.connection import Connection

BATCH = 20  # files written in one transaction
BATCH_BYTES = 1024 * 1024  # of their content; one that begins below it is still in
MAX_MANIFEST = 8 * 1024 * 1024  # bytes
CHECKED = 20  # percent: the part of the work that is done when the archive has been read through

NO_TEXT = "not text in UTF-8"


class ImportIn(Strict):
    """Which upload to import, below which folder, and what to do where a path is taken."""

    upload_id = fields.UUID(required=True)
    prefix = path_field(load_default=None, allow_none=True)
    on_conflict = fields.String(load_default="skip", validate=validate.OneOf(imports.ON_CONFLICT))


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry, and the path that its file is to have."""

    path: str
    entry: zipfile.ZipInfo


@dataclass(frozen=True, slots=True)
class Text:
    """What a file is to hold; None: it is left out, and `missing` says why."""

    content: str | None
    missing: str = ""


@job_kind("project.import", title="Import files from a zip", payload=ImportIn, timeout=600)
def import_files(job: Context) -> dict[str, Any]:
    """Put the files of a zip into the project; nothing is written unless the zip is sound."""
    with tempfile.TemporaryFile() as file:
        _fetch(job, file)
        archive = Archive(file)
        plan = _plan(archive, job.payload["prefix"])
        _read_through(job, archive)
        with job.conn() as conn:
            reached = imports.state(conn, job.job_id)
        while reached.done < len(plan):
            _write(job, archive, plan, reached)
            share = reached.done / len(plan)
            message = f"{reached.done} of {len(plan)} files"
            job.progress(CHECKED + (99 - CHECKED) * share, message)
    return reached.shown()


def _fetch(job: Context, file: IO[bytes]) -> None:
    try:
        with job.conn() as conn:
            for part in uploads.parts(conn, job.project_id, job.payload["upload_id"]):
                file.write(part)
                job.check()
    except NotFound:
        raise PermanentFailure(
            "There is no such upload in this project, or it has expired."
        ) from None
    except Conflict as error:
        raise PermanentFailure(str(error)) from None


def _read_through(job: Context, archive: Archive) -> None:
    for number, entry in enumerate(archive.entries):
        for _ in archive.chunks(entry):
            job.check()
        job.progress(CHECKED * number / len(archive.entries), "checking the zip")


def _plan(archive: Archive, prefix: str | None) -> list[Planned]:
    """Return what is to be written where, by path: two imports at once lock files in one order."""
    paths = _exported_paths(archive)
    planned = []
    for entry in archive.entries:
        if paths and entry.filename == MANIFEST:
            continue
        path = paths.get(entry.filename, entry.filename)
        planned.append(Planned(f"{prefix}/{path}" if prefix else path, entry))
    return sorted(planned, key=lambda each: each.path)


def _exported_paths(archive: Archive) -> dict[str, str]:
    """Return the paths of an export's files by entry, as its manifest tells them; {}: it is none.

    They differ where a path of the project would be unsafe to unpack somewhere.
    """
    entry = next((each for each in archive.entries if each.filename == MANIFEST), None)
    if entry is None or entry.file_size > MAX_MANIFEST:
        return {}
    try:
        manifest = json.loads(b"".join(archive.chunks(entry)))
        told = {file["name"]: file["path"] for file in manifest["files"]}
        for path in told.values():
            FileIn().load({"path": path})
    except (ValueError, KeyError, TypeError, RecursionError, ValidationError):
        return {}
    is_ours = "exported_at" in manifest and len(set(told.values())) == len(told)
    return told if is_ours else {}


def _write(job: Context, archive: Archive, plan: list[Planned], reached: State) -> None:
    """Write the next files, and with them how far the import has come."""
    batch = list(_batch(archive, plan[reached.done :]))
    payload = job.payload
    with job.transaction() as conn:
        access = _access(job, conn)
        for planned, text in batch:
            _put(access, planned, text, payload["on_conflict"], reached)
            reached.done += 1
        imports.save(conn, job.job_id, payload["upload_id"], reached)


def _batch(archive: Archive, plan: list[Planned]) -> Iterator[tuple[Planned, Text]]:
    size = 0
    for planned in plan[:BATCH]:
        text = _text(archive, planned)
        size += planned.entry.file_size if text.content is not None else 0
        yield planned, text
        if size > BATCH_BYTES:
            return


def _text(archive: Archive, planned: Planned) -> Text:
    if len(planned.path) > MAX_PATH:
        return Text(None, f"its path is longer than {MAX_PATH} characters")
    if planned.entry.file_size > MAX_CONTENT:
        return Text(None, f"larger than {MAX_CONTENT} bytes")
    content = b"".join(archive.chunks(planned.entry))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return Text(None, NO_TEXT)
    return Text(None, NO_TEXT) if "\0" in text else Text(text)


def _put(access: Access, planned: Planned, text: Text, on_conflict: str, reached: State) -> None:
    if text.content is None:
        reached.skip(shown(planned.entry.filename), text.missing)
        return
    came_to = imports.put(access, planned.path, text.content, on_conflict)
    if came_to == "taken":
        reached.skip(shown(planned.entry.filename), "there is a file at its path")
    else:
        reached.counts[came_to] += 1


def _access(job: Context, conn: Connection) -> Access:
    try:
        if job.created_by is None:
            raise NotFound
        return lookups.on_behalf(
            conn, "file.create", job.created_by, job.project_id, job.request_id
        )
    except (NotFound, Forbidden):
        raise PermanentFailure("Who submitted this may not write here any more.") from None
