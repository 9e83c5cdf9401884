"""Verifying an e-mail address with the link that was mailed to it."""

from lib.accounts import attempts
from lib.stores import postgres

PASSWORD = "correct horse battery staple"


def verify(api, token):
    return api.post("/auth/email/verify", {"token": token})


def test_the_link_of_the_registration_verifies_the_address_once(api, mailed_token, address):
    account = {"email": "verified@example.com", "password": PASSWORD}
    assert api.post("/auth/register", account | {"name": "New"}).status_code == 202
    token = api.post("/auth/login", account).get_json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert api.get("/me", headers=headers).get_json()["email_verified"] is False
    link = mailed_token(account["email"])
    assert verify(api, link).status_code == 204
    assert api.get("/me", headers=headers).get_json()["email_verified"] is True
    assert verify(api, link).status_code == 422
    with postgres.connection() as conn:
        rows = conn.execute("SELECT event FROM audit_outbox ORDER BY id").fetchall()
    actions = [row["event"]["action"] for row in rows if row["event"]["address"] == address]
    assert actions == ["account.registered", "session.started", "account.verified"]


def test_a_link_is_mailed_again_and_ends_the_one_before(api, person, mailed_token, mails):
    somebody = person()
    assert somebody.post("/auth/email/resend").status_code == 204
    older = mailed_token(somebody.email)
    assert somebody.post("/auth/email/resend").status_code == 204
    assert verify(api, older).get_json()["errors"][0]["pointer"] == "/token"
    assert verify(api, mailed_token(somebody.email)).status_code == 204
    assert somebody.post("/auth/email/resend").status_code == 409
    assert len(mails(somebody.email)) == 2


def test_a_link_is_mailed_five_times_an_hour_at_most(person, mails):
    somebody = person()
    statuses = [somebody.post("/auth/email/resend").status_code for _ in range(6)]
    assert statuses == [204] * attempts.RESENDS.most + [429]
    assert len(mails(somebody.email)) == attempts.RESENDS.most


def test_a_link_to_reset_does_not_verify_by_itself(api, person, mailed_token):
    somebody = person()
    api.post("/auth/password/forgot", {"email": somebody.email})
    assert verify(api, mailed_token(somebody.email)).status_code == 422
    assert somebody.get("/me").get_json()["email_verified"] is False
