"""Mails through a real worker: into the mailbox, past servers that refuse, and through outages."""

import asyncio
import os
import smtplib
import ssl
import subprocess
import sys
import threading
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from lib.access import links
from lib.emulator import ports
from lib.ids import made_at, new_id
from lib.mail import mail
from lib.stores import postgres
from worker import smtp

ROOT = Path(__file__).resolve().parents[2]
SECRET = "pass-word-canary"
TLS = Path(__file__).with_name("tls")  # a certificate for this machine, and for these tests only
CERTIFICATE = TLS / "cert.pem"


class MailServer:
    """An SMTP server that answers each mail with the next of its answers, the last one for ever."""

    def __init__(self, port=None, security="smtp", password=None, **answers):
        (self.port,) = [port] if port else ports.pick(1)
        self.answers = {"RCPT": ["250 OK"], "DATA": ["250 OK"]} | answers
        self.mails, self.logins = [], []
        self._security, self._password = security, password
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._up.wait(10)

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    def _run(self):
        encrypted = self._tls() if self._security == "smtps" else None
        serving = self._loop.create_server(self._smtp, "127.0.0.1", self.port, ssl=encrypted)
        server = self._loop.run_until_complete(serving)
        self._up.set()
        self._loop.run_forever()
        server.close()
        self._loop.close()

    def _tls(self):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATE, TLS / "key.pem")
        return context

    def _smtp(self):
        starttls = self._security == "smtp+starttls"
        return SMTP(
            self,
            loop=self._loop,
            hostname="test",
            tls_context=self._tls() if starttls else None,
            require_starttls=starttls,
            authenticator=self._authenticate,
            auth_require_tls=starttls,
        )

    def _authenticate(self, server, session, envelope, mechanism, given):
        self.logins.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=self.logins[-1] == ("me@x", self._password), handled=False)

    def _next(self, command):
        answers = self.answers[command]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        answer = self._next("RCPT")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.mails.append(message_from_bytes(envelope.original_content, policy=policy.default))
        return self._next("DATA")

    def stop(self):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


