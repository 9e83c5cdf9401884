"""Which programs `make up` runs, and what it tells them, by what was set from outside."""

import pytest

from lib.emulator import addresses, environment
from lib.emulator.environment import Given
from lib.emulator.services import services
from lib.emulator.up import _needed_ports

MAILBOX = {"MAIL_PORT", "MAIL_SMTP_PORT"}


@pytest.fixture
def children(tmp_path):
    """The environment of the children, and what was given."""

    def for_variables(**variables):
        given = Given({"LOCAL_DIR": str(tmp_path), "PORT": "4100", **variables})
        stores = {"DATABASE_URL": "postgresql://db", "REDIS_URL": "redis://r", "MONGO_URI": "m://m"}
        return given, environment.for_children(given, stores)

    return for_variables


def names(env):
    return [service.name for service in services(env)]


def test_mails_go_to_the_mailbox_unless_a_server_is_given(children, tmp_path):
    given, env = children()
    assert "mail" in names(env)
    assert env["SMTP_URL"] == "smtp://127.0.0.1:4108"
    assert env["APP_URL"] == "http://127.0.0.1:4107/links"
    assert ("mails", "http://127.0.0.1:4107") in addresses.rows(env, tmp_path)
    assert MAILBOX.issubset(_needed_ports(given))


def test_with_a_mail_server_of_its_own_it_runs_no_mailbox(children, tmp_path):
    given, env = children(SMTP_URL="smtps://relay.example", MAIL_FROM="a@x.example")
    assert "mail" not in names(env)
    assert (env["SMTP_URL"], env["MAIL_FROM"]) == ("smtps://relay.example", "a@x.example")
    assert "APP_URL" not in env
    assert "relay.example" not in str(addresses.rows(env, tmp_path))
    assert MAILBOX.isdisjoint(_needed_ports(given))


def test_a_front_end_of_ones_own_wins_over_the_mailboxs_pages(children):
    _, env = children(APP_URL="http://127.0.0.1:3000", MAIL_PORT="4150")
    assert env["APP_URL"] == "http://127.0.0.1:3000"
    assert env["MAIL_URL"] == "http://127.0.0.1:4150"


def test_the_mailbox_is_for_this_machine_whatever_host_says(children):
    _, env = children(HOST="0.0.0.0")  # noqa: S104
    [mailbox] = [service for service in services(env) if service.name == "mail"]
    assert (env | dict(mailbox.env))["HOST"] == "127.0.0.1"


def test_webhooks_may_lead_to_this_machine_unless_it_is_said_where_to(children):
    assert children()[1]["WEBHOOK_ALLOW_PRIVATE"] == "127.0.0.0/8,::1/128"
    _, env = children(WEBHOOK_ALLOW_PRIVATE="10.1.0.0/16")
    assert env["WEBHOOK_ALLOW_PRIVATE"] == "10.1.0.0/16"
