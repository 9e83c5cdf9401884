"""A Docker daemon of our own: own data, own socket, and a network that ends at its own loopback."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lib.emulator.processes import launched, spawn, stop
from tests.containers.programs import ROOT, FailedError, run, tail, works

START_SECONDS = 30.0
STOP_SECONDS = 40.0  # its containers get ten of them
NO_NETWORK = (
    "--bridge=none",
    "--iptables=false",
    "--ip6tables=false",
    "--ip-forward=false",
    "--ip-masq=false",
)


@contextmanager
def namespace() -> Iterator[list[str]]:
    """A network with nothing in it but loopback: give the words that run a command inside it."""
    idle = "ip link set lo up && exec sleep infinity"
    holder = spawn(
        launched([program("unshare"), "--net", "--", program("sh"), "-c", idle]),
        cwd=ROOT,
        env=os.environ,
        output=subprocess.DEVNULL,
    )
    try:
        inside = [program("nsenter"), f"--net=/proc/{holder.pid}/ns/net", "--"]
        _wait(lambda: _is_apart(holder.pid) and _is_up(inside), "the network namespace")
        yield inside
    finally:
        stop(holder)


@contextmanager
def daemon(folder: Path, data: Path, inside: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """A running dockerd: give the variables that make docker and compose speak to it.

    Without `inside` it touches no network at all, for building; with it, it has that namespace for
    itself. `folder` takes its socket and log, `data` its images.
    """
    options = [
        f"--data-root={data}",
        f"--exec-root={folder / 'exec'}",
        f"--pidfile={folder / 'docker.pid'}",
        f"--host=unix://{folder / 'docker.sock'}",
        *(() if inside else NO_NETWORK),
    ]
    (folder / "client").mkdir(exist_ok=True)
    variables = {
        "DOCKER_HOST": f"unix://{folder / 'docker.sock'}",
        "DOCKER_CONFIG": str(folder / "client"),
        "DOCKER_BUILDKIT": "1",
    }
    log = folder / "docker.log"
    with log.open("ab") as output:
        command = launched([*inside, program("dockerd"), *options])
        process = spawn(command, cwd=ROOT, env=os.environ, output=output)
    try:
        _wait(lambda: _answers(process, variables), "dockerd", log)
        yield variables
    finally:
        stop(process, timeout=STOP_SECONDS)
        unmount_below(folder)
        unmount_below(data)


def client() -> str:
    """The docker program that came with the daemon: another one may lack its builder."""
    beside = Path("/usr/bin/docker")
    return str(beside) if beside.exists() else program("docker")


def program(name: str) -> str:
    """Return the path of a program; raises FailedError without it."""
    found = shutil.which(name)
    if not found:
        raise FailedError(f"{name} is not installed.")
    return found


def unmount_below(folder: Path) -> None:
    """Detach what a stopped daemon may have left mounted."""
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in reversed(mounted):
        if Path(place).is_relative_to(folder):
            works(["umount", "--lazy", place])


def _is_apart(pid: int) -> bool:
    with contextlib.suppress(OSError):
        ours = Path("/proc/self/ns/net").readlink()
        return Path(f"/proc/{pid}/ns/net").readlink() != ours
    return False


def _is_up(inside: Sequence[str]) -> bool:
    return bool(run([*inside, "ip", "-oneline", "link", "show", "up", "dev", "lo"], timeout=5))


def _answers(process: subprocess.Popen[bytes], variables: dict[str, str]) -> bool:
    if process.poll() is not None:
        raise FailedError(f"dockerd ended ({process.returncode}).")
    try:
        run([client(), "version"], timeout=5, env=variables)
    except FailedError:
        return False
    return True


def _wait(condition, what: str, log: Path | None = None) -> None:
    deadline = time.monotonic() + START_SECONDS
    try:
        while not condition():
            if time.monotonic() > deadline:
                raise FailedError(f"{what} did not start within {START_SECONDS:.0f} s.")
            time.sleep(0.1)
    except FailedError as failed:
        raise FailedError(f"{failed}\n{tail(log.read_text()) if log else ''}") from None
