"""docker-compose.yml, brought up and taken down under a name of our own."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.containers.programs import ROOT, FailedError, run

UP_SECONDS = 240
DOWN_SECONDS = 120


class Compose:
    """One project of compose: `command` is the program, `variables` go into its environment."""

    def __init__(self, command: Sequence[str | Path], project: str, variables: Mapping[str, str]):
        self._words = [*command, "--project-name", project, "--env-file", os.devnull]
        self._variables = dict(variables)

    def up(self, *options: str) -> None:
        """Start everything and return when all of it is healthy.

        Raises FailedError with the logs of what is not.
        """
        try:
            patience = ["--wait", "--wait-timeout", str(UP_SECONDS)]
            self._run("up", "--detach", *options, *patience, timeout=UP_SECONDS + 60)
        except FailedError as failed:
            raise FailedError(f"{failed}\n{self._troubles()}") from None

    def stop(self) -> None:
        """Ask everything to stop, and wait."""
        self._run("stop", timeout=DOWN_SECONDS)

    def down(self) -> None:
        """Remove the containers, the network and the volumes."""
        self._run("down", "--volumes", "--timeout", "20", timeout=DOWN_SECONDS)

    def services(self) -> dict[str, dict[str, Any]]:
        """Return what `ps` says of each service: State, Health, ExitCode, ..."""
        lines = self._run("ps", "--all", "--format", "json", timeout=30).splitlines()
        rows = [json.loads(line) for line in lines if line.startswith("{")]
        return {row["Service"]: row for row in rows}

    def logs(self, *services: str) -> str:
        """Return the end of what services printed."""
        return self._run("logs", "--no-color", "--tail", "25", *services, timeout=30)

    def inside(self, service: str, *command: str) -> str:
        """Run a command in a running container of a service and return what it printed."""
        return self._run("exec", "--no-TTY", service, *command, timeout=60)

    def _troubles(self) -> str:
        bad = [name for name, row in self.services().items() if not _is_well(row)]
        return f"not well: {', '.join(bad)}\n{self.logs(*bad)}" if bad else ""

    def _run(self, *words: str, timeout: float) -> str:
        return run([*self._words, *words], timeout=timeout, env=self._variables, cwd=ROOT)


def _is_well(row: Mapping[str, Any]) -> bool:
    finished = row["State"] == "exited" and row["ExitCode"] == 0
    return finished or (row["State"] == "running" and row["Health"] in ("healthy", ""))


def from_the_environment() -> Path:
    """Return the compose program among the development requirements; raises FailedError."""
    program = Path(sys.executable).with_name("docker-compose")
    if not program.exists():
        raise FailedError("docker-compose is missing: install requirements-dev.txt.")
    return program
