"""The real-time host's sockets with an echo behind them, for what tests the protocol from outside.

The same door, handover, hub, parser and frames, without rooms, people or stores; never deployed:
`gunicorn --threads 8 --bind 127.0.0.1:9001 tests.realtime_host.echo:app`. Messages may be as long
as ECHO_BYTES says (20 MiB), so that Autobahn|Testsuite can send its longest.
"""

from __future__ import annotations

import os
from types import SimpleNamespace

from flask import Flask, request
from flask_sock import Sock

from realtime_host import frames, handover, limits, protocol
from realtime_host.connection import Connection
from realtime_host.hub import Hub

limits.FRAME_BYTES = int(os.environ.get("ECHO_BYTES", "20971520"))
limits.QUEUE_BYTES = 2 * limits.FRAME_BYTES
limits.FRAGMENTS = 1_000_000

ANYBODY = SimpleNamespace(
    caller=SimpleNamespace(user_id="echo"),
    project={"id": "echo"},
    role="viewer",
    ends_in=None,
    resumed_from=None,
)


class Echo:
    """What the hub tells; all is answered at once, so that nothing is gathered."""

    def said(self, connection, text):
        self._answer(connection, frames.whole(text.encode()))

    def heard(self, connection, message):
        if message.kind == protocol.PING:
            hub.pong(connection, message.payload)
        else:
            self._answer(connection, frames.whole(message.payload, frames.BINARY))

    def _answer(self, connection, frame):
        if connection.outbox.waiting:
            hub.hold(connection, [(frame, None)])
        else:
            hub.write(connection, frame)

    left = drained = ticked = flush = staticmethod(lambda *_: None)


hub = Hub(Echo())
hub.start()
app = Flask(__name__)
app.config["SOCK_SERVER_OPTIONS"] = {"thread_class": handover.NoThread}
sock = Sock(app)


@app.before_request
def refuse_extensions():
    """Negotiate none, as the host does."""
    request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)


@sock.route("/")
def echo(ws):
    """Hand the socket to the hub."""
    hub.call(hub.attach, Connection(handover.take(ws), ANYBODY))
