"""The containers, for real: built, brought up, used, and taken down (`make containers`).

With docker running and a registry in reach, that is plain `docker compose`. Without a registry, as
root on Debian, stand-ins made of Debian packages take the place of the official images, under a
daemon of our own that leaves the machine's network alone.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lib.emulator.ports import pick
from tests.containers import checks, debian, standins
from tests.containers.compose import Compose, from_the_environment
from tests.containers.daemon import client, daemon, namespace
from tests.containers.programs import FailedError, complain, run, step, works

LIMIT_SECONDS = 1200
PROJECT = f"collab-check-{os.getpid()}"
INSIDE_PORTS = (5000, 5001, 5007)
PULLED = "python:3.12-slim"  # what is asked of a registry to see that there is one


def main() -> int:
    """Run everything and return the exit status: 0 when every check held."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGALRM, _too_late)
    signal.alarm(LIMIT_SECONDS)
    score, started = checks.Score(), time.monotonic()
    try:
        _run(options, score)
    except FailedError as failed:
        score.failed += 1
        complain(str(failed))
    signal.alarm(0)
    print(f"In {time.monotonic() - started:.0f} s:\n{score.passed} passed, {score.failed} failed")
    return 1 if score.failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make containers", description=__doc__)
    parser.add_argument(
        "--install", action="store_true", help="install the Debian packages that are missing"
    )
    parser.add_argument(
        "--stand-ins", action="store_true", help="don't look for docker and a registry"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep images there, for a faster next run"
    )
    return parser.parse_args()


def _too_late(*_: object) -> None:
    raise FailedError(f"It took over {LIMIT_SECONDS} s.")


def _run(options: argparse.Namespace, score: checks.Score) -> None:
    if not options.stand_ins and _has_registry():
        print("With docker and its registry:")
        with _plain() as (compose, ports):
            checks.all_of(score, compose, [], ports)
        return
    if options.install:
        debian.install()
    if obstacle := debian.obstacle():
        raise FailedError(
            "The containers can't be tried here: docker and a registry are not in reach, and for "
            f"stand-ins from Debian's packages {obstacle}. With --install they are installed."
        )
    print("Without a registry, with stand-ins for the official images:")
    with _stand_ins(options.keep) as (compose, inside):
        checks.all_of(score, compose, inside, INSIDE_PORTS)


def _has_registry() -> bool:
    if not works(["docker", "info"]) or not works(["docker", "compose", "version"]):
        return False
    return works(["docker", "pull", "--quiet", PULLED], timeout=120)


@contextmanager
def _plain() -> Iterator[tuple[Compose, tuple[int, ...]]]:
    ports = pick(3)
    chosen = dict(zip(("PORT", "REALTIME_PORT", "MAIL_PORT"), map(str, ports), strict=True))
    compose = Compose(["docker", "compose"], PROJECT, chosen)
    with _up(compose, "--build"):
        yield compose, tuple(ports)


@contextmanager
def _stand_ins(keep: Path | None) -> Iterator[tuple[Compose, list[str]]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="containers-")))
        work = keep.absolute() if keep else folder / "work"
        work.mkdir(parents=True, exist_ok=True)
        with daemon(folder, work / "docker") as variables:
            standins.build(work, variables)
            print(f"  (our image: {_size(variables)})")
        if not keep:
            shutil.rmtree(work / "context")
        inside = stack.enter_context(namespace())
        variables = stack.enter_context(daemon(folder, work / "docker", inside))
        compose = Compose([from_the_environment(), "--progress", "quiet"], PROJECT, variables)
        with _up(compose, "--no-build", "--pull", "never"):
            yield compose, inside


@contextmanager
def _up(compose: Compose, *options: str) -> Iterator[None]:
    try:
        with step("docker compose up"):
            compose.up(*options)
        yield
    finally:
        with step("docker compose down"):
            compose.down()


def _size(variables: dict[str, str]) -> str:
    shown = [client(), "image", "inspect", "--format", "{{.Size}}", standins.OURS]
    return f"{int(run(shown, timeout=20, env=variables)) / 1e6:.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
