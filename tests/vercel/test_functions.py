"""Every built function, run by the platform's own shim on real stores."""

import re
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from lib.emulator.routes import PARAMETER, discover
from lib.ids import new_id

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery staple"
AUTOMATIC = {"HEAD", "OPTIONS"}  # methods that Flask answers itself
STARTS = 3  # of which the fastest counts
SHARE = {"PYTHONDONTWRITEBYTECODE": ""}  # the functions share a folder: the next one starts faster


def concrete(path):
    """A path with some id in place of each parameter."""
    return re.sub(PARAMETER, str(new_id()), path)


def strange_answers(instance, target):
    """What is wrong with the answers to every method of a path, for nobody in particular."""
    offered = instance.send("OPTIONS", target)
    if offered.status_code != 200 or "Allow" not in offered.headers:
        return [f"OPTIONS {target}: {offered.status_code} {offered.text[:500]}"]
    wrong = []
    for method in sorted(set(offered.headers["Allow"].split(", ")) - AUTOMATIC):
        answer = instance.send(method, target)
        if answer.status_code >= 500 or "X-Request-Id" not in answer.headers:
            wrong.append(f"{method} {target}: {answer.status_code} {answer.text[:500]}")
    return wrong


@pytest.fixture(scope="module")
def one(builds, start):
    """The function of the small plan, running."""
    (function,) = builds.one.functions.values()
    with start(function) as instance:
        yield instance


def test_every_function_imports_and_answers_every_method(builds, start, in_parallel, say):
    def ask(route):
        function, target = builds.many.find(concrete(route.path))
        try:
            with start(function, **SHARE) as instance:
                return instance.seconds, strange_answers(instance, target)
        except AssertionError as failed:
            return 0.0, [f"{route.file}: {failed}"]

    routes = discover(ROOT).functions
    asked = in_parallel(ask, routes)
    taken = [seconds for seconds, _ in asked]
    say(f"  {len(taken)} functions started in {median(taken):.2f} s (median), {max(taken):.2f} s.")
    wrong = [problem for _, problems in asked for problem in problems]
    assert not wrong, "\n".join(wrong)


def test_the_one_function_answers_every_route(builds, one):
    wrong = []
    for route in discover(ROOT).functions:
        function, target = builds.one.find(concrete(route.path))
        assert function.name == "api/_hobby.py"
        wrong += strange_answers(one, target)
    assert not wrong, "\n".join(wrong)


def test_a_path_without_a_route_is_a_problem_document_in_the_one_function(one):
    answer = one.send("GET", "/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_functions_are_alive_and_reach_their_stores(builds, start, one):
    for name, path in (("live", "/api/v1/health/live"), ("ready", "/api/v1/health/ready")):
        function = builds.many.functions[f"api/v1/health/{name}"]
        with start(function, **SHARE) as instance:
            answer = instance.send("GET", path)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "ok"
        assert one.send("GET", path).json() == answer.json()


def test_somebody_registers_logs_in_and_reads_what_postgres_holds(builds, start):
    def send(method, path, **options):
        function, target = builds.many.find(path)
        with start(function, **SHARE) as instance:
            return instance.send(method, target, **options)

    assert_session(send, "many@example.com")


def test_the_one_function_serves_a_session_too(one):
    assert_session(one.send, "one@example.com")


def assert_session(send, email):
    credentials = {"email": email, "password": PASSWORD}
    registered = send("POST", "/api/v1/auth/register", json=credentials | {"name": "Olga"})
    assert registered.status_code < 300, registered.text
    token = send("POST", "/api/v1/auth/login", json=credentials).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert send("GET", "/api/v1/me").status_code == 401
    me = send("GET", "/api/v1/me", headers=bearer)
    assert (me.status_code, me.json()["email"]) == (200, email)
    made = send("POST", "/api/v1/workspaces", headers=bearer, json={"name": "Studio"})
    assert made.status_code == 201, made.text
    path = f"/api/v1/workspaces/{made.json()['id']}"
    read = send("GET", path, headers=bearer)
    assert (read.status_code, read.json()["name"]) == (200, "Studio")
    encoded = send("GET", path.replace("-", "%2D"), headers=bearer)
    assert encoded.json() == read.json()


def test_bytecode_makes_a_cold_start_faster(builds, start, say):
    (shipped,) = builds.one.functions.values()
    bare = {place: file for place, file in shipped.shared.items() if not place.endswith(".pyc")}
    assert len(bare) < len(shipped.shared)
    taken = {"with": [], "without": []}
    for _ in range(STARTS):
        for name, function in (("with", shipped), ("without", replace(shipped, shared=bare))):
            started = time.monotonic()
            with start(function) as instance:
                assert instance.send("GET", "/api/v1/health/live").status_code == 200
            taken[name].append(time.monotonic() - started)
    best = {name: min(seconds) for name, seconds in taken.items()}
    say(
        f"  First answer after {best['with']:.2f} s with bytecode, {best['without']:.2f} s without."
    )
    assert best["with"] < best["without"]