@pytest.fixture
def mail_server():
    started = []

    def start(**options):
        started.append(MailServer(**options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def mailbox(eventually):
    """The mailbox of `make up`: its SMTP address, and what it has for somebody."""
    port, smtp_port = ports.pick(2)
    process = subprocess.Popen(
        [sys.executable, "-m", "lib.emulator", "mail"],
        cwd=ROOT,
        env=os.environ | {"MAIL_PORT": str(port), "MAIL_SMTP_PORT": str(smtp_port)},
    )
    url = f"http://127.0.0.1:{port}"

    def is_up():
        try:
            return httpx.get(f"{url}/health", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    eventually(is_up, 20)
    yield (
        f"smtp://127.0.0.1:{smtp_port}",
        lambda to: httpx.get(f"{url}/messages", params={"to": to}, timeout=5).json()["items"],
    )
    process.terminate()
    assert process.wait(10) == 0


@pytest.fixture
def mailer(worker):
    """Start a worker that sends mails through the server at an address."""

    def start(url, **env):
        told = {"SMTP_URL": url, "MAIL_FROM": "Atelier <no-reply@atelier.example>"}
        told |= {"APP_NAME": "Atelier", "APP_URL": "https://atelier.example"}
        return worker(**told | env)

    return start


@pytest.fixture
def send():
    def put(to="olga@example.com", template="password-changed", values=None, link=None):
        with postgres.transaction() as conn:
            return mail.send(conn, to=to, template=template, values=values or {}, link=link)

    return put


@pytest.fixture
def job():
    def read(job_id):
        with postgres.connection() as conn:
            return conn.execute("SELECT * FROM jobs WHERE id = %s", [job_id]).fetchone()

    return read


@pytest.fixture
def over(job, eventually):
    def wait(job_id, within=30):
        def is_over():
            return (now := job(job_id))["state"] in ("succeeded", "failed") and now

        return eventually(is_over, within, f"the mail is still {job(job_id)}")

    return wait


def test_an_invitation_reaches_its_reader_with_a_link_that_is_good(mailbox, mailer, send, over):
    address, read = mailbox
    invitation = new_id()
    values = {"inviter": "Grüße Ölaf", "workspace": "Studio\r\nBcc: x@y.z", "role": "viewer"}
    job_id = send("vera@example.com", "invitation", values, ("invitation", invitation))
    running = mailer(address)
    assert over(job_id)["state"] == "succeeded"
    (got,) = read("vera@example.com")
    assert got["subject"] == "Grüße Ölaf invites you to Studio Bcc: x@y.z"
    assert got["sender"] == "Atelier <no-reply@atelier.example>"
    assert got["id"] == f"<{job_id}@atelier.example>"
    page, _, token = got["links"][0].partition("?token=")
    assert (len(got["links"]), page) == (1, "https://atelier.example/invitation")
    assert links.read("invitation", token) == invitation
    with postgres.connection() as conn:
        kept = conn.execute("SELECT j::text AS text FROM jobs j WHERE id = %s", [job_id]).fetchone()
    assert str(invitation) in kept["text"]
    assert token not in kept["text"]
    assert token not in running.text
    assert "vera@example.com" not in running.text


def test_two_mails_of_one_transaction_are_both_sent(mailbox, mailer, over):
    address, read = mailbox
    mailer(address)
    with postgres.transaction() as conn:
        sent = [
            mail.send(conn, to=f"{who}@example.com", template="account-exists", values={})
            for who in ("olga", "vera")
        ]
    assert {over(job_id)["state"] for job_id in sent} == {"succeeded"}
    assert [len(read(f"{who}@example.com")) for who in ("olga", "vera")] == [1, 1]


def test_a_mail_says_who_when_and_that_no_person_wrote_it(mail_server, mailer, send, over):
    server = mail_server()
    mailer(server.url)
    job_id = send("olga@example.com")
    assert over(job_id)["state"] == "succeeded"
    (message,) = server.mails
    assert message["To"] == "olga@example.com"
    assert message["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(message["Date"]) == made_at(job_id).replace(microsecond=0)
    assert message.get_content_type() == "text/plain"
    assert all(line.isascii() for line in message.as_bytes().decode("latin-1").splitlines())


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_a_mail_that_is_not_taken_now_is_sent_again_as_the_same(
    step, mail_server, mailer, send, over
):
    server = mail_server(**{step: ["451 4.7.1 Greylisted", "250 OK"]})
    mailer(server.url)
    done = over(send())
    assert (done["state"], done["attempt"]) == ("succeeded", 2)
    assert len({(each["Message-ID"], each["Date"]) for each in server.mails}) == 1
    assert len(server.mails) == (2 if step == "DATA" else 1)


def test_a_server_that_is_away_delays_a_mail(mail_server, mailer, send, over, job, eventually):
    (port,) = ports.pick(1)
    mailer(f"smtp://127.0.0.1:{port}")
    job_id = send()
    waiting = eventually(lambda: (now := job(job_id))["error"] and now, 20)
    assert waiting["state"] in ("retrying", "running")
    assert waiting["error"] == "The mail server can't be reached (ConnectionRefusedError)."
    server = mail_server(port=port)
    assert over(job_id)["state"] == "succeeded"
    assert len(server.mails) == 1


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_what_is_refused_for_good_is_not_tried_again(step, mail_server, mailer, send, over):
    server = mail_server(**{step: [f"550 5.1.1 No such person: {SECRET}"]})
    running = mailer(server.url)
    done = over(send())
    assert (done["state"], done["attempt"]) == ("failed", 1)
    assert done["error"] == "The mail server refuses the mail for good (550)."
    assert SECRET not in running.text


def test_what_a_server_says_at_the_farewell_changes_nothing(mail_server, mailer, send, over):
    server = mail_server()

    async def quit_badly(*_):
        return "421 not so fast"

    server.handle_QUIT = quit_badly
    mailer(server.url)
    done = over(send())
    assert (done["state"], done["attempt"], len(server.mails)) == ("succeeded", 1, 1)


def test_a_password_shows_nowhere(mailer, send, job, eventually):
    (port,) = ports.pick(1)
    running = mailer(f"smtp://me:{SECRET}@127.0.0.1:{port}?starttls")
    job_id = send()
    told = eventually(lambda: job(job_id)["error"], 20)
    assert "can't be reached" in told
    assert SECRET not in told + running.text


@pytest.mark.parametrize("security", ["smtp+starttls", "smtps"])
def test_a_mail_goes_out_encrypted_and_logged_in(security, mail_server, mailer, send, over):
    server = mail_server(security=security, password=SECRET)
    scheme, _, query = security.partition("+")
    address = f"{scheme}://me%40x:{SECRET}@127.0.0.1:{server.port}{query and '?' + query}"
    running = mailer(address, SSL_CERT_FILE=str(CERTIFICATE))
    assert over(send())["state"] == "succeeded"
    assert server.logins == [("me@x", SECRET)]
    assert len(server.mails) == 1
    assert SECRET not in running.text


def test_a_server_with_another_certificate_learns_no_password(
    mail_server, mailer, send, job, eventually
):
    server = mail_server(security="smtps", password=SECRET)
    mailer(f"smtps://me%40x:{SECRET}@127.0.0.1:{server.port}")
    job_id = send()
    told = eventually(lambda: job(job_id)["error"], 20)
    assert told == "The mail server can't be reached (SSLCertVerificationError)."
    assert (server.logins, server.mails) == ([], [])


def test_a_wrong_password_delays_mails_until_it_is_put_right(
    mail_server, mailer, send, job, eventually
):
    server = mail_server(security="smtps", password="another")
    address = f"smtps://me%40x:{SECRET}@127.0.0.1:{server.port}"
    running = mailer(address, SSL_CERT_FILE=str(CERTIFICATE))
    job_id = send()
    waiting = eventually(lambda: (now := job(job_id))["error"] and now, 20)
    assert waiting["state"] in ("retrying", "running")
    assert waiting["error"] == "The mail server does not let us in (535)."
    assert SECRET not in running.text


def test_without_starttls_on_offer_no_password_is_sent(mail_server, mailer, send, job, eventually):
    server = mail_server()
    mailer(f"smtp://me:{SECRET}@127.0.0.1:{server.port}?starttls")
    job_id = send()
    told = eventually(lambda: job(job_id)["error"], 20)
    assert told == "The mail server can't be reached (SMTPNotSupportedError)."
    assert server.mails == []


def test_without_a_server_the_worker_says_so_and_so_does_the_job(mailer, send, over):
    running = mailer("")
    assert [line["level"] for line in running.logged("mail.off")] == ["warning"]
    done = over(send())
    assert (done["state"], done["attempt"]) == ("failed", 1)
    assert done["error"] == "SMTP_URL is not set: no mail is sent here."


def test_without_a_front_end_only_mails_with_links_fail(mail_server, mailer, send, over):
    running = mailer(mail_server().url, APP_URL="")
    assert running.logged("mail.links-off")
    assert over(send())["state"] == "succeeded"
    done = over(send(template="verify-email", link=("verify", new_id())))
    assert done["error"] == "APP_URL is not set: the mail would have a link to nowhere."


@pytest.mark.parametrize(
    "to", ["", "nobody", "a@x.example, b@x.example", "a@x.example\r\nBcc: b@x.example", "<>", "a@"]
)
def test_what_is_no_address_gets_no_mail(to, mail_server, mailer, send, over):
    server = mail_server()
    mailer(server.url)
    done = over(send(to))
    assert (done["state"], done["attempt"], server.mails) == ("failed", 1, [])
    assert done["error"] == "This is not an address that a mail can be sent to."


@pytest.mark.parametrize(
    "env",
    [
        {"SMTP_URL": f"http://me:{SECRET}@host"},
        {"SMTP_URL": f"smtp://me:{SECRET}/x@host"},
        {"SMTP_URL": f"smtp://me:{SECRET}@host"},
        {"SMTP_URL": f"smtps://me:{SECRET}@"},
        {"SMTP_URL": f"smtp://me:{SECRET}@host?ssl"},
        {"MAIL_FROM": ""},
        {"MAIL_FROM": "nobody"},
        {"MAIL_FROM": "a@x.example, b@x.example"},
    ],
)
def test_a_setting_that_can_not_be_used_stops_the_start_and_is_named(env, worker):
    good = {"SMTP_URL": "smtp://host", "MAIL_FROM": "a@x.example"}
    running = worker(ready=False, **good | env)
    assert running.wait(20) == 1
    running.kill()
    assert f"The worker can't start: {next(iter(env))}" in running.text
    assert SECRET not in running.text


def test_addresses_of_servers_are_read_as_they_are_meant():
    assert smtp.server("smtp://host").port == 25
    assert smtp.server("smtp://host:2525").port == 2525
    relay = smtp.server("smtp://me:p%40ss%2Fword@host?starttls")
    assert (relay.port, relay.user, relay.password) == (587, "me", "p@ss/word")
    assert smtp.server("smtps://host").port == 465
    assert "p@ss/word" not in repr(relay)


def test_the_server_of_these_tests_refuses_what_it_is_told_to(mail_server):
    server = mail_server(RCPT=["550 no"])
    with (
        smtplib.SMTP("127.0.0.1", server.port, "localhost", timeout=5) as connection,
        pytest.raises(smtplib.SMTPRecipientsRefused),
    ):
        connection.sendmail("a@x.example", ["b@x.example"], b"x")
