"""Refresh tokens at their limits: many uses at once, theft, and keys that rotate meanwhile."""

import pytest

from lib.access import tokens
from lib.accounts import refresh_tokens, sessions
from lib.config import settings
from lib.stores import postgres

NEW_KEY = "the next signing key - long enough to sign with"


def refresh(api, token):
    return api.post("/auth/refresh", {"refresh_token": token})


def family(token):
    """How many refresh tokens the session of `token` has, and whether it was revoked."""
    with postgres.connection() as conn:
        return conn.execute(
            """
            SELECT (SELECT count(*) FROM refresh_tokens t WHERE t.session_id = s.id) AS tokens,
                   s.revoked_at IS NOT NULL AS revoked
            FROM sessions s JOIN refresh_tokens t ON t.session_id = s.id WHERE t.digest = %s
            """,
            [refresh_tokens.digest(token)],
        ).fetchone()


def age(token, seconds):
    """Pretend that a refresh token was used so long ago."""
    with postgres.connection() as conn:
        cursor = conn.execute(
            "UPDATE refresh_tokens SET used_at = used_at - make_interval(secs => %s) "
            "WHERE digest = %s",
            [seconds, refresh_tokens.digest(token)],
        )
        assert cursor.rowcount == 1


@pytest.fixture
def rotate(monkeypatch, stack):
    """Sign with another key from now on; the old one is accepted, or dropped."""

    def to(key=NEW_KEY, *, keep=True):
        old = settings().jwt_secret
        monkeypatch.setenv("JWT_SECRET", key)
        monkeypatch.setenv("JWT_PREVIOUS_SECRETS", old if keep else "")
        settings.cache_clear()
        tokens.keys.cache_clear()

    yield to
    monkeypatch.undo()
    settings.cache_clear()
    tokens.keys.cache_clear()


def test_fifty_uses_at_once_give_one_successor_and_revoke_nothing(api, person, at_once):
    somebody = person()
    answers = at_once(50, lambda _: refresh(api, somebody.refresh_token))
    assert {answer.status_code for answer in answers} == {200}
    (following,) = {answer.get_json()["refresh_token"] for answer in answers}
    assert family(somebody.refresh_token) == {"tokens": 2, "revoked": False}
    assert refresh(api, following).status_code == 200


def test_a_lost_answer_can_be_asked_for_again_within_the_grace_and_not_after(api, person):
    assert sessions.GRACE == 10
    somebody = person()
    lost = refresh(api, somebody.refresh_token).get_json()["refresh_token"]
    age(somebody.refresh_token, sessions.GRACE - 2)
    assert refresh(api, somebody.refresh_token).get_json()["refresh_token"] == lost
    age(somebody.refresh_token, 3)
    assert refresh(api, somebody.refresh_token).status_code == 401


def test_reuse_ends_the_family_and_its_access_tokens_and_is_committed(api, person, address):
    somebody = person()
    second = refresh(api, somebody.refresh_token).get_json()
    third = refresh(api, second["refresh_token"]).get_json()
    age(somebody.refresh_token, sessions.GRACE + 1)
    assert refresh(api, somebody.refresh_token).status_code == 401
    assert family(somebody.refresh_token)["revoked"]
    for pair in (second, third):
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        assert api.get("/me", headers=headers).status_code == 401
        assert refresh(api, pair["refresh_token"]).status_code == 401
    with postgres.connection() as conn:
        rows = conn.execute("SELECT event FROM audit_outbox ORDER BY id").fetchall()
    actions = [row["event"]["action"] for row in rows if row["event"]["address"] == address]
    assert actions == ["session.reuse-detected"]


def test_a_new_signing_key_logs_nobody_out(api, person, rotate):
    somebody = person()
    rotate()
    assert somebody.get("/me").status_code == 200
    answer = refresh(api, somebody.refresh_token)
    assert answer.status_code == 200
    somebody.token = answer.get_json()["access_token"]
    assert somebody.get("/me").status_code == 200


def test_a_successor_stays_the_same_though_the_key_rotates_within_the_grace(api, person, rotate):
    somebody = person()
    before = refresh(api, somebody.refresh_token).get_json()["refresh_token"]
    rotate()
    assert refresh_tokens.successors(somebody.refresh_token)[0] != before
    assert refresh(api, somebody.refresh_token).get_json()["refresh_token"] == before
    assert family(somebody.refresh_token) == {"tokens": 2, "revoked": False}
    assert refresh(api, before).status_code == 200


def test_a_key_that_is_dropped_ends_access_tokens_and_no_session(api, person, rotate):
    somebody = person()
    rotate(keep=False)
    assert somebody.get("/me").status_code == 401
    somebody.token = refresh(api, somebody.refresh_token).get_json()["access_token"]
    assert somebody.get("/me").status_code == 200
