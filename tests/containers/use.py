"""Use the running system over its published ports: one line of JSON per check.

usage: python -m tests.containers.use API_PORT REALTIME_PORT MAIL_PORT
"""

import contextlib
import io
import json
import sys
from collections.abc import Callable

import httpx

from lib.emulator.demo.story import tell
from tests.containers.programs import tail

PATIENCE = 10  # seconds for one answer


def main(api_port: str, realtime_port: str, mail_port: str) -> None:
    """Ask every port how it is, then play the story of `make demo`."""
    api, realtime = f"http://127.0.0.1:{api_port}", f"http://127.0.0.1:{realtime_port}"
    for name, url in {
        "the API is alive": f"{api}/api/v1/health/live",
        "the API is ready": f"{api}/api/v1/health/ready",
        "the static pages are served": f"{api}/",
        "the real-time host is alive": f"{realtime}/health",
        "the real-time host is ready": f"{realtime}/ready",
        "the mailbox is there": f"http://127.0.0.1:{mail_port}/messages",
    }.items():
        report(name, lambda url=url: answers(url))
    report("three people share a project: accounts, sockets, a job, the audit log", story(api))


def answers(url: str) -> None:
    """Raise AssertionError unless GET answers 200."""
    answer = httpx.get(url, timeout=PATIENCE)
    assert answer.status_code == 200, f"{answer.status_code} {answer.text[:500]}"


def story(api: str) -> Callable[[], None]:
    """Return a check that plays the demo; its error ends with how far the story came."""

    def play() -> None:
        told = io.StringIO()
        try:
            with contextlib.redirect_stdout(told):
                tell(api)
        except Exception as error:
            raise AssertionError(f"{tail(told.getvalue())}\n{error}") from error

    return play


def report(name: str, holds: Callable[[], None]) -> None:
    """Run a check and print its name, with the error where it failed."""
    error = ""
    try:
        holds()
    except (AssertionError, httpx.HTTPError) as failed:
        error = str(failed) or type(failed).__name__
    print(json.dumps({"check": name, "error": error}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
