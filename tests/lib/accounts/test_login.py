"""Logging in: how often it may be tried, and that no answer tells which accounts there are."""

import os
import secrets
import signal
import threading
import time
from ipaddress import IPv4Address

import pytest
from argon2 import PasswordHasher
from redis import Redis, RedisError
from werkzeug.test import Client

from lib.access import throttles
from lib.accounts import attempts, passwords, queries
from lib.emulator.vercel import Dispatcher
from lib.stores import postgres

PASSWORD = "correct horse battery staple"
WRONG = "another password altogether"
MOST = attempts.FAILURES.most


def log_in(api, email, password=PASSWORD, address=None, agent="browser", **headers):
    options = {"environ_overrides": {"REMOTE_ADDR": address}} if address else {}
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"email": email, "password": password}
    return api.post("/auth/login", body, headers={"User-Agent": agent} | headers, **options)


def elsewhere():
    """An address that no test has used."""
    return str(IPv4Address(secrets.randbits(32)))


def use_up(api, email):
    """Fail as often as one may."""
    for _ in range(MOST):
        answer = log_in(api, email, WRONG, address=elsewhere())
        assert answer.status_code == 401, answer.text


def compared(answer):
    """An answer without what differs from request to request."""
    body = {k: v for k, v in answer.get_json().items() if k not in ("request_id", "detail")}
    times = ("X-Request-Id", "Content-Length", "Retry-After", "RateLimit-Reset")
    return answer.status_code, body, {k: v for k, v in answer.headers.items() if k not in times}


def test_after_ten_failures_even_the_right_password_is_refused_for_a_while(api, person):
    somebody, another = person(), person()
    use_up(api, somebody.email)
    refused = log_in(api, somebody.email)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert refused.headers["RateLimit-Limit"] == str(MOST)
    assert log_in(api, another.email).status_code == 200


def test_a_known_device_gets_in_with_the_right_password_and_only_with_it(api, person):
    somebody = person()
    device = {"address": elsewhere(), "agent": "her laptop"}
    assert log_in(api, somebody.email, **device).status_code == 200
    use_up(api, somebody.email)
    assert log_in(api, somebody.email, WRONG, **device).status_code == 429
    assert log_in(api, somebody.email, address=device["address"], agent="other").status_code == 429
    assert log_in(api, somebody.email, address=elsewhere(), agent="her laptop").status_code == 429
    assert log_in(api, somebody.email, **device).status_code == 200
    assert log_in(api, somebody.email, WRONG).status_code == 401  # the count was forgiven


def test_a_device_is_forgotten_after_thirty_days(api, person):
    somebody = person()
    device = {"address": elsewhere(), "agent": "her laptop"}
    assert log_in(api, somebody.email, **device).status_code == 200
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE sessions SET last_seen_at = now() - interval '31 days' WHERE user_id = %s",
            [somebody.id],
        )
    use_up(api, somebody.email)
    assert log_in(api, somebody.email, **device).status_code == 429


def test_a_success_forgives_the_failures_before_it(api, person):
    somebody = person()
    for _ in range(2):
        for _ in range(MOST - 1):
            assert log_in(api, somebody.email, WRONG).status_code == 401
        assert log_in(api, somebody.email).status_code == 200


def test_known_and_unknown_accounts_look_the_same_at_every_attempt(api, person, hashed):
    known, unknown = person().email, "nobody-at-all@example.com"
    passwords.matches(None, "so that the hash of nobody is there")
    for number in range(MOST + 2):
        answers, work = [], []
        for email in (known, unknown):
            hashed.clear()
            answers.append(compared(log_in(api, email, WRONG, address=elsewhere())))
            work.append(list(hashed))
        assert answers[0] == answers[1]
        assert work == [["verify"], ["verify"]]
        assert answers[0][0] == (401 if number < MOST else 429)


def test_a_right_password_and_a_known_device_take_no_other_work(api, person, hashed):
    somebody = person()
    for password, expected in ((PASSWORD, 200), (WRONG, 401)):
        hashed.clear()
        assert log_in(api, somebody.email, password).status_code == expected
        assert hashed == ["verify"]


def test_one_address_may_try_thirty_times_in_five_minutes_whatever_the_account(api):
    for number in range(attempts.LOG_INS.most):
        assert log_in(api, f"guess-{number}@example.com", WRONG).status_code == 401
    refused = log_in(api, "guess-again@example.com", WRONG)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    assert log_in(api, "guess@example.com", WRONG, address=elsewhere()).status_code == 401


def test_a_forged_forwarded_address_changes_nothing(api):
    for number in range(attempts.LOG_INS.most):
        forged = {"X_Forwarded_For": f"192.0.2.{number}", "X_Real_IP": f"192.0.2.{number}"}
        assert log_in(api, f"guess-{number}@example.com", WRONG, **forged).status_code == 401
    forged = {"X_Forwarded_For": "192.0.2.250", "Forwarded": "for=192.0.2.250"}
    assert log_in(api, "guess-again@example.com", WRONG, **forged).status_code == 429


