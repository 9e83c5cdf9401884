"""A connection that breaks off within the answer to a COMMIT, as behind a pooler: an outage."""

import socket
import struct
from contextlib import suppress
from threading import Thread
from urllib.parse import urlsplit

import pytest

from lib.config import settings
from lib.errors import Unavailable
from lib.stores import postgres

COMMITTED = b"C\0\0\0\x0bCOMMIT\0"
FIELDS = b"SFATAL\0VFATAL\0C08P01\0Mserver conn crashed?\0\0"
CRASHED = b"E" + struct.pack("!I", len(FIELDS) + 4) + FIELDS  # what PgBouncer says then


class Pooler:
    """Between clients and Postgres; while `breaks`, it lets no COMMIT's answer through whole."""

    def __init__(self, url):
        self.breaks = False
        self._server = urlsplit(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = url.replace(f":{self._server.port}/", f":{self._listener.getsockname()[1]}/")
        Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((self._server.hostname, self._server.port))
                Thread(target=self._pass_on, args=(client, server, False), daemon=True).start()
                Thread(target=self._pass_on, args=(server, client, True), daemon=True).start()

    def _pass_on(self, source, target, answers):
        with suppress(OSError), source, target:
            while data := source.recv(65_536):
                if answers and self.breaks and COMMITTED in data:
                    target.sendall(data[: data.index(COMMITTED)] + COMMITTED + CRASHED)
                    break
                target.sendall(data)
            for each in (source, target):
                each.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def pooler(stack, monkeypatch):
    between = Pooler(stack.postgres.url)
    monkeypatch.setenv("DATABASE_URL", between.url)
    monkeypatch.setenv("DATABASE_POOLED", "on")
    settings.cache_clear()
    postgres.close()
    yield between
    monkeypatch.undo()
    settings.cache_clear()
    postgres.close()
    between.close()


def test_it_is_said_to_be_unavailable_and_the_next_one_gets_another_connection(pooler):
    def write():
        with postgres.transaction() as conn:
            conn.execute("SELECT 1")

    write()
    pooler.breaks = True
    with pytest.raises(Unavailable) as caught:
        write()
    assert postgres.is_outage(caught.value)
    pooler.breaks = False
    write()
