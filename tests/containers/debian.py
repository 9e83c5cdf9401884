"""What Debian gives: the programs that are needed, and a root file system for stand-in images."""

import os
import platform
import shutil
import sys
from pathlib import Path

from tests.containers.programs import FailedError, run

PACKAGES = {  # program: the package that has it
    "dockerd": "docker.io",
    "mmdebstrap": "mmdebstrap",
    "nsenter": "util-linux",
    "ip": "iproute2",
    "iptables": "iptables",
}
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_CONFIGURATIONS = (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf")
PYTHON = "3.12"
LEFT_OUT = shutil.ignore_patterns("__pycache__", "test", "tests", "idlelib", "tkinter", "*.a")
SITE_PACKAGES = f"lib/python{PYTHON}/site-packages"


def obstacle() -> str:
    """Return why stand-in images can't be made here; empty when they can."""
    if platform.system() != "Linux" or not shutil.which("apt-get"):
        return "this is not Debian or Ubuntu"
    if os.geteuid() != 0:
        return "that takes root"
    packages = missing()
    return f"these packages are not installed: {' '.join(packages)}" if packages else ""


def missing() -> list[str]:
    """Return the packages whose programs are not here."""
    return sorted({package for name, package in PACKAGES.items() if not shutil.which(name)})


def install() -> None:
    """Install what is missing; raises FailedError when apt can't."""
    if not (packages := missing()):
        return
    quietly = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update"], timeout=180, env=quietly)
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    run(command, timeout=600, env=quietly)


def root_file_system(archive: Path) -> None:
    """Write a minimal Debian of this machine's own release as a tar archive, package lists kept."""
    packages = ["--include=ca-certificates", "--skip=cleanup/apt/lists"]
    uploads = [f"--customize-hook=copy-in {file} {file.parent}" for file in _trusted()]
    command = ["mmdebstrap", "--variant=minbase", *packages, *uploads]
    run([*command, _release(), archive, *_mirrors()], timeout=420)


def _release() -> str:
    release = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    if not release:
        raise FailedError("/etc/os-release has no VERSION_CODENAME.")
    return release


def _mirrors() -> list[str]:
    """The machine's own package sources, as lines of a sources.list."""
    form = "deb $(REPO_URI) $(RELEASE) $(COMPONENT)"
    listed = run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"], timeout=30)
    release = _release()
    lines = {line for line in listed.splitlines() if line.split()[2].split("-")[0] == release}
    if not lines:
        raise FailedError(f"apt knows no package source for {release}.")
    return sorted(lines)


def _trusted() -> list[Path]:
    """What the machine needs to reach a package index: the image then needs it too."""
    return [file for file in (CERTIFICATES, *PIP_CONFIGURATIONS[:1]) if file.exists()]


def lay_out_python(folder: Path) -> str:
    """Copy a Python 3.12 of this machine to `folder`; return which one.

    Where there is none, the folder stays empty and the images use Debian's own Python.
    """
    folder.mkdir()
    prefix = next((place for place in _prefixes() if _is_whole(place)), None)
    if not prefix:
        return "Debian's Python"
    shutil.copytree(prefix, folder, symlinks=True, ignore=LEFT_OUT, dirs_exist_ok=True)
    _keep_only_pip(folder / SITE_PACKAGES)
    return f"Python {PYTHON}"


def _prefixes() -> list[Path]:
    versions = sorted(Path.home().glob(f".pyenv/versions/{PYTHON}*"))
    uv = sorted(Path.home().glob(f".local/share/uv/python/cpython-{PYTHON}*"))
    return [Path(sys.base_prefix), *versions, *uv, Path("/usr/local")]


def _is_whole(prefix: Path) -> bool:
    return (prefix / f"bin/python{PYTHON}").exists() and (prefix / SITE_PACKAGES / "pip").is_dir()


def _keep_only_pip(folder: Path) -> None:
    for entry in folder.iterdir():
        if not entry.name.startswith("pip") and entry.is_dir():
            shutil.rmtree(entry)
        elif entry.is_file():
            entry.unlink()
