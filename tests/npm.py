"""Packages of npm that a test needs: installed below .local, as their package-lock.json says."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from tests.containers.programs import FailedError, run, step, works

MANIFEST = ("package.json", "package-lock.json")
MARK = "installed"  # the file that says which manifest is installed, written last
INSTALL_SECONDS = 300
LOOK_SECONDS = 30


class UnavailableError(Exception):
    """Something can't be had on this machine; the message is one sentence that says what."""


def install(name: str, here: Path, folder: Path, proof: Sequence[str | Path]) -> None:
    """Install the packages of the manifest in `here` into `folder`, if they are not there yet.

    `name` is what they are called in messages, and `proof` a program that runs once they are there.
    Raises UnavailableError.
    """
    for program in ("node", "npm"):
        if not works([program, "--version"]):
            raise UnavailableError(f"{name} needs {program}: install Node.js 20 or later.")
    if not _is_current(here, folder, proof):
        _install(name, here, folder)
    if not _is_current(here, folder, proof):
        raise UnavailableError(f"{name} was installed but does not run on this machine.")


def _is_current(here: Path, folder: Path, proof: Sequence[str | Path]) -> bool:
    with suppress(FailedError, OSError):
        same = (folder / MARK).read_text() == _wanted(here)
        return same and works(proof, LOOK_SECONDS)
    return False


def _wanted(here: Path) -> str:
    return sha256(b"".join((here / file).read_bytes() for file in MANIFEST)).hexdigest()


def _install(name: str, here: Path, folder: Path) -> None:
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
