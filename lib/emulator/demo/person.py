"""One of the people of the demo: REST calls by httpx, a WebSocket by websocket-client."""

import json
import secrets
import time
from collections import deque
from typing import Any

import httpx
from websocket import (
    WebSocket,
    WebSocketException,
    WebSocketTimeoutException,
    create_connection,
)

PATIENCE = 20.0  # seconds that anything may take


class StepFailed(Exception):
    """A step did not go as it has to; the message says which and how."""


class Person:
    """Somebody with an account, a session and, once in a room, a WebSocket."""

    def __init__(self, api_url: str, name: str) -> None:
        self.name = name
        self.email = f"{name.lower()}-{secrets.token_hex(4)}@example.com"
        self._http = httpx.Client(base_url=f"{api_url}/api/v1", timeout=PATIENCE)
        self._socket: WebSocket | None = None
        self._seen: deque[dict[str, Any]] = deque()
        self._sent = 0

    def register(self) -> None:
        """Register and log in."""
        password = secrets.token_urlsafe(16)
        account = {"email": self.email, "name": self.name, "password": password}
        self.call("POST", "/auth/register", account)
        tokens = self.call("POST", "/auth/login", {"email": self.email, "password": password})
        self._http.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    def call(self, method: str, path: str, body: Any = None, *, expect: int = 0) -> Any:
        """Send a request and return the JSON of the answer (bytes for anything else).

        Raises StepFailed unless the status is `expect`, or any 2xx when that is not given.
        """
        answer = self._http.request(method, path, json=body)
        fine = answer.status_code == expect if expect else answer.is_success
        if not fine:
            raise StepFailed(
                f"{self.name}: {method} {path} answered {answer.status_code} {answer.text}"
            )
        is_json = "json" in answer.headers.get("Content-Type", "")
        return answer.json() if is_json else answer.content

    def enter(self, project_id: str) -> dict[str, Any]:
        """Take a ticket, open the WebSocket with it, and return the welcome."""
        ticket = self.call("POST", f"/projects/{project_id}/ticket")
        self._socket = create_connection(ticket["url"], timeout=PATIENCE)
        return self.hear("welcome")

    def leave(self) -> None:
        """Close the WebSocket."""
        if self._socket:
            self._socket.close()

    def send(self, event: str, data: dict[str, Any]) -> dict[str, Any]:
        """Send an event and return the frame that answers it: an ack or an error."""
        if not self._socket:
            raise StepFailed(f"{self.name} is in no room.")
        self._sent += 1
        frame = {"event": event, "data": data, "id": str(self._sent)}
        self._socket.send(json.dumps(frame))
        return self._wait(lambda got: got.get("id") == frame["id"] and got["event"] in ANSWERS)

    def hear(self, event: str, **having: Any) -> dict[str, Any]:
        """Return the data of the next `event` whose data has these members; others stay unheard."""
        frame = self._wait(
            lambda got: got["event"] == event and having.items() <= got["data"].items()
        )
        return dict(frame["data"])

    def _wait(self, wanted: Any) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            for frame in self._seen:
                if wanted(frame):
                    self._seen.remove(frame)
                    return frame
            self._seen.append(self._receive(deadline))

    def _receive(self, deadline: float) -> dict[str, Any]:
        if not self._socket:
            raise StepFailed(f"{self.name} is in no room.")
        try:
            self._socket.settimeout(max(0.01, deadline - time.monotonic()))
            return dict(json.loads(self._socket.recv()))
        except WebSocketTimeoutException:
            raise StepFailed(f"{self.name} waited {PATIENCE:.0f} s for an event in vain.") from None
        except WebSocketException as error:
            raise StepFailed(f"{self.name}'s WebSocket was closed: {error}") from None


ANSWERS = ("ack", "error")
