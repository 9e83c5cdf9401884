"""The texts of mails: every one renders, and nothing that people have chosen leaves its place."""

import re

import pytest

from lib.config import settings
from lib.mail import texts

LINK = "https://app.example/x?token=abc"
INVITATION = {"inviter": "Olga", "workspace": "Studio", "role": "viewer"}
DISABLED = {"workspace": "Studio", "host": "hooks.example", "reason": "it answered 410 Gone"}
MAILS = {  # the values that each takes, and whether it carries a link
    "verify-email": ({}, True),
    "reset-password": ({}, True),
    "password-changed": ({}, False),
    "account-exists": ({}, False),
    "invitation": (INVITATION, True),
    "webhook-disabled": (DISABLED, False),
}


@pytest.fixture(autouse=True)
def app(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("JWT_SECRET", "s" * 40)
    monkeypatch.setenv("APP_NAME", "Atelier")
    monkeypatch.setenv("APP_URL", "https://app.example/")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def invitation(**values):
    return texts.render("invitation", INVITATION | values, LINK)


def test_the_mails_are_these():
    assert {file.stem for file in texts.TEMPLATES.iterdir()} == MAILS.keys()


@pytest.mark.parametrize("name", MAILS)
def test_every_mail_renders_whole(name):
    values, with_link = MAILS[name]
    mail = texts.render(name, values, LINK if with_link else None)
    assert 0 < len(mail.subject) <= 78
    assert "Subject" not in mail.subject
    assert "Atelier" in mail.text
    assert "$" not in mail.subject + mail.text
    assert mail.text.count(LINK) == with_link
    assert all(len(line) <= 100 for line in mail.text.splitlines())


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_with_other_values_than_it_takes_is_refused(name):
    values, with_link = MAILS[name]
    for wrong in (values | {"password": "x"}, dict(list(values.items())[1:])):
        if wrong != values:
            with pytest.raises(ValueError, match=name):
                texts.checked(name, wrong, with_link=with_link)
    with pytest.raises(ValueError, match=name):
        texts.checked(name, values, with_link=not with_link)


@pytest.mark.parametrize("name", ["none", "", "../mail", "invitation.txt", "/etc/passwd", "\0"])
def test_there_is_no_other_mail(name):
    with pytest.raises(ValueError, match="there is no mail"):
        texts.render(name, {}, None)


def test_a_link_points_to_the_front_ends_page_of_that_name():
    assert texts.link_to("verify-email", "abc") == "https://app.example/verify-email?token=abc"


@pytest.mark.parametrize(
    "end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\n\n"]
)
def test_a_value_starts_no_header_and_no_paragraph(end):
    mail = invitation(workspace=f"Studio{end}Bcc: all@example.com{end}Pay here")
    assert mail.subject == "Olga invites you to Studio Bcc: all@example.com Pay here"
    assert mail.text.count("\n") == invitation().text.count("\n")
    assert len((mail.subject + mail.text).splitlines()) == mail.text.count("\n")


@pytest.mark.parametrize(
    "hidden", ["\0", "\x1b[2J", "\x7f", "\u202e", "\u200b", "\ufeff", "\ud800"]
)
def test_what_can_not_be_seen_is_left_out(hidden):
    mail = invitation(inviter=f"Ol{hidden}ga")
    assert re.search(r"Ol(\[2J)?ga invites", mail.text)
    (mail.subject + mail.text).encode()


@pytest.mark.parametrize(
    "address", ["http://evil.example/x", "HTTPS://evil.example", "a:\u200b//b"]
)
def test_the_only_address_in_a_mail_is_ours(address):
    mail = invitation(workspace=f"Studio, see {address}")
    assert "Studio, see" in mail.text
    assert re.findall(r"\w*:?//\S+", mail.subject + mail.text) == [LINK]


def test_a_value_is_cut_off_where_it_gets_too_long():
    mail = invitation(workspace="x" * 5000)
    assert f'"{"x" * (texts.MAX_VALUE - 1)}…"' in mail.text


def test_a_value_is_not_read_as_a_template():
    mail = invitation(workspace="${link} $inviter %(role)s {role}")
    assert '"${link} $inviter %(role)s {role}"' in mail.text
    assert mail.text.count(LINK) == 1
