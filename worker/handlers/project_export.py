"""`project.export`: all files of a project as a zip to download, with a manifest."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from lib.files import files
from lib.jobs.artifacts import MAX_ARTIFACT, safe_name
from lib.projects import projects
from worker.context import Context
from worker.kinds import PermanentFailure, job_kind

MANIFEST = "manifest.json"
PAGE = 50  # files read at a time


@job_kind("project.export", title="Export a project as a zip", timeout=600)
def export(job: Context) -> dict[str, Any]:
    """Zip the files as they are now; each is whole, though others are edited meanwhile."""
    with job.conn() as conn:
        project = projects.by_id(conn, job.project_id) or {}
        paths = [_safe_path(path) for path in files.paths(conn, job.project_id)]
    archive, entries, names = io.BytesIO(), [], {MANIFEST} | _folders(paths)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in _files(job):
            content = file["content"].encode()
            name = _free(_safe_path(file["path"]), names)
            zipped.writestr(name, content)
            if archive.tell() > MAX_ARTIFACT:
                raise PermanentFailure(f"The zip would be larger than {MAX_ARTIFACT} bytes.")
            entries.append(_entry(file, name, content))
            done, total = len(entries), max(len(entries), len(paths))
            job.progress(99 * done / total, f"{done} of {total} files")
        zipped.writestr(MANIFEST, json.dumps(_manifest(project, entries), indent=2))
    name = f"{project['name']}-{datetime.now(UTC):%Y%m%d}.zip"
    job.artifact(name, "application/zip", archive.getvalue())
    return {"files": len(entries), "bytes": sum(entry["size"] for entry in entries)}


def _files(job: Context) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        with job.conn() as conn:
            rows = files.with_content(conn, job.project_id, cursor=cursor, limit=PAGE)
        yield from rows
        if len(rows) < PAGE:
            return
        cursor = rows[-1]["id"]


def _entry(file: dict[str, Any], name: str, content: bytes) -> dict[str, Any]:
    return {
        "path": file["path"],
        "name": name,
        "seq": file["seq"],
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _manifest(project: dict[str, Any], entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "project": {"id": str(project["id"]), "name": project["name"]},
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": entries,
    }


def _safe_path(path: str) -> str:
    """Return a path that stays inside the folder it is unpacked into, on every system."""
    steps = [step for step in path.replace("\\", "/").split("/") if step.strip(" .")]
    return "/".join(safe_name(step) for step in steps) or "_"


def _folders(paths: list[str]) -> set[str]:
    """Return every folder above the paths: a file of the same name could not be unpacked."""
    return {str(parent).casefold() for path in paths for parent in PurePosixPath(path).parents}


def _free(name: str, taken: set[str]) -> str:
    """Return `name`, or one like it that differs from those taken by more than case."""
    stem, dot, ending = name.rpartition(".")
    first, number = name, 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem} ({number}).{ending}" if dot and stem else f"{first} ({number})"
    taken.add(name.casefold())
    return name
