"""Registering: the mail tells what the answer does not, and nobody is flooded with mails."""

import secrets
from ipaddress import IPv4Address

import pytest

from lib.accounts import attempts, passwords
from lib.accounts.common_passwords import COMMONEST, _commonest
from lib.stores import postgres

GOOD = "correct horse battery staple"


@pytest.fixture
def register(api):
    def send(email="fresh@example.com", password=GOOD, address=None, **more):
        options = {"environ_overrides": {"REMOTE_ADDR": address}} if address else {}
        body = {"email": email, "name": "Somebody", "password": password}
        return api.post("/auth/register", body | more, **options)

    return send


def elsewhere():
    """An address that no test has used."""
    return str(IPv4Address(secrets.randbits(32)))


def log_in(api, email, password):
    return api.post("/auth/login", {"email": email, "password": password}).status_code


def refusal(answer):
    assert answer.status_code == 422, answer.text
    return [(error["pointer"], error["detail"]) for error in answer.get_json()["errors"]]


def test_a_new_address_gets_a_link_and_a_taken_one_a_hint(api, person, register, mails):
    taken = person("Taken").email
    answers = [register(email) for email in ("a-new-one@example.com", taken)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert [mail["template"] for mail in mails("a-new-one@example.com")] == ["verify-email"]
    assert [mail["template"] for mail in mails(taken)] == ["account-exists"]


def test_both_take_the_same_work(person, register, hashed):
    for email in ("another-new-one@example.com", person().email):
        hashed.clear()
        assert register(email).status_code == 202
        assert hashed == ["hash"]


def test_one_address_gets_no_more_than_three_mails_an_hour_from_this(register, mails):
    email = "flooded@example.com"
    answers = {register(email, address=elsewhere()).status_code for _ in range(6)}
    assert answers == {202}
    assert len(mails(email)) == attempts.REGISTRATION_MAILS.most


def test_one_network_address_registers_sixty_in_ten_minutes_and_no_more(register, monkeypatch):
    monkeypatch.setattr(passwords, "digest", lambda _: "not a hash")  # the slow part
    answers = [register(f"many-{n}@example.com").status_code for n in range(61)]
    assert answers == [202] * attempts.REGISTRATIONS.most + [429]


@pytest.mark.parametrize("length", [8, 64, 73, 128])
def test_a_password_of_any_length_up_to_128_is_taken_whole(api, register, length):
    email, password = f"length-{length}@example.com", "x7 " * 50
    assert register(email, password[:length]).status_code == 202
    assert log_in(api, email, password[:length]) == 200
    assert log_in(api, email, password[: length - 1]) == 401


@pytest.mark.parametrize(
    ("password", "expected"),
    [("x7y8z9!", 422), ("z" * 129, 422), ("z" * 1_000_000, 422), ("a\0b" * 5, 400),
     ("\ud800" * 10, 400)],
    ids=["7", "129", "a megabyte", "NUL", "half a surrogate"],
)  # fmt: skip
def test_a_password_that_is_none_is_refused(register, password, expected):
    assert register(password=password).status_code == expected


@pytest.mark.parametrize(
    "password",
    ["пароль из пяти слов", "  eight spaces in front", "🐎🔋📎🐎🔋📎🐎🔋", "ﷺ" * 8, "e\u0301" * 20],
)
def test_any_characters_will_do(api, register, password):
    email = f"unicode-{hash(password) % 10**9}@example.com"
    assert register(email, password).status_code == 202
    assert log_in(api, email, password) == 200


def test_a_letter_is_the_same_however_the_keyboard_composes_it(api, register):
    assert register("composed@example.com", "caf\u00e9 au lait").status_code == 202
    assert log_in(api, "composed@example.com", "cafe\u0301 au lait") == 200


@pytest.mark.parametrize("password", ["password", "PassWord", "12345678", "qwertyuiop", "trustno1"])
def test_a_password_that_everybody_tries_first_is_refused(register, password):
    (pointer, detail), *_ = refusal(register(password=password))
    assert pointer == "/password"
    assert "everybody" in detail


def test_the_three_thousand_commonest_that_are_long_enough_are_refused():
    commonest = _commonest(8)
    assert len(commonest) == COMMONEST == 3000
    assert min(len(word) for word in commonest) == 8


def test_no_composition_is_asked_for(register):
    assert register("plain@example.com", "onlysmalllettershere").status_code == 202


@pytest.mark.parametrize(
    "column", ["id", "password_hash", "email_verified_at", "password_version", "created_at", "role"]
)
def test_nothing_but_the_three_fields_can_be_set(register, column):
    assert (f"/{column}", "Unknown field.") in refusal(register(**{column: "x"}))


def test_what_happened_is_in_the_audit_log(person, register, address):
    taken = person().email
    register("logged@example.com")
    register(taken)
    with postgres.connection() as conn:
        rows = conn.execute("SELECT collection, event FROM audit_outbox ORDER BY id").fetchall()
    mine = [row for row in rows if row["event"]["address"] == address]
    assert [row["event"]["action"] for row in mine] == [
        "account.registered", "account.registered-again",
    ]  # fmt: skip
    assert {row["collection"] for row in mine} == {"auth_logs"}
