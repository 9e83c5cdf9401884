"""Every secret of every field, looked for in all that is written down or said: it is nowhere."""

import json
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from lib.access import links
from lib.audit import delivery
from lib.config import settings
from lib.emulator.redis_link import RedisLink
from lib.stores import mongo, postgres, redis_tcp

NAME = "Somebody Visible"


def canary():
    return f"canary {uuid4().hex}"


@dataclass
class Story:
    """What was said to the functions, what they answered, and which secrets there were."""

    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[TestResponse, set[str]]] = field(default_factory=list)

    def keep(self, name, text):
        assert text
        self.secrets[name] = text
        return text

    def told(self, answer, *shown):
        """Keep an answer, which may hold the secrets that it hands out."""
        self.answers.append((answer, set(shown)))
        return answer

    def within(self, text):
        return {name for name, secret in self.secrets.items() if secret in text}


def mailed(email, purpose):
    """The token of the newest link that was mailed: the mail alone has it."""
    with postgres.connection() as conn:
        row = conn.execute(
            "SELECT payload->'link' AS link FROM jobs WHERE payload->>'to' = %s"
            " AND payload->'link'->>'purpose' = %s ORDER BY id DESC LIMIT 1",
            [email, purpose],
        ).fetchone()
    return links.token(row["link"]["purpose"], UUID(row["link"]["id"]))


@pytest.fixture
def live(api, team, route_methods):
    """Live the life of an account in which every kind of secret is used, rightly and wrongly.

    All functions are there already: one that is loaded meanwhile takes the logs over.
    """

    def lived():
        told = Story()
        for name in ("jwt_secret", "cron_secret", "upstash_token"):
            told.keep(name, getattr(settings(), name))
        email, third = _account(told, api)
        who = _log_in(told, api, email, third, "last")
        _tokens(told, api, team, who)
        _invitations(told, api, team)
        _webhooks(told, team)
        _mistakes(told, api)
        headers = {"Authorization": f"Bearer {settings().cron_secret}"}
        told.told(api.get("/api/cron/expire_sessions", headers=headers))
        return told

    return lived


def _account(told, api):
    email = f"{uuid4().hex}@example.com"
    first, second, third = (told.keep(f"password {n}", canary()) for n in range(3))
    body = {"email": email, "name": NAME, "password": first}
    assert told.told(api.post("/auth/register", body)).status_code == 202
    token = told.keep("verification", mailed(email, "verify-email"))
    assert told.told(api.post("/auth/email/verify", {"token": token})).status_code < 300
    wrong = told.keep("wrong password", canary())
    told.told(api.post("/auth/login", {"email": email, "password": wrong}))
    who = _log_in(told, api, email, first, "first")
    body = {"current_password": first, "new_password": second}
    headers = {"Authorization": f"Bearer {who['access_token']}"}
    assert told.told(api.post("/auth/password", body, headers=headers)).status_code < 300
    told.told(api.post("/auth/password/forgot", {"email": email}))
    token = told.keep("reset", mailed(email, "reset-password"))
    answer = told.told(api.post("/auth/password/reset", {"token": token, "password": third}))
    assert answer.status_code < 300, answer.text
    return email, third


def _log_in(told, api, email, password, name):
    answer = api.post("/auth/login", {"email": email, "password": password})
    pair = _pair(told, answer, name)
    answer = api.post("/auth/refresh", {"refresh_token": pair["refresh_token"]})
    return _pair(told, answer, f"{name}, refreshed")


def _pair(told, answer, name):
    assert answer.status_code == 200, answer.text
    pair = answer.get_json()
    names = [f"{kind} ({name})" for kind in ("access_token", "refresh_token")]
    for each in names:
        told.keep(each, pair[each.split()[0]])
    told.told(answer, *names)
    return pair


def _tokens(told, api, team, who):
    headers = {"Authorization": f"Bearer {who['access_token']}"}
    key = {"Idempotency-Key": told.keep("idempotency key", uuid4().hex)}
    body = {"name": "Script", "scopes": ["read"]}
    for _ in range(2):  # the second is answered from what was kept
        answer = api.post("/me/tokens", body, headers=headers | key)
        told.keep("personal token", answer.get_json()["token"])
        told.told(answer, "personal token")
    personal = {"Authorization": f"Bearer {told.secrets['personal token']}"}
    assert told.told(api.get("/me", headers=personal)).status_code == 200
    answer = team.owner.post(f"/projects/{team.project['id']}/ticket")
    told.keep("ticket", answer.get_json()["ticket"])
    told.told(answer, "ticket")


