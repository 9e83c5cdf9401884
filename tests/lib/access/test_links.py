"""Link tokens: what reads as an id, what does not, and how keys rotate."""

import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.access import links, tokens
from lib.config import settings
from lib.ids import new_id

OLD, NEW, OTHER = "o" * 40, "n" * 40, "x" * 40


@pytest.fixture(autouse=True)
def signed_with(monkeypatch):
    """Go over to other keys, the signing one first."""

    def use(*secrets):
        monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
        monkeypatch.setenv("JWT_SECRET", secrets[0])
        monkeypatch.setenv("JWT_PREVIOUS_SECRETS", ",".join(secrets[1:]))
        settings.cache_clear()
        tokens.keys.cache_clear()

    use(OLD)
    yield use
    monkeypatch.undo()
    settings.cache_clear()
    tokens.keys.cache_clear()


def test_a_token_reads_as_the_id_that_it_was_made_for():
    identity = new_id()
    token = links.token("verify", identity)
    assert links.read("verify", token) == identity
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")


def test_it_is_good_for_its_own_purpose_only():
    token = links.token("verify", new_id())
    assert links.read("verify", token)
    for purpose in ("reset", "verif", "verify\0", ""):
        assert links.read(purpose, token) is None


def test_a_purpose_and_an_id_never_run_into_each_other():
    identity = new_id()
    longer = links.token("verify\0" + identity.bytes[:1].decode("latin-1"), identity)
    assert links.read("verify", longer) is None


def test_every_changed_bit_is_noticed():
    token = links.token("verify", new_id())
    whole = urlsafe_b64decode(token)
    for place in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        assert links.read("verify", urlsafe_b64encode(changed).decode()) is None


def test_a_part_of_a_token_or_more_than_one_is_nothing():
    token = links.token("verify", new_id())
    for text in (*(token[:end] for end in range(64)), token[1:], token + "A", token + "=" * 4):
        assert links.read("verify", text) is None
    for text in (token + "\n", " " + token, token[:32] + "\n" + token[32:], token + token):
        assert links.read("verify", text) is None


def test_another_installation_has_other_tokens(signed_with):
    signed_with(OTHER)
    foreign = links.token("verify", identity := new_id())
    assert links.read("verify", foreign) == identity
    signed_with(OLD)
    assert links.read("verify", foreign) is None


def test_links_outlive_a_change_of_keys_until_the_old_one_goes(signed_with):
    token = links.token("verify", identity := new_id())
    signed_with(NEW, OLD)
    assert links.read("verify", token) == identity
    assert links.token("verify", identity) != token
    signed_with(NEW)
    assert links.read("verify", token) is None


@given(st.text(max_size=200))
def test_no_text_is_too_strange_to_be_refused(text):
    assert links.read("verify", text) is None


@given(st.text(alphabet=string.ascii_letters + string.digits + "-_", min_size=64, max_size=64))
def test_nothing_of_the_right_shape_is_guessed(text):
    assert links.read("verify", text) is None


def test_the_signature_is_not_that_of_an_access_token():
    """The keys sign both, so each has a derived one: neither can be passed off as the other."""
    import hmac

    identity = UUID(int=7)
    mac = hmac.digest(OLD.encode(), b"verify\0" + identity.bytes, "sha256")
    forged = urlsafe_b64encode(identity.bytes + mac).decode()
    assert len(forged) == len(links.token("verify", identity))
    assert links.read("verify", forged) is None
