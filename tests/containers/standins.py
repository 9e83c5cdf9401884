"""Stand-ins for the official images, made of Debian packages, and our own image on top of them."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.containers import debian
from tests.containers.daemon import client
from tests.containers.programs import ROOT, run, step

IMAGES = Path(__file__).with_name("images")
DEBIAN = "stand-in/debian"
TAGS = {  # the stage of images/Dockerfile, and the tag that it answers to
    "redis": "redis:7",
    "postgres": "postgres:16",
    "python": "python:3.12-slim",
    "mongo": "mongo:7",
    "upstash": "hiett/serverless-redis-http:latest",
}
OURS = "collab-workspace:local"
BUILD_SECONDS = 420


def build(work: Path, variables: Mapping[str, str]) -> None:
    """Build every image that docker-compose.yml names, with the daemon of `variables`.

    `work` takes the root file system, and the stand-ins' build context.
    """
    archive = work / "debian.tar"
    if not archive.exists():
        with step("Debian's root file system"):
            debian.root_file_system(archive)
    with step("its image"):
        run([client(), "import", archive, DEBIAN], timeout=120, env=variables)
    context = _context(work)
    _stand_in("python", context, variables)
    _tag(TAGS["python"], "stand-in/python", variables)
    for stage in ("redis", "postgres", "mongo"):
        _stand_in(stage, context, variables)
    with step("our own image, from the Dockerfile"):
        _build(["--tag", OURS, ROOT], variables)
    _stand_in("upstash", context, variables)


def _context(work: Path) -> Path:
    context = work / "context"
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(IMAGES, context)
    for name in ("requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, context)
    with step("a Python to lay over it"):
        found = debian.lay_out_python(context / "python")
    print(f"  (it is {found})")
    return context


def _stand_in(stage: str, context: Path, variables: Mapping[str, str]) -> None:
    with step(f"stand-in for {TAGS[stage]}"):
        _build(["--target", stage, "--tag", TAGS[stage], context], variables)


def _build(words: list[str | Path], variables: Mapping[str, str]) -> None:
    run([client(), "build", "--network=host", *words], timeout=BUILD_SECONDS, env=variables)


def _tag(source: str, target: str, variables: Mapping[str, str]) -> None:
    run([client(), "tag", source, target], timeout=20, env=variables)
