"""Requests as a function of the platform sees them, in process and behind gunicorn."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from werkzeug.test import Client

from lib.emulator import ports
from lib.emulator.edge import MAX_BODY_BYTES
from lib.emulator.vercel import Dispatcher

ROOT = Path(__file__).resolve().parents[3]
ECHO = """
import json
def echo(environ, start_response):
    seen = {name: value for name, value in environ.items() if isinstance(value, str)}
    seen["body"] = len(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(seen).encode()]
app = echo
"""


@pytest.fixture
def project(tmp_path):
    for file, text in {
        "api/v1/p/[pid]/index.py": ECHO,
        "api/v1/broken.py": "app = missing_name\n",
        "api/v1/slow.py": "import time\ntime.sleep(0.3)\nprint('LOADED')\n" + ECHO,
        "public/index.html": "<h1>home</h1>",
        "public/docs/index.html": "<h1>docs</h1>",
        "public/about.html": "<h1>about</h1>",
        "public/app.js": "let x = 1",
        "public/.well-known/security.txt": "Contact: x",
        "secret.txt": "not for the web",
    }.items():
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def client(project):
    return Client(Dispatcher(project))


def test_the_path_arrives_undecoded_and_parameters_are_appended(client):
    seen = client.get("/api/v1/p/a%2Fb%20c?pid=mine&x=1").json
    assert seen["PATH_INFO"] == "/api/v1/p/a%2Fb%20c"
    assert seen["QUERY_STRING"] == "pid=mine&x=1&pid=a%2Fb%20c"
    assert seen["SCRIPT_NAME"] == ""
    assert os.environ["__VC_HANDLER_ENTRYPOINT"]


def test_without_a_raw_uri_the_decoded_path_is_encoded_again(project):
    environ = {"PATH_INFO": "/api/v1/p/gr\xc3\xbc\xc3\x9fe 1%", "REQUEST_METHOD": "GET"}
    environ |= {"wsgi.input": None, "RAW_URI": "", "QUERY_STRING": ""}
    found = Dispatcher(project)
    seen = {}

    def remember(environ, start_response):
        seen.update(environ)
        start_response("200 OK", [])
        return []

    route, _ = found.routes.find("/api/v1/p/x")
    found._functions._apps[route] = remember
    found(environ, lambda *_: None)
    assert seen["PATH_INFO"] == "/api/v1/p/gr%C3%BC%C3%9Fe%201%25"


def test_a_client_can_not_choose_its_address(client):
    headers = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"}
    base = {"REMOTE_ADDR": "10.0.0.9"}
    seen = client.get("/api/v1/p/x", headers=headers, environ_base=base).json
    assert (seen["REMOTE_ADDR"], seen["HTTP_X_FORWARDED_FOR"]) == ("10.0.0.9", "10.0.0.9")
    assert seen["wsgi.url_scheme"] == "http"


def test_a_trusted_proxy_tells_address_and_scheme(project):
    headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7", "X-Forwarded-Proto": "https"}
    seen = Client(Dispatcher(project, trusted_proxies=1)).get("/api/v1/p/x", headers=headers).json
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == ("203.0.113.7", "https")


def test_behind_the_real_platform_the_environ_is_left_alone(project):
    environ = {"PATH_INFO": "/api/v1/p/a%2Fb", "RAW_URI": "", "HTTP_X_FORWARDED_FOR": "1.2.3.4"}
    environ |= {"REMOTE_ADDR": "1.2.3.4"}
    app = Dispatcher(project, edge=False)
    seen = Client(app).get("/api/v1/p/x", environ_overrides=environ).json
    assert (seen["PATH_INFO"], seen["QUERY_STRING"]) == ("/api/v1/p/a%2Fb", "pid=a%2Fb")
    assert seen["HTTP_X_FORWARDED_FOR"] == "1.2.3.4"
    assert "HTTP_X_REAL_IP" not in seen
    assert Client(app).get("/").status_code == 404  # the platform serves public/ itself


def test_the_largest_body_passes_and_one_byte_more_does_not(client):
    assert client.post("/api/v1/p/x", data=b"x" * MAX_BODY_BYTES).json["body"] == MAX_BODY_BYTES
    answer = client.post("/api/v1/p/x", data=b"x" * (MAX_BODY_BYTES + 1))
    assert answer.status_code == 413
    assert answer.json["type"] == "/problems/too-large"


def test_an_unknown_path_is_a_problem_document(client):
    answer = client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/not-found"
    assert answer.json["status"] == 404


def test_a_function_that_does_not_load_is_500_and_the_others_go_on(client, capsys):
    answer = client.get("/api/v1/broken")
    assert answer.status_code == 500
    assert "missing_name" not in answer.text
    assert "missing_name" in capsys.readouterr().err
    assert client.get("/api/v1/p/x").status_code == 200


def test_many_first_requests_load_a_function_once(project, capsys):
    app = Dispatcher(project)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(Client(app).get("/api/v1/slow").status_code))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8
    assert capsys.readouterr().out.count("LOADED") == 1


@pytest.mark.parametrize(
    ("path", "text", "content_type"),
    [
        ("/", "<h1>home</h1>", "text/html; charset=utf-8"),
        ("/docs", "<h1>docs</h1>", "text/html; charset=utf-8"),
        ("/docs/", "<h1>docs</h1>", "text/html; charset=utf-8"),
        ("/about", "<h1>about</h1>", "text/html; charset=utf-8"),
        ("/app.js", "let x = 1", "text/javascript; charset=utf-8"),
        ("/.well-known/security.txt", "Contact: x", "text/plain; charset=utf-8"),
    ],
)
def test_static_files_have_clean_addresses_and_their_types(client, path, text, content_type):
    answer = client.get(path)
    assert (answer.text, answer.content_type) == (text, content_type)
    assert client.head(path).text == ""
    assert client.post(path).status_code == 405


def test_a_static_file_is_sent_once_per_version(client):
    first = client.get("/app.js")
    again = client.get("/app.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.text) == (304, "")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/docs/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "//secret.txt",
        "/docs/%00",
        "/link.txt",
        "/api/v1/broken.py",
        "/lib/x.py",
    ],
)
def test_nothing_outside_public_is_served(client, project, path):
    (project / "public" / "link.txt").symlink_to(project / "secret.txt")
    answer = client.get("/", environ_overrides={"RAW_URI": path, "PATH_INFO": path})
    assert answer.status_code == 404


@pytest.fixture
def served(project, until):
    program = (
        "import sys\nfrom pathlib import Path\nfrom lib.emulator.serve import serve\n"
        "from lib.emulator.vercel import Dispatcher\n"
        "serve(Dispatcher(Path(sys.argv[1])), '127.0.0.1', int(sys.argv[2]))"
    )
    [port] = ports.pick(1)
    server = subprocess.Popen([sys.executable, "-c", program, str(project), str(port)], cwd=ROOT)
    try:
        until(lambda: not ports.is_free(port))
        yield port
    finally:
        server.terminate()
        server.wait(20)


def test_behind_gunicorn_raw_paths_chunked_bodies_and_large_ones_are_the_same(served):
    url = f"http://127.0.0.1:{served}/api/v1/p/a%2Fb%C3%BC"
    seen = httpx.post(url, content=iter([b"abc", b"de"])).json()
    assert (seen["PATH_INFO"], seen["body"]) == ("/api/v1/p/a%2Fb%C3%BC", 5)
    assert "HTTP_TRANSFER_ENCODING" not in seen
    chunk = b"x" * 65_536
    for content in (iter([chunk] * 80), chunk * 80):
        assert httpx.post(url, content=content, timeout=20).status_code == 413


def test_an_absolute_request_target_is_routed_by_its_path(served):
    with socket.create_connection(("127.0.0.1", served)) as raw:
        raw.sendall(
            b"GET http://x/api/v1/p/a%2Fb?q=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        answer = b"".join(iter(lambda: raw.recv(65_536), b"")).decode()
    seen = json.loads(answer[answer.index("{") : answer.rindex("}") + 1])
    assert (seen["PATH_INFO"], seen["QUERY_STRING"]) == ("/api/v1/p/a%2Fb", "q=1&pid=a%2Fb")


@pytest.mark.parametrize(
    "fields", [b"X-Long: " + b"x" * 65_536, b"\r\n".join([b"X: " + b"x" * 1000] * 64)]
)
def test_64_kb_of_headers_are_refused(served, fields):
    with socket.create_connection(("127.0.0.1", served), timeout=10) as raw:
        raw.sendall(b"GET /api/v1/p/a HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n\r\n")
        status = int(raw.recv(65_536).split(b" ")[1])
    assert 400 <= status < 500
