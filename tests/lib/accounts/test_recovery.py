"""Passwords that are changed, and passwords that are forgotten."""

import secrets
from ipaddress import IPv4Address

import pytest

from lib.access import links
from lib.accounts import attempts, refresh_tokens
from lib.accounts import links as account_links
from lib.ids import new_id
from lib.stores import postgres

PASSWORD = "correct horse battery staple"
NEW = "a quite different sentence"


def log_in(api, email, password):
    return api.post("/auth/login", {"email": email, "password": password})


def change(who, new=NEW, current=PASSWORD):
    return who.post("/auth/password", {"current_password": current, "new_password": new})


def forgot(api, email, **options):
    return api.post("/auth/password/forgot", {"email": email}, **options)


def reset(api, token, password=NEW):
    return api.post("/auth/password/reset", {"token": token, "password": password})


def pointers(answer):
    assert answer.status_code == 422, answer.text
    return [error["pointer"] for error in answer.get_json()["errors"]]


def events_at(address):
    with postgres.connection() as conn:
        rows = conn.execute("SELECT event FROM audit_outbox ORDER BY id").fetchall()
    return [row["event"]["action"] for row in rows if row["event"]["address"] == address]


def test_a_changed_password_ends_every_other_session_and_a_mail_tells(api, person, mails):
    somebody = person()
    other = log_in(api, somebody.email, PASSWORD).get_json()["access_token"]
    assert change(somebody).status_code == 204
    assert somebody.get("/me").status_code == 200
    assert api.get("/me", headers={"Authorization": f"Bearer {other}"}).status_code == 401
    assert log_in(api, somebody.email, PASSWORD).status_code == 401
    assert log_in(api, somebody.email, NEW).status_code == 200
    assert [mail["template"] for mail in mails(somebody.email)] == ["password-changed"]


def test_without_the_current_password_nothing_changes(api, person, mails):
    somebody = person()
    assert pointers(change(somebody, current="not my password")) == ["/current_password"]
    assert pointers(change(somebody, new="password")) == ["/new_password"]
    assert log_in(api, somebody.email, PASSWORD).status_code == 200
    assert mails(somebody.email) == []


def test_a_stolen_session_guesses_ten_times_and_no_more(person):
    somebody = person()
    statuses = [change(somebody, current=f"guess number {n}").status_code for n in range(11)]
    assert statuses == [422] * attempts.CONFIRMATIONS.most + [429]
    assert somebody.send("DELETE", "/me", {"password": PASSWORD}).status_code == 429


def test_two_sessions_that_change_the_password_at_once_wait_in_line(api, person, at_once):
    somebody = person()
    tokens = [log_in(api, somebody.email, PASSWORD).get_json()["access_token"] for _ in range(2)]

    def use(number):
        body = {"current_password": PASSWORD, "new_password": f"{NEW} {number}"}
        headers = {"Authorization": f"Bearer {tokens[number]}"}
        return api.post("/auth/password", body, headers=headers).status_code

    assert sorted(at_once(2, use)) == [204, 401]


def test_a_forgotten_password_is_replaced_by_the_mailed_link(api, person, mailed_token, mails):
    somebody = person()
    assert somebody.post("/me/tokens", {"name": "Script", "scopes": ["read"]}).status_code == 201
    assert forgot(api, somebody.email).status_code == 202
    assert reset(api, mailed_token(somebody.email)).status_code == 204
    assert somebody.get("/me").status_code == 401
    refused = api.post("/auth/refresh", {"refresh_token": somebody.refresh_token})
    assert refused.status_code == 401
    somebody.token = log_in(api, somebody.email, NEW).get_json()["access_token"]
    assert somebody.get("/me").get_json()["email_verified"] is True
    assert somebody.get("/me/tokens").get_json()["items"] == []
    assert log_in(api, somebody.email, PASSWORD).status_code == 401
    templates = [mail["template"] for mail in mails(somebody.email)]
    assert templates == ["reset-password", "password-changed"]


def test_a_link_works_once(api, person, mailed_token):
    somebody = person()
    forgot(api, somebody.email)
    token = mailed_token(somebody.email)
    assert reset(api, token).status_code == 204
    assert pointers(reset(api, token, "one more sentence")) == ["/token"]
    assert log_in(api, somebody.email, NEW).status_code == 200


