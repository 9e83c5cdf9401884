"""Tokens can't be tried out without end: not from one address, and not by one person."""

import pytest

from lib.access.throttles import count
from lib.workspaces.acceptance import ACCEPTING, PREVIEWING, REGISTERING

BODY = {"token": "x" * 64}
NEW = {"name": "Nora", "password": "a long enough password"}
ELSEWHERE = "192.0.2.7"


@pytest.mark.parametrize(
    ("path", "limit", "body"),
    [("preview", PREVIEWING, BODY), ("register", REGISTERING, BODY | NEW)],
)
def test_one_address_tries_so_many_tokens(api, path, limit, body):
    from_there = {"environ_overrides": {"REMOTE_ADDR": ELSEWHERE}}
    assert api.post(f"/invitations/{path}", body, **from_there).status_code == 404
    while count(limit, ELSEWHERE).left > 0:
        pass
    refused = api.post(f"/invitations/{path}", body, **from_there)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"]
    from_here = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.8"}}
    assert api.post(f"/invitations/{path}", body, **from_here).status_code == 404


def test_one_person_tries_so_many_tokens(person):
    guesser = person("Guesser")
    assert guesser.post("/invitations/accept", BODY).status_code == 404
    while count(ACCEPTING, guesser.id).left > 0:
        pass
    assert guesser.post("/invitations/accept", BODY).status_code == 429
    assert person("Other").post("/invitations/accept", BODY).status_code == 404
