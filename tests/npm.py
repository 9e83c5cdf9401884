"""Programs and files from npm, installed below .local as a package-lock.json says."""

import shutil
from hashlib import sha256
from pathlib import Path

from tests.containers.programs import ROOT, FailedError, run, step, works

MANIFEST = ("package.json", "package-lock.json")
MARK = "installed"  # the file that says which manifest is installed, written last
INSTALL_SECONDS = 300


class UnavailableError(Exception):
    """Something can't be had on this machine; the message is one sentence that says what."""


def installed(manifest: Path, what: str) -> Path:
    """Return the node_modules of what a folder's manifest names, installed if it is not there yet.

    `what` is what the packages are called where people are told of them. Raises UnavailableError.
    """
    for name in ("node", "npm"):
        if not works([name, "--version"]):
            raise UnavailableError(f"npm has to get {what}; install Node.js 20 or later.")
    folder = ROOT / ".local/npm" / manifest.name
    wanted = sha256(b"".join((manifest / name).read_bytes() for name in MANIFEST)).hexdigest()
    mark = folder / MARK
    if not mark.exists() or mark.read_text() != wanted:
        _install(manifest, folder, what)
        mark.write_text(wanted)
    return folder / "node_modules"


def _install(manifest: Path, folder: Path, what: str) -> None:
    """Install what package-lock.json says; npm adds what only this platform needs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in MANIFEST:
        shutil.copy(manifest / name, folder)
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        with step(f"{what}, by npm"):
            run(command, timeout=INSTALL_SECONDS, cwd=folder)
    except FailedError as failed:
        said = (line.removeprefix("npm error").strip() for line in str(failed).splitlines()[1:])
        reason = next(filter(None, said), "without a word")
        raise UnavailableError(f"npm can't install {what} here ({reason}).") from None