def test_twenty_guesses_at_once_are_ten_guesses(api, person, at_once):
    email = person().email
    answers = at_once(20, lambda _: log_in(api, email, WRONG, address=elsewhere()).status_code)
    assert sorted(answers) == [401] * MOST + [429] * (20 - MOST)


def test_limits_hold_and_log_in_works_while_redis_is_stopped(api, person, stack, request):
    stack.redis.stop()
    request.addfinalizer(stack.redis.start)
    check_limits_without_redis(api, person)


def test_limits_hold_and_log_in_works_while_redis_is_frozen(api, person, stack, request):
    group = os.getpgid(stack.redis.pid)
    os.killpg(group, signal.SIGSTOP)
    request.addfinalizer(lambda: os.killpg(group, signal.SIGCONT))
    with pytest.raises(RedisError):
        Redis.from_url(stack.redis.url, socket_timeout=0.3, retry=None).ping()
    check_limits_without_redis(api, person)


def check_limits_without_redis(api, person):
    somebody = person()
    started = time.monotonic()
    assert log_in(api, somebody.email).status_code == 200
    assert time.monotonic() - started < 2
    use_up(api, somebody.email)
    started = time.monotonic()
    assert log_in(api, somebody.email, WRONG, address=elsewhere()).status_code == 429
    assert time.monotonic() - started < 2


def test_an_address_that_was_tried_is_not_written_down(api, stack):
    typed = "my-secret-password@example.com"
    assert log_in(api, typed, WRONG).status_code == 401
    with postgres.connection() as conn:
        kept = [str(conn.execute(f"SELECT * FROM {table}").fetchall())  # noqa: S608
                for table in ("throttles", "audit_outbox")]  # fmt: skip
    assert "log-in-failures" in kept[0]
    assert not any("my-secret-password" in text for text in kept)


def test_fifty_log_ins_at_once_hash_a_few_at_a_time(api, person, at_once, monkeypatch):
    people = [person() for _ in range(50)]
    real, guard, now, most = PasswordHasher.verify, threading.Lock(), [0], [0]

    def verify(self, *args):
        with guard:
            now[0] += 1
            most[0] = max(most[0], now[0])
        try:
            return real(self, *args)
        finally:
            with guard:
                now[0] -= 1

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    answers = at_once(50, lambda n: log_in(api, people[n].email, address=elsewhere()))
    assert [answer.status_code for answer in answers] == [200] * 50
    assert 1 <= most[0] <= passwords.AT_ONCE  # each takes 19 MiB


def test_a_password_that_is_changed_during_the_log_in_starts_no_session(
    api, person, monkeypatch, password_hash
):
    somebody = person()
    real = passwords.matches

    def matches(stored, password):
        with postgres.connection() as conn:
            queries.set_password(conn, somebody.id, password_hash)
        return real(stored, password)

    assert log_in(api, somebody.email).status_code == 200
    monkeypatch.setattr(passwords, "matches", matches)
    assert log_in(api, somebody.email).status_code == 401


def test_with_limits_off_nobody_is_refused(api, person, configure):
    configure(RATE_LIMITS="off")
    email = person().email
    statuses = {log_in(api, email, WRONG).status_code for _ in range(attempts.LOG_INS.most + 2)}
    assert statuses == {401}


def test_behind_a_proxy_of_ones_own_each_client_has_its_own_limit(api, person):
    behind, first = Dispatcher(trusted_proxies=1), elsewhere()
    email = f"{secrets.token_hex(8)}@example.com"
    for number in range(attempts.LOG_INS.most + 1):
        answer = Client(behind).post(
            "/api/v1/auth/login",
            json={"email": email, "password": WRONG},
            headers={"X-Forwarded-For": f"6.6.6.6, {first if number == 0 else elsewhere()}"},
        )
        assert answer.status_code == (401 if number < MOST else 429)  # the account's count only
    assert throttles.count(attempts.LOG_INS, first).left == attempts.LOG_INS.most - 2


@pytest.mark.parametrize("verified", [False, True])
def test_where_it_is_required_only_a_verified_address_logs_in(
    api, person, configure, mails, verified
):
    configure(EMAIL_VERIFICATION="required")
    somebody = person()
    if verified:
        with postgres.connection() as conn:
            queries.verify_email(conn, somebody.id)
    assert log_in(api, somebody.email, WRONG).get_json()["type"] == "/problems/unauthenticated"
    answer = log_in(api, somebody.email)
    if verified:
        assert answer.status_code == 200
    else:
        assert answer.status_code == 403
        assert answer.get_json()["type"] == "/problems/email-not-verified"
        assert [mail["template"] for mail in mails(somebody.email)] == ["verify-email"]
