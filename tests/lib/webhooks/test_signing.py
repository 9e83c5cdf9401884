"""Signatures, held against the official library and the example of the specification."""

import time
from base64 import b64decode

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from lib.webhooks import signing

# The example that the libraries of Standard Webhooks are tried with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_known_example_is_signed_as_everybody_signs_it():
    made = signing.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY, [SECRET])
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNED,
    }


def test_each_secret_that_signs_verifies_and_no_other():
    keys, body = [signing.fresh() for _ in range(3)], '{"name": "größer"}'.encode()
    made = signing.headers("id", int(time.time()), body, keys)
    for key in keys:
        assert Webhook(key).verify(body, made) == {"name": "größer"}
    for wrong in (signing.fresh(), SECRET):
        with pytest.raises(WebhookVerificationError):
            Webhook(wrong).verify(body, made)
    with pytest.raises(WebhookVerificationError):
        Webhook(keys[0]).verify(body + b" ", made)
    with pytest.raises(WebhookVerificationError):
        Webhook(keys[0]).verify(body, made | {"webhook-id": "other"})


def test_a_secret_is_as_long_as_the_specification_wants_it():
    made = {signing.fresh() for _ in range(20)}
    assert len(made) == 20
    for secret in made:
        assert secret.startswith("whsec_")
        assert 24 <= len(b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64
