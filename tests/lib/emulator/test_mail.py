"""The mailbox: what is sent to it can be read, by people and programs, and does no harm."""

import os
import signal
import smtplib
import subprocess
import sys
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import httpx
import pytest

from lib.emulator import ports
from lib.emulator.mailbox import KEPT, MAX_BYTES, Mailbox

ROOT = Path(__file__).resolve().parents[3]


class Running:
    """`python -m lib.emulator mail` as a child."""

    def __init__(self, port, smtp_port):
        self.url, self.smtp_port = f"http://127.0.0.1:{port}", smtp_port
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lib.emulator", "mail"],
            cwd=ROOT,
            env=os.environ | {"MAIL_PORT": str(port), "MAIL_SMTP_PORT": str(smtp_port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def is_up(self):
        try:
            return self.get("/health").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path, **options):
        return httpx.get(self.url + path, timeout=5, **options)

    def items(self, to):
        return self.get("/messages", params={"to": to}).json()["items"]

    def send(self, content, *recipients):
        with smtplib.SMTP("127.0.0.1", self.smtp_port, "localhost", timeout=5) as connection:
            connection.sendmail("sender@example.com", recipients, content)


@pytest.fixture(scope="module")
def mailbox(until):
    running = Running(*ports.pick(2))
    until(running.is_up)
    yield running
    if running.process.poll() is None:
        running.process.kill()
    running.process.wait(10)
    running.process.stdout.close()


def written(subject="Hello", text="Hello there.\n", to="olga@example.com"):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "app@example.com", to, subject
    message["Message-ID"] = "<1@example.com>"
    message.set_content(text)
    return message.as_bytes(policy=SMTP)


def test_a_mail_can_be_read_as_it_was_written(mailbox):
    text = "Grüße,\n\nopen https://app.example/x?token=a-b_c now.\n" + "long " * 40 + "line\n"
    mailbox.send(written("Größe", text, "read@example.com"), "read@example.com")
    (mail,) = mailbox.items("Read@Example.com")
    assert mail.pop("at") > "2026"
    assert mail == {
        "id": "<1@example.com>",
        "sender": "app@example.com",
        "to": "read@example.com",
        "subject": "Größe",
        "text": text,
        "links": ["https://app.example/x?token=a-b_c"],
    }


def test_the_newest_mail_comes_first_and_each_has_its_own(mailbox):
    mailbox.send(written("first"), "one@example.com", "two@example.com")
    mailbox.send(written("second"), "one@example.com")
    assert [mail["subject"] for mail in mailbox.items("one@example.com")] == ["second", "first"]
    assert [mail["subject"] for mail in mailbox.items("two@example.com")] == ["first"]
    assert mailbox.items("nobody@example.com") == []
    everyones = mailbox.get("/messages").json()["items"]
    assert {"one@example.com", "two@example.com"} <= {mail["to"] for mail in everyones}


def test_the_page_shows_mails_and_runs_nothing_that_they_hold(mailbox):
    evil = "<script>alert(1)</script>"
    text = f'{evil}\nhttps://app.example/"onmouseover="x\njavascript:alert(1) {{0}} {{text}}\n'
    mailbox.send(written(evil, text), "page@example.com")
    page = mailbox.get("/", params={"to": "page@example.com"})
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.text.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
    assert "<script" not in page.text
    assert '<a href="https://app.example/" rel="noreferrer">' in page.text
    assert page.text.count("<a ") == 1
    assert "{0} {text}" in page.text


def test_a_link_leads_to_a_page_that_shows_its_token(mailbox):
    page = mailbox.get("/links/verify-email", params={"token": "abc<b>"})
    assert page.status_code == 200
    assert "<pre>abc&lt;b&gt;</pre>" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_there_is_nothing_else_and_nothing_to_change(mailbox):
    assert mailbox.get("/nonsense").status_code == 404
    assert mailbox.get("/links/a/b").status_code == 404
    assert httpx.post(mailbox.url + "/messages", json={}, timeout=5).status_code == 405


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no header at all",
        b"Subject: =?utf-8?b?!!!?=\r\n\r\n\xff\xfe",
        b"Content-Type: text/plain; charset=none-such\r\n\r\nx\xe4",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
        b"From: <<>>,,\r\nTo: \r\nSubject: \r\nMessage-ID: <[\r\n\r\nx",
        b"Content-Transfer-Encoding: base64\r\n\r\n=====",
    ],
)
def test_a_mail_that_is_badly_made_is_kept_all_the_same(mailbox, content):
    box = Mailbox()
    box.add(content, ["bad@example.com"])
    assert len(box.newest("bad@example.com")) == 1
    mailbox.send(content, "bad@example.com")
    assert len(mailbox.items("bad@example.com")) >= 1
    assert mailbox.get("/", params={"to": "bad@example.com"}).status_code == 200


def test_too_large_a_mail_is_refused(mailbox):
    content = b"Subject: x\r\n\r\n" + (b"x" * 68 + b"\r\n") * 15_500
    assert len(content) > MAX_BYTES
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        mailbox.send(content, "large@example.com")
    assert refused.value.smtp_code == 552
    assert mailbox.items("large@example.com") == []


def test_only_the_newest_are_kept():
    box = Mailbox(kept=3)
    for number in range(5):
        box.add(written(str(number)), ["olga@example.com"])
    assert [mail.subject for mail in box.newest()] == ["4", "3", "2"]
    assert KEPT >= 100


def test_it_ends_when_it_is_told_to(until):
    running = Running(*ports.pick(2))
    until(running.is_up)
    with smtplib.SMTP("127.0.0.1", running.smtp_port, "localhost", timeout=5):
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(10) == 0
    with running.process.stdout as output:
        assert output.read() == b""
