"""Packages of npm that a test needs: installed below .local, as their package-lock.json says."""

from __future__ import annotations

import shutil
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from tests.containers.programs import ROOT, FailedError, run, step, works

MANIFEST = ("package.json", "package-lock.json")
MARK = "installed"  # the file that says which manifest is installed, written last
INSTALL_SECONDS = 300


class UnavailableError(Exception):
    """Something can't be had on this machine; the message is one sentence that says what."""


def install(name: str, here: Path, *, node: str = "20") -> Path:
    """Return the folder in which the packages of the manifest in `here` are installed.

    `name` is what they are called in messages, and `node` the version of Node.js that they need.
    Raises UnavailableError.
    """
    for program in ("node", "npm"):
        if not works([program, "--version"]):
            raise UnavailableError(f"{name} needs {program}: install Node.js {node} or later.")
    folder = ROOT / ".local" / here.name
    if not _is_current(folder, here):
        _install(name, folder, here)
    return folder


def _is_current(folder: Path, here: Path) -> bool:
    with suppress(OSError):
        return (folder / MARK).read_text() == _wanted(here)
    return False


def _wanted(here: Path) -> str:
    return sha256(b"".join((here / file).read_bytes() for file in MANIFEST)).hexdigest()


def _install(name: str, folder: Path, here: Path) -> None:
    """Install what package-lock.json says; npm adds what only this platform needs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in MANIFEST:
        shutil.copy(here / file, folder)
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        with step(f"{name}, by npm"):
            run(command, timeout=INSTALL_SECONDS, cwd=folder)
    except FailedError as failed:
        said = (line.removeprefix("npm error").strip() for line in str(failed).splitlines()[1:])
        reason = next(filter(None, said), "without a word")
        raise UnavailableError(f"npm can't install {name} here ({reason}).") from None
    (folder / MARK).write_text(_wanted(here))
