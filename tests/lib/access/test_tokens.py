"""Access tokens: what is refused, by name, and how keys rotate."""

import base64
import json
import time
from uuid import UUID

import pytest

from lib.access import links, tokens
from lib.config import settings

NOW = int(time.time())

FORGERIES = {
    "another secret": {"key": "x" * 48},
    "an empty secret": {"key": ""},
    "another algorithm, our key": {"algorithm": "HS512"},
    "HS384": {"algorithm": "HS384"},
    "no key id": {"headers": {"kid": None}},
    "an unknown key id": {"headers": {"kid": "000000000000"}},
    "a key id that is a path": {"headers": {"kid": "../../dev/null"}, "key": ""},
    "a key in the header": {"headers": {"jwk": {"kty": "oct", "k": "eA"}}, "key": "x" * 48},
    "a key address in the header": {"headers": {"jku": "http://127.0.0.1/k"}, "key": "x" * 48},
    "an x5u header": {"headers": {"x5u": "http://127.0.0.1/k"}, "key": "x" * 48},
    "expired": {"exp": NOW - 1},
    "expired long ago": {"exp": 0},
    "no expiry": {"exp": None},
    "an expiry that is text": {"exp": "tomorrow"},
    "issued in the future": {"iat": NOW + 3600},
    "not valid yet": {"nbf": NOW + 3600},
    "no issue time": {"iat": None},
    "no id": {"jti": None},
    "no session": {"sid": None},
    "a session that is no id": {"sid": "1 OR 1=1"},
    "somebody else's session": {"sid": "0190aaaa-0000-7000-8000-000000000000"},
    "no type": {"type": None},
    "a refresh token's type": {"type": "refresh"},
    "no subject": {"sub": None},
    "a subject that is no id": {"sub": "admin"},
    "a subject that is a number": {"sub": 1},
    "another subject": {"sub": "0190aaaa-0000-7000-8000-000000000000"},
    "another issuer": {"iss": "someone"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "someone"},
    "no audience": {"aud": None},
}


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_token_is_refused(how, person, forge):
    somebody = person()
    assert somebody.get("/me").status_code == 200  # the session itself is fine
    somebody.token = forge(somebody, **FORGERIES[how])
    answer = somebody.get("/me")
    assert answer.status_code == 401
    assert answer.get_json()["type"] == "/problems/unauthenticated"


@pytest.mark.parametrize(
    "name",
    ["none", "None", "NONE", "nOnE", "", "HS256 ", "HS256", "RS256", "PS256", "ES256", "EdDSA"],
)
@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_a_token_without_our_signature_is_refused_whatever_algorithm_it_names(
    name, signature, person
):
    somebody = person()
    header, body, _ = somebody.token.split(".")
    fields = json.loads(base64.urlsafe_b64decode(header + "==")) | {"alg": name}
    forged = base64.urlsafe_b64encode(json.dumps(fields).encode()).rstrip(b"=").decode()
    somebody.token = f"{forged}.{body}.{signature}"
    assert somebody.get("/me").status_code == 401


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer é", "bearer", "Token abc",
     "Bearer " + "a" * 5000, "Bearer ..", "Bearer \x7f"],
)  # fmt: skip
def test_a_header_that_is_no_bearer_token_is_refused(header, api):
    assert api.get("/me", headers={"Authorization": header}).status_code == 401


def test_a_refresh_token_is_no_access_token(person):
    somebody = person()
    somebody.token = somebody.refresh_token
    assert somebody.get("/me").status_code == 401


def test_a_ticket_is_no_access_token(team):
    ticket = team.owner.post(f"/projects/{team.project['id']}/ticket").get_json()["ticket"]
    team.owner.token = ticket
    assert team.owner.get("/me").status_code == 401


def test_the_token_of_a_mailed_link_is_no_access_token(person):
    somebody = person()
    for purpose in ("verify-email", "reset-password"):
        somebody.token = links.token(purpose, UUID(somebody.id))
        assert somebody.get("/me").status_code == 401


def test_a_token_of_the_previous_key_still_works_until_the_key_is_dropped(
    person, forge, monkeypatch, stack
):
    old_key = "the previous key - long enough to sign with"
    somebody = person()
    with monkeypatch.context() as environment:
        environment.setenv("JWT_PREVIOUS_SECRETS", old_key)
        settings.cache_clear()
        tokens.keys.cache_clear()
        kid = list(tokens.keys())[1]
        somebody.token = forge(somebody, key=old_key, headers={"kid": kid})
        assert somebody.get("/me").status_code == 200
    settings.cache_clear()
    tokens.keys.cache_clear()
    assert somebody.get("/me").status_code == 401


def test_the_role_is_never_in_the_token(team):
    body = team.owner.token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    assert {"sub", "sid", "iss", "aud", "iat", "exp", "jti"} <= set(claims)
    assert "role" not in json.dumps(claims)
    assert claims["exp"] - claims["iat"] == settings().jwt_expires_in == 900
