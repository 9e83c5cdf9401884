"""Sessions: logging in, refreshing, logging out; what is kept, and what is never said."""

import threading

import pytest

from lib.accounts import expiry, passwords, refresh_tokens, sessions
from lib.stores import postgres

PASSWORD = "correct horse battery staple"


def refresh(api, token):
    return api.post("/auth/refresh", {"refresh_token": token})


def age(token, seconds):
    """Pretend that a refresh token was used so long ago."""
    with postgres.connection() as conn:
        cursor = conn.execute(
            """
            UPDATE refresh_tokens SET used_at = used_at - make_interval(secs => %s)
            WHERE digest = %s
            """,
            [seconds, refresh_tokens.digest(token)],
        )
        assert cursor.rowcount == 1


def events_of(address):
    with postgres.connection() as conn:
        rows = conn.execute("SELECT event FROM audit_outbox ORDER BY id").fetchall()
    return [row["event"] for row in rows if row["event"]["user_agent"] == address]


def test_somebody_registers_and_logs_in(api):
    account = {"email": "New.Person@Example.com", "name": "New", "password": PASSWORD}
    answer = api.post("/auth/register", account)
    assert (answer.status_code, answer.get_json()["email"]) == (202, "new.person@example.com")
    tokens = api.post("/auth/login", {"email": account["email"], "password": PASSWORD}).get_json()
    assert tokens["expires_in"] == 900
    me = api.get("/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}).get_json()
    assert (me["email"], me["name"]) == ("new.person@example.com", "New")


def test_a_taken_address_gets_the_same_answer_and_keeps_its_account(api, person, monkeypatch):
    somebody = person("Taken")
    hashed = count_hashes(monkeypatch)
    again = {"email": somebody.email, "name": "Thief", "password": "another password"}
    taken, fresh = (
        api.post("/auth/register", again),
        api.post("/auth/register", again | {"email": "fresh@example.com"}),
    )
    assert (taken.status_code, set(taken.get_json())) == (fresh.status_code, set(fresh.get_json()))
    assert set(taken.headers.keys()) == set(fresh.headers.keys())
    assert hashed == ["digest", "digest"]
    assert somebody.get("/me").get_json()["name"] == "Taken"
    assert (
        api.post("/auth/login", {"email": somebody.email, "password": PASSWORD}).status_code == 200
    )


def test_a_wrong_password_and_an_unknown_address_look_the_same(api, person, monkeypatch):
    hashed = count_hashes(monkeypatch)
    known = api.post("/auth/login", {"email": person().email, "password": "wrong password"})
    unknown = api.post("/auth/login", {"email": "no@example.com", "password": "wrong password"})
    assert known.status_code == unknown.status_code == 401
    assert {k: v for k, v in known.get_json().items() if k != "request_id"} == {
        k: v for k, v in unknown.get_json().items() if k != "request_id"
    }
    assert hashed == ["matches", "matches"]


def count_hashes(monkeypatch):
    """Count the slow work of each path, which is what an attacker would time."""
    seen = []
    for name in ("digest", "matches"):
        real = getattr(passwords, name)

        def counted(*args, name=name, real=real):
            seen.append(name)
            return real(*args)

        monkeypatch.setattr(passwords, name, counted)
    return seen


def test_a_refresh_token_is_used_once_and_its_successor_works(api, person):
    somebody = person()
    second = refresh(api, somebody.refresh_token).get_json()["refresh_token"]
    assert second != somebody.refresh_token
    assert refresh(api, second).status_code == 200


def test_within_the_grace_the_same_token_gives_the_same_successor(api, person):
    somebody = person()
    answers = []

    def use():
        answers.append(refresh(api, somebody.refresh_token))

    threads = [threading.Thread(target=use) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.get_json()["refresh_token"] for answer in answers}) == 1
    assert somebody.get("/me").status_code == 200


def test_a_token_reused_after_the_grace_ends_the_session_for_good(api, person):
    somebody = person()
    second = refresh(api, somebody.refresh_token).get_json()["refresh_token"]
    age(somebody.refresh_token, sessions.GRACE + 1)
    assert somebody.get("/me").status_code == 200
    assert refresh(api, somebody.refresh_token).status_code == 401
    assert refresh(api, second).status_code == 401
    assert somebody.get("/me").status_code == 401


@pytest.mark.parametrize("token", ["rt_unknown", "x", "rt_" + "é" * 10])
def test_an_unknown_refresh_token_is_refused(api, token):
    assert refresh(api, token).status_code == 401


def test_logging_out_ends_this_session_and_no_other(api, person):
    somebody = person()
    login = {"email": somebody.email, "password": PASSWORD}
    other = api.post("/auth/login", login).get_json()["access_token"]
    assert somebody.post("/auth/logout").status_code == 204
    assert somebody.get("/me").status_code == 401
    assert refresh(api, somebody.refresh_token).status_code == 401
    assert api.get("/me", headers={"Authorization": f"Bearer {other}"}).status_code == 200


def test_an_old_hash_is_renewed_at_log_in(api, person):
    from argon2 import PasswordHasher

    somebody = person()
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with postgres.connection() as conn:
        conn.execute("UPDATE users SET password_hash = %s WHERE id = %s", [weak, somebody.id])
    login = {"email": somebody.email, "password": PASSWORD}
    assert api.post("/auth/login", login).status_code == 200
    with postgres.connection() as conn:
        row = conn.execute(
            "SELECT password_hash FROM users WHERE id = %s", [somebody.id]
        ).fetchone()
    assert "m=19456,t=2,p=1" in row["password_hash"]
    assert api.post("/auth/login", login).status_code == 200


def test_only_digests_of_secrets_are_stored(person):
    somebody = person()
    with postgres.connection() as conn:
        text = str(conn.execute("SELECT * FROM refresh_tokens").fetchall())
        text += str(conn.execute("SELECT * FROM users").fetchall())
        text += str(conn.execute("SELECT * FROM audit_outbox").fetchall())
    assert somebody.refresh_token not in text
    assert PASSWORD not in text
    assert somebody.token not in text


def test_every_step_of_a_session_is_in_the_audit_log(api, person):
    somebody = person()
    agent = f"agent-{somebody.id}"
    login = {"email": somebody.email, "password": PASSWORD}
    headers = {"User-Agent": agent}
    api.post("/auth/login", login | {"password": "wrong password"}, headers=headers)
    token = api.post("/auth/login", login, headers=headers).get_json()["access_token"]
    api.post("/auth/logout", headers=headers | {"Authorization": f"Bearer {token}"})
    actions = [event["action"] for event in events_of(agent)]
    assert actions == ["session.refused", "session.started", "session.ended"]


def test_sessions_long_ended_are_deleted_with_their_tokens(person):
    gone, kept = person(), person()
    with postgres.transaction() as conn:
        conn.execute(
            "UPDATE sessions SET revoked_at = now() - interval '31 days' WHERE user_id = %s",
            [gone.id],
        )
        assert expiry.delete(conn, 1000)["sessions"] >= 1
        left = conn.execute("SELECT user_id::text AS id FROM sessions").fetchall()
        orphans = conn.execute(
            "SELECT count(*) AS n FROM refresh_tokens WHERE digest = %s",
            [refresh_tokens.digest(gone.refresh_token)],
        ).fetchone()
    ids = {row["id"] for row in left}
    assert kept.id in ids
    assert gone.id not in ids
    assert orphans["n"] == 0
