"""What every test may use: the real stores, the functions as Vercel routes them, and people.

Each worker process of the test run has stores of its own. `DATABASE_URL`, `REDIS_URL`,
`UPSTASH_REDIS_REST_URL` or `MONGO_URI` in the environment put real servers in their place.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from random import randrange
from threading import Barrier
from typing import Any
from uuid import uuid4

import hypothesis
import jwt
import psutil
import pytest
from werkzeug.test import Client, TestResponse

from lib.access.caller import Origin
from lib.access.tokens import keys
from lib.accounts import passwords, sessions
from lib.accounts import queries as account_queries
from lib.audit import queries as audit_queries
from lib.audit.actions import undeclared
from lib.bridge import rooms
from lib.bridge.messages import Message
from lib.config import settings
from lib.emulator.stack import Stack
from lib.emulator.vercel import Dispatcher
from lib.http import function
from lib.ids import new_id
from lib.stores import mongo, postgres, redis
from lib.stores.migrate import migrate
from tests import contract, protocol

# Nothing fails because the machine is busy: how long an example takes does not matter.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")

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


@pytest.fixture(autouse=True)
def no_grudge() -> None:
    """Redis is trusted again, whatever the test before did to it."""
    redis.trust()


@pytest.fixture
def freeze(stack: Stack) -> Iterator[Callable[[str], Callable[[], None]]]:
    """Freeze a store by its name, and return what thaws it; at the end all are thawed."""
    frozen: list[psutil.Process] = []

    def stop(name: str) -> Callable[[], None]:
        server = psutil.Process(getattr(stack, name).pid)
        server.suspend()  # first of all, so that it has no more children
        for process in (server, *server.children(recursive=True)):
            process.suspend()
            frozen.append(process)
        return thaw

    def thaw() -> None:
        while frozen:
            with suppress(psutil.NoSuchProcess):
                frozen.pop().resume()

    yield stop
    thaw()
    redis.trust()


@pytest.fixture(autouse=True)
def announcements(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold what use cases announce to the rooms' document, whether anybody is there or not."""
    wrong: list[str] = []
    publish = rooms._publisher

    def checked(project_id: str, message: Message) -> None:
        try:
            protocol.check_told(message)
        except AssertionError as error:  # an announcement that fails is only logged
            wrong.append(str(error))
        publish(project_id, message)

    monkeypatch.setattr(rooms, "_publisher", checked)
    yield
    assert not wrong, wrong


@pytest.fixture(autouse=True)
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold what use cases record to the table of actions: it knows all details of each."""
    wrong: list[str] = []
    insert = audit_queries.insert

    def checked(conn: Any, rows: Any) -> None:
        for _, _, event in rows:
            unknown = undeclared(event["action"], event["details"])
            wrong.extend(f"{event['action']}: {name}" for name in unknown)
        insert(conn, rows)

    monkeypatch.setattr(audit_queries, "insert", checked)
    yield
    assert not wrong, wrong


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
    address: str = "127.0.0.1"

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Send a request below /api/v1 (or an absolute path under /api/), with JSON if given."""
        headers = self.headers | options.pop("headers", {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            options |= {"data": json.dumps(body), "content_type": "application/json"}
        path = path if path.startswith("/api/") else f"/api/v1{path}"
        options.setdefault("environ_overrides", {"REMOTE_ADDR": self.address})
        answer = self.client.open(path, method=method, headers=headers, **options)
        contract.check(method, path, answer)
        return answer

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
def address() -> str:
    """The network address that a test's requests come from: each test has its own limits."""
    return ".".join(str(randrange(1, 255)) for _ in range(4))


@pytest.fixture
def api(functions: Dispatcher, address: str) -> Api:
    """The functions, for nobody in particular."""
    return Api(Client(functions), address=address)


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of PASSWORD, computed once: hashing is slow by design."""
    return passwords.digest(PASSWORD)


@pytest.fixture
def person(api: Api, password_hash: str) -> Callable[[str], Person]:
    """Make somebody with a name, an account (its password is PASSWORD) and a session."""
    app = function(__name__)

    def make(name: str = "Somebody") -> Person:
        email = f"{name.split()[0].lower()}-{uuid4().hex[:12]}@example.com"
        user = {"id": new_id(), "email": email, "name": name}
        with app.app_context(), postgres.transaction() as conn:
            account_queries.insert_user(conn, user["id"], email, name, password_hash)
            origin = Origin("test-request", "127.0.0.1", "pytest")
            tokens = sessions.start(conn, origin, user)
        return Person(
            api.client,
            tokens["access_token"],
            id=str(user["id"]),
            name=name,
            email=email,
            refresh_token=tokens["refresh_token"],
            address=api.address,
        )

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
def forge(stack: Stack) -> Callable[..., str]:
    """Sign a person's claims anew, some changed (None: left out), with our key or another."""

    def make(
        who: Person,
        *,
        key: str | None = None,
        algorithm: str = "HS256",
        headers: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        claims = jwt.decode(who.token or "", options={"verify_signature": False}) | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        kid, secret = next(iter(keys().items()))
        sent = {name: v for name, v in ({"kid": kid} | (headers or {})).items() if v is not None}
        if key == "":  # PyJWT refuses to sign with it; an attacker would not
            parts = (json.dumps(part).encode() for part in ({"alg": algorithm} | sent, claims))
            text = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in parts)
            mac = hmac.digest(b"", text, "sha256")
            return (text + b"." + urlsafe_b64encode(mac).rstrip(b"=")).decode()
        return jwt.encode(claims, secret if key is None else key, algorithm, sent)

    return make


@dataclass(frozen=True)
class RouteMethod:
    """One method of one route: what the table of permissions and the URL map say of it."""

    path: str
    method: str
    permission: str
    body_schema: type | None

    def url(self, **ids: str) -> str:
        """The address, with `<uuid:name>` replaced by the id of that name."""
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda match: ids[match[1]], self.path)


@pytest.fixture(scope="session")
def route_methods(functions: Dispatcher) -> list[RouteMethod]:
    """Every method of every route of api/, cron aside: from the functions themselves."""
    found = []
    for route in functions.routes.functions:
        app = functions._functions.app(route)
        if route.path.startswith("/api/cron"):
            continue
        for rule in app.url_map.iter_rules():
            view = app.view_functions[rule.endpoint]
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                schema = getattr(view, "body_schema", None)
                found.append(RouteMethod(rule.rule, method, view.permission, schema))
    return sorted(found, key=lambda each: (each.path, each.method))


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


@pytest.fixture(scope="session")
def at_once() -> Callable[[int, Callable[[int], Any]], list[Any]]:
    """Call something so many times in as many threads, all let go at the same moment."""

    def run(times: int, call: Callable[[int], Any]) -> list[Any]:
        barrier = Barrier(times)

        def one(number: int) -> Any:
            barrier.wait(30)
            return call(number)

        with ThreadPoolExecutor(times) as pool:
            return list(pool.map(one, range(times)))

    return run