def _invitations(told, api, team):
    path = f"/workspaces/{team.workspace['id']}/invitations"
    answer = team.owner.post(path, {"role": "viewer"})
    token = told.keep("invitation link", answer.get_json()["token"])
    told.told(answer, "invitation link")
    told.told(api.post("/invitations/preview", {"token": token}))
    told.told(team.stranger.post("/invitations/accept", {"token": token}))
    email = f"{uuid4().hex}@example.com"
    told.told(team.owner.post(path, {"role": "viewer", "email": email}))
    token = told.keep("invitation by mail", mailed(email, "invitation"))
    password = told.keep("password of an invited person", canary())
    body = {"token": token, "name": NAME, "password": password}
    assert told.told(api.post("/invitations/register", body)).status_code == 201
    told.told(team.owner.get(f"{path}?state=all"))


def _webhooks(told, team):
    path = f"/workspaces/{team.workspace['id']}/webhooks"
    key = {"Idempotency-Key": told.keep("key of a webhook", uuid4().hex)}
    for _ in range(2):  # the second is answered from what was kept
        answer = team.owner.post(path, {"url": "https://hooks.example.com/"}, headers=key)
        told.keep("webhook secret", answer.get_json()["secret"])
        told.told(answer, "webhook secret")
    one = f"{path}/{answer.get_json()['id']}"
    answer = team.owner.post(f"{one}/secrets", {})
    told.keep("rotated webhook secret", answer.get_json()["secret"])
    told.told(answer, "rotated webhook secret")
    ping = told.told(team.owner.post(f"{one}/ping"))
    for shown in (path, one, f"{one}/deliveries", ping.headers["Location"]):
        assert told.told(team.owner.get(shown)).status_code == 200
    assert told.told(team.owner.patch(one, {"description": "x"})).status_code == 200


def _mistakes(told, api):
    """Each secret where it does not belong."""
    for secret in list(told.secrets.values()):
        for body in ({"token": [secret]}, {"password": {secret: secret}}, {"email": secret}):
            told.told(api.post("/auth/login", body))
        for path in ("/auth/refresh", "/auth/password/reset", "/invitations/preview"):
            for name in ("refresh_token", "token"):
                told.told(api.post(path, {name: secret, "password": "x" * 20}))
        told.told(api.get("/workspaces", query_string={"cursor": secret}))
        told.told(api.get("/me", headers={"Authorization": f"Bearer {secret}x"}))
        told.told(api.get("/me", headers={"Authorization": secret}))


def in_postgres():
    """All rows of all tables as text, the bytes in them both in hex and as they are."""
    with postgres.connection() as conn:
        names = [
            row["name"]
            for row in conn.execute(
                "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
            )
        ]
        rows = [row for name in names for row in conn.execute(f"SELECT * FROM {name}").fetchall()]  # noqa: S608
    assert len(names) > 10
    texts = [
        v.decode("latin-1") if isinstance(v, bytes) else str(v) for r in rows for v in r.values()
    ]
    return "\n".join(texts)


def in_redis():
    link, texts = RedisLink(settings().redis_url), []
    commands = {"string": "GET", "list": "LRANGE", "set": "SMEMBERS", "zset": "ZRANGE"}
    for key in redis_tcp.client().scan_iter("*"):
        kind = redis_tcp.client().type(key)
        more = [0, -1] if kind in ("list", "zset") else []
        texts += [key, str(link.command([commands[kind], key, *more]))]
    return "\n".join(texts)


def in_mongo():
    while sum(delivery.move().values()):
        pass
    with mongo.database() as database:
        names = database.list_collection_names()
        return "\n".join(str(doc) for name in names for doc in database[name].find())


def test_no_secret_is_written_down_or_said_again(live, caplog):
    story = live()
    assert len(story.secrets) > 15
    kept = {"Postgres": in_postgres(), "MongoDB": in_mongo(), "Redis": in_redis()}
    records = [vars(record) for record in caplog.records]
    kept["the logs"] = json.dumps(records, default=str)
    for where, text in kept.items():
        assert story.within(text) == set(), where
    assert NAME in kept["Postgres"]
    assert NAME in kept["MongoDB"]
    assert "collab:ticket:" in kept["Redis"]
    assert kept["the logs"].count("http.request") > 50


def test_no_secret_is_said_but_by_the_answer_that_hands_it_out(live):
    story, handed_out = live(), set()
    for answer, shown in story.answers:
        text = f"{answer.text}\n{answer.headers}"
        assert story.within(text) <= shown, (answer.request.path, answer.text)
        assert answer.status_code < 500
        handed_out |= shown
    assert {"personal token", "ticket", "invitation link", "webhook secret"} < handed_out
    assert sum(answer.status_code >= 400 for answer, _ in story.answers) > 100
