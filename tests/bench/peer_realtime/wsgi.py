"""The real-time host for the harness, whose clients name themselves and their rooms by numbers.

Whoever it lets in has a token and a path like any client of ours; what follows is the host itself.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

from lib.access import tokens
from realtime_host.app import app as host
from tests.bench.peer_realtime import people


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Turn /ws?project=rN&name=uN into the path and the token of that room and person."""
    if environ["PATH_INFO"] == "/ws":
        query = parse_qs(environ["QUERY_STRING"])
        number, room = int(query["name"][0][1:]), int(query["project"][0][1:])
        token = tokens.issue(people.user(number), people.session(number))
        environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        environ["PATH_INFO"] = f"/ws/projects/{people.project(room)}"
        environ["QUERY_STRING"] = ""
    return host(environ, start_response)
