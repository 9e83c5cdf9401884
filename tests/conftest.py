"""What every test may use: the real stores, the functions as Vercel routes them, and people.

Each worker process of the test run has stores of its own. `DATABASE_URL`, `REDIS_URL`,
`UPSTASH_REDIS_REST_URL` or `MONGO_URI` in the environment put real servers in their place.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import Client, TestResponse

from lib.config import settings
from lib.emulator.stack import Stack
from lib.emulator.vercel import Dispatcher
from lib.stores import mongo, postgres
from lib.stores.migrate import migrate

PASSWORD = "correct horse battery staple"
STORES = ("DATABASE_URL", "REDIS_URL", "UPSTASH_REDIS_REST_URL", "MONGO_URI")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stores of this process, migrated, with the environment pointing at them."""
    given = {name: os.environ[name] for name in STORES if os.environ.get(name)}
    with Stack(tmp_path_factory.mktemp("stack")) as running:
        os.environ.update(running.env | given)
        os.environ["MONGO_DB"] = f"collab_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
        settings.cache_clear()
        migrate(settings().database_direct_url)
        yield running
        postgres.close()
        mongo.close()


@pytest.fixture(scope="session")
def functions(stack: Stack) -> Dispatcher:
    """Every function of api/, routed as the platform routes them."""
    return Dispatcher()


@dataclass
class Api:
    """A client of the functions; with a token, a logged-in person's."""

    client: Client
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Send a request below /api/v1 (or an absolute path under /api/), with JSON if given."""
        headers = self.headers | options.pop("headers", {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            options |= {"data": json.dumps(body), "content_type": "application/json"}
        path = path if path.startswith("/api/") else f"/api/v1{path}"
        return self.client.open(path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.send("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.send("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.send("PUT", path, body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.send("PATCH", path, body, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.send("DELETE", path, **options)


@dataclass
class Person(Api):
    """Somebody with an account and a session."""

    id: str = ""
    name: str = ""
    email: str = ""
    refresh_token: str = ""


@pytest.fixture
def api(functions: Dispatcher) -> Api:
    """The functions, for nobody in particular."""
    return Api(Client(functions))


@pytest.fixture
def person(api: Api) -> Callable[[str], Person]:
    """Register somebody with a name, log them in, and return them."""

    def make(name: str = "Somebody") -> Person:
        email = f"{name.split()[0].lower()}-{uuid4().hex[:12]}@example.com"
        account = {"email": email, "name": name, "password": PASSWORD}
        assert api.post("/auth/register", account).status_code == 202
        answer = api.post("/auth/login", {"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        tokens = answer.get_json()
        someone = Person(
            api.client, tokens["access_token"], refresh_token=tokens["refresh_token"], name=name
        )
        someone.id, someone.email = someone.get("/me").get_json()["id"], email
        return someone

    return make


@dataclass
class Team:
    """A workspace with a project and one member of each role, and somebody from elsewhere."""

    owner: Person
    collaborator: Person
    viewer: Person
    stranger: Person
    workspace: dict[str, Any]
    project: dict[str, Any]
    file: dict[str, Any]

    def by_role(self) -> dict[str, Person]:
        """The people by what they are here."""
        names = ("owner", "collaborator", "viewer", "stranger")
        return {name: getattr(self, name) for name in names}


@pytest.fixture
def team(person: Callable[[str], Person]) -> Team:
    """Three people with one role each in a workspace with a project and a file; and a stranger."""
    owner, collaborator, viewer = person("Olga"), person("Carl"), person("Vera")
    workspace = owner.post("/workspaces", {"name": "Studio"}).get_json()
    for member, role in ((collaborator, "collaborator"), (viewer, "viewer")):
        answer = owner.post(
            f"/workspaces/{workspace['id']}/members", {"email": member.email, "role": role}
        )
        assert answer.status_code == 201, answer.text
    project = owner.post(f"/workspaces/{workspace['id']}/projects", {"name": "Launch"}).get_json()
    file = owner.post(
        f"/projects/{project['id']}/files", {"path": "notes.md", "content": "hello"}
    ).get_json()
    return Team(owner, collaborator, viewer, person("Sam"), workspace, project, file)


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """Wait until a condition holds, and return what it answered; fail after a deadline."""

    def wait(condition: Callable[[], Any], within: float = 10.0, what: str = "") -> Any:
        deadline = time.monotonic() + within
        while not (answer := condition()):
            assert time.monotonic() < deadline, what or "the condition did not come true in time"
            time.sleep(0.02)
        return answer

    return wait
