"""The Upstash bridge, against the unmodified client and by hand."""

from base64 import b64decode, b64encode

import httpx
import pytest
from upstash_redis import Redis
from upstash_redis.errors import UpstashError


@pytest.fixture(autouse=True)
def empty(client):
    client.flushdb()


@pytest.fixture(scope="module")
def client(bridge):
    with Redis(bridge.url, bridge.token, rest_retries=0) as made:
        yield made


@pytest.fixture(scope="module")
def http(bridge):
    headers = {"Authorization": f"Bearer {bridge.token}"}
    with httpx.Client(base_url=bridge.url, headers=headers, timeout=10) as made:
        yield made


def test_the_client_reads_back_what_it_wrote(client):
    assert client.set("k", "grüße 👋") is True
    assert client.get("k") == "grüße 👋"
    assert client.get("missing") is None
    assert client.hset("h", values={"a": "1", "b": "zwei"}) == 2
    assert client.hgetall("h") == {"a": "1", "b": "zwei"}
    assert client.zadd("z", {"one": 1, "two": 2.5}) == 2
    assert client.zrange("z", 0, -1, withscores=True) == [("one", 1.0), ("two", 2.5)]
    assert client.set("k", "other", nx=True) is False


def test_scripts_return_nested_lists_and_nil(client):
    script = "return {1, {'a', {'b', false}}, ARGV[1], redis.status_reply('fine')}"
    assert client.eval(script, keys=["k"], args=["x"]) == [1, ["a", ["b", None]], "x", "fine"]
    assert client.evalsha(client.script_load("return KEYS[1]"), keys=["k"]) == "k"
    with pytest.raises(UpstashError, match=r"^NOSCRIPT "):
        client.evalsha("0" * 40)


def test_a_pipeline_answers_each_command_and_raises_an_error_of_one(client, http):
    pipeline = client.pipeline()
    pipeline.set("n", 1)
    pipeline.incr("n")
    pipeline.get("missing")
    assert pipeline.exec() == [True, 2, None]
    answer = http.post("/pipeline", json=[["SET", "s", "x"], ["LPUSH", "s", "y"], ["GET", "s"]])
    assert answer.status_code == 200
    first, second, third = answer.json()
    assert (first, third) == ({"result": "OK"}, {"result": "x"})
    assert second["error"].startswith("WRONGTYPE ")


def test_a_transaction_runs_all_or_nothing(client, http):
    transaction = client.multi()
    transaction.incr("n")
    transaction.lpush("l", "a", "b")
    transaction.lrange("l", 0, -1)
    assert transaction.exec() == [1, 2, ["b", "a"]]
    refused = http.post("/multi-exec", json=[["INCR", "n"], ["NOSUCHCOMMAND"]])
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("EXECABORT ")
    assert client.get("n") == "1"


def test_an_error_inside_a_transaction_is_told_in_its_place(http):
    answer = http.post("/multi-exec", json=[["SET", "s", "x"], ["INCR", "s"], ["GET", "s"]])
    results = answer.json()
    assert results[0] == {"result": "OK"}
    assert results[1]["error"].startswith("ERR value is not an integer")
    assert results[2] == {"result": "x"}


def test_a_trailing_slash_in_the_address_does_not_matter(bridge):
    with Redis(bridge.url + "/", bridge.token, rest_retries=0) as client:
        assert client.pipeline().ping().exec() == ["PONG"]
        assert client.ping() == "PONG"


def test_base64_encodes_every_string_but_ok(http):
    headers = {"Upstash-Encoding": "base64"}

    def ask(*command):
        return http.post("/", json=list(command), headers=headers).json()["result"]

    assert ask("SET", "k", "v") == "OK"
    assert ask("PING") == b64encode(b"PONG").decode()
    assert ask("STRLEN", "k") == 1
    assert ask("GET", "missing") is None
    assert ask("EVAL", "return {1, {'a'}}", "0") == [1, [b64encode(b"a").decode()]]


def test_bytes_that_are_no_text_survive_in_base64(http, redis_server):
    body = bytes(range(256))
    assert http.post("/set/binary", content=body).json() == {"result": "OK"}
    answer = http.post("/", json=["GET", "binary"], headers={"Upstash-Encoding": "base64"})
    assert b64decode(answer.json()["result"]) == body
    assert http.get("/get/binary").status_code == 200  # lossy, as at Upstash, but no failure


def test_a_path_is_a_command(http):
    assert http.get("/set/a%2Fb/v%C3%A4lue").json() == {"result": "OK"}
    assert http.post("/", json=["GET", "a/b"]).json() == {"result": "välue"}
    assert http.get("/set/short/x?EX=100").json() == {"result": "OK"}
    assert 0 < http.get("/ttl/short").json()["result"] <= 100
    assert http.post("/append/short", content=b"yz").json() == {"result": 3}


@pytest.mark.parametrize("path", ["/", "/pipeline", "/multi-exec", "//pipeline", "/get/k"])
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer", "Basic a-token-for-tests"])
def test_every_path_needs_the_token(bridge, path, header):
    headers = {"Authorization": header} if header else {}
    answer = httpx.post(bridge.url + path, json=[["PING"]], headers=headers)
    assert answer.status_code == 401
    assert "error" in answer.json()


@pytest.mark.parametrize(
    "command",
    [
        ["BLPOP", "k", 0],
        ["subscribe", "c"],
        ["XREAD", "BLOCK", 0, "STREAMS", "s", "$"],
        ["SELECT", 1],
        ["SHUTDOWN"],
        ["MULTI"],
        [],
        "PING",
        [["PING"]],
        {"a": 1},
        ["SET", "k", None],
        ["SET", "k", {"a": 1}],
    ],
)
def test_what_can_not_be_run_is_refused_with_a_reason(http, command):
    answer = http.post("/", json=command)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("ERR ")
    assert http.post("/", json=["PING"]).json() == {"result": "PONG"}


def test_what_redis_refuses_is_told_in_its_words(http):
    http.post("/", json=["SET", "s", "x"])
    answer = http.post("/", json=["INCR", "s"])
    assert answer.status_code == 400
    assert answer.json() == {"error": "ERR value is not an integer or out of range"}
    assert http.post("/", content=b"no json").status_code == 400
    assert http.post("/pipeline", json=[]).status_code == 400


def test_numbers_and_booleans_are_arguments(http):
    answer = http.post("/", json=["EVAL", "return ARGV", "0", 1, 2.5, True, False])
    assert answer.json() == {"result": ["1", "2.5", "true", "false"]}


def test_a_redis_that_is_gone_is_503_and_comes_back(http, redis_server, bridge):
    assert http.post("/", json=["PING"]).status_code == 200
    redis_server.kill()
    try:
        for path, body in (("/", ["PING"]), ("/pipeline", [["PING"]])):
            answer = http.post(path, json=body)
            assert answer.status_code == 503
            assert "error" in answer.json()
    finally:
        redis_server.start()
    assert http.post("/", json=["PING"]).json() == {"result": "PONG"}
