"""What `vercel build` needs on this machine: the CLI itself, uv, and a real Python."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests import npm
from tests.containers.programs import ROOT, FailedError, run
from tests.npm import UnavailableError

HERE = Path(__file__).parent
FOLDER = ROOT / ".local/vercel-cli"
LOOK_SECONDS = 30
VERSION = (ROOT / ".python-version").read_text().strip()
LOOK = "import sys; print('%d.%d' % sys.version_info[:2], sys._base_executable)"


@dataclass(frozen=True, slots=True)
class Tools:
    """The programs of one build."""

    vercel: Path
    uv: Path
    python: Path

    @property
    def path(self) -> str:
        """The search path with these ahead: a version manager's shim would fail in the build."""
        folders = [str(program.parent) for program in (self.python, self.uv)]
        return os.pathsep.join([*folders, *os.get_exec_path()])


def find() -> Tools:
    """Return the tools, the CLI installed below .local when it is not there yet.

    Raises UnavailableError.
    """
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        raise UnavailableError("uv is missing: install requirements-dev.txt.")
    return Tools(_cli(), uv, _python(uv))


def _cli() -> Path:
    program = FOLDER / "node_modules/.bin/vercel"
    npm.install("The Vercel CLI", HERE, FOLDER, [program, "--version"])
    return program


def _python(uv: Path) -> Path:
    """Return a Python of the functions' version: what a shim or an environment stands for.

    Each candidate has to run, and says itself where it is.
    """
    for candidate in _candidates(uv):
        with suppress(FailedError, OSError):
            answer = run([candidate, "-c", LOOK], timeout=LOOK_SECONDS).splitlines()[-1]
            version, _, place = answer.partition(" ")
            if version == VERSION and Path(place).with_name(f"python{VERSION}").exists():
                return Path(place)
    raise UnavailableError(f"The functions are built with Python {VERSION}, which is not here.")


def _candidates(uv: Path) -> Iterator[Path]:
    name = f"python{VERSION}"
    yield Path(sys.executable)
    yield from (Path(folder, name) for folder in os.get_exec_path())
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{VERSION}*/bin/{name}"))
    with suppress(FailedError):
        command = [uv, "python", "find", "--system", "--no-python-downloads", VERSION]
        yield Path(run(command, timeout=LOOK_SECONDS).splitlines()[-1])