def test_of_one_link_used_twenty_times_at_once_one_use_counts(api, person, mailed_token, at_once):
    somebody = person()
    forgot(api, somebody.email)
    token = mailed_token(somebody.email)
    statuses = at_once(20, lambda n: reset(api, token, f"{NEW} {n}").status_code)
    assert sorted(statuses) == [204] + [422] * 19


def test_only_the_newest_link_works(api, person, mailed_token):
    somebody = person()
    forgot(api, somebody.email)
    older = mailed_token(somebody.email)
    forgot(api, somebody.email)
    assert pointers(reset(api, older)) == ["/token"]
    assert reset(api, mailed_token(somebody.email)).status_code == 204


def test_a_link_expires_after_an_hour(api, person, mailed_token):
    assert account_links.LIFETIMES[account_links.RESET_PASSWORD] == 3600
    somebody = person()
    forgot(api, somebody.email)
    with postgres.connection() as conn:
        row = conn.execute(
            """
            UPDATE account_links SET expires_at = expires_at - interval '1 hour'
            WHERE user_id = %s RETURNING expires_at - created_at < interval '1 s' AS over
            """,
            [somebody.id],
        ).fetchone()
    assert row["over"]
    assert pointers(reset(api, mailed_token(somebody.email))) == ["/token"]


@pytest.mark.parametrize("kind", ["garbage", "of nobody", "of another purpose", "a link to verify"])
def test_a_token_that_was_not_made_for_this_is_refused(api, person, mailed_token, kind):
    somebody = person()
    somebody.post("/auth/email/resend")
    token = {
        "garbage": "x" * 64,
        "of nobody": links.token("reset-password", new_id()),
        "of another purpose": links.token("invitation", new_id()),
        "a link to verify": mailed_token(somebody.email),
    }[kind]
    assert pointers(reset(api, token)) == ["/token"]


def test_known_and_unknown_addresses_look_the_same_and_take_the_same_work(
    api, person, mails, hashed
):
    seen = []
    for email in (person().email, "nobody-here@example.com"):
        forgot(api, email)
        hashed.clear()
        answer = forgot(api, email)
        body = {k: v for k, v in answer.get_json().items() if k != "email"}
        seen.append((answer.status_code, body, sorted(answer.headers.keys()), list(hashed)))
    assert seen[0] == seen[1]
    assert mails("nobody-here@example.com") == []


def test_nobody_gets_more_than_five_of_these_mails_an_hour(api, person, mails):
    somebody = person()
    statuses = {forgot(api, somebody.email).status_code for _ in range(8)}
    assert statuses == {202}
    assert len(mails(somebody.email)) == attempts.RESET_MAILS.most


def test_one_network_address_asks_thirty_times_an_hour(api):
    statuses = [forgot(api, f"x{n}@example.com").status_code for n in range(31)]
    assert statuses == [202] * 30 + [429]


def test_a_reset_lets_an_account_in_that_was_locked_by_guessing(api, person, mailed_token):
    somebody = person()
    for _ in range(12):
        overrides = {"REMOTE_ADDR": str(IPv4Address(secrets.randbits(32)))}
        body = {"email": somebody.email, "password": "guess"}
        api.post("/auth/login", body, environ_overrides=overrides)
    assert log_in(api, somebody.email, PASSWORD).status_code == 429
    forgot(api, somebody.email)
    assert reset(api, mailed_token(somebody.email)).status_code == 204
    assert log_in(api, somebody.email, NEW).status_code == 200


def test_every_step_is_in_the_audit_log_and_no_secret_is(api, person, mailed_token, address):
    somebody = person()
    change(somebody, "first new password")
    forgot(api, somebody.email)
    token = mailed_token(somebody.email)
    reset(api, token)
    assert events_at(address) == [
        "account.password-changed", "account.reset-requested", "account.password-changed",
        "session.ended",
    ]  # fmt: skip
    with postgres.connection() as conn:
        text = str(conn.execute("SELECT * FROM audit_outbox").fetchall())
        text += str(conn.execute("SELECT * FROM account_links").fetchall())
        text += str(conn.execute("SELECT payload FROM jobs").fetchall())
    for secret in (token, NEW, PASSWORD, "first new password"):
        assert secret not in text
    assert refresh_tokens.digest(somebody.refresh_token).hex() not in text
