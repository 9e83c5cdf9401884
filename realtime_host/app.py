"""The routes of the real-time host. flask-sock is the door; the hub owns what comes through it."""

from __future__ import annotations

from uuid import UUID

from flask import Flask, Response, g, request
from flask_sock import Sock
from simple_websocket import Server

from lib.config import settings
from lib.doctor import side
from lib.errors import Unavailable
from lib.http import headers
from lib.http.app import function
from lib.http.cron import authenticate
from lib.http.proxies import BehindProxies
from lib.http.reply import Reply
from lib.stores import postgres, readiness, redis
from realtime_host import handover, limits, metrics
from realtime_host.connection import Connection
from realtime_host.door import SUBPROTOCOL, admit, admit_to_file
from realtime_host.host import Host
from realtime_host.socketio import engine
from realtime_host.socketio.guest import Guest
from realtime_host.yjs.editor import Editor

ROOM, FILE, PORCH = "room", "file", "porch"  # the endpoints of the WebSocket routes

redis.use_tcp()
postgres.pool_size(limits.POSTGRES_CONNECTIONS)

host = Host()
app: Flask = function(__name__)
app.wsgi_app = BehindProxies(  # type: ignore[method-assign,assignment]
    app.wsgi_app, settings().trusted_proxies
)
app.config["SOCK_SERVER_OPTIONS"] = {
    "subprotocols": [SUBPROTOCOL],
    "thread_class": handover.NoThread,
}
sock = Sock(app)


@app.before_request
def knock() -> None:
    """Refuse a visitor, as a problem document, before the connection becomes a WebSocket."""
    if request.endpoint not in (ROOM, FILE):
        return
    if host.draining:
        raise Unavailable("This host is restarting; try again in a moment.")
    origin, target = headers.origin(), request.view_args or {}
    g.seats = (host.seats.come_in(origin.address),)
    if request.endpoint == ROOM:
        g.visitor = visitor = admit(request, origin, target["project_id"])
    else:
        g.visitor = visitor = admit_to_file(request, origin, target["file_id"])
    theirs = (str(visitor.caller.user_id), str(visitor.project["id"]))
    host.seats.take(*theirs)
    g.seats += theirs
    _refuse_compression()


@app.before_request
def step_up() -> Reply | None:
    """Refuse a client of Socket.IO, in its own form, before it gets a WebSocket."""
    if request.endpoint != PORCH:
        return None
    if host.draining:
        raise Unavailable("This host is restarting; try again in a moment.")
    if refusal := engine.refuse(request):
        return refusal
    host.porch.check()
    g.seats = (host.seats.come_in(headers.origin().address),)
    _refuse_compression()
    return None


@app.teardown_request
def give_back(_error: BaseException | None) -> None:
    """Free the seats of somebody who is refused, or whose handshake failed after all."""
    host.seats.free(*g.pop("seats", ()))


@sock.route("/ws/projects/<uuid:project_id>", endpoint=ROOM)
def room(ws: Server, project_id: UUID) -> None:  # noqa: ARG001 - the visitor's project is this one
    """Hand a freshly opened WebSocket to the hub; this thread is free again at once."""
    connection = Connection(handover.take(ws), g.visitor)
    g.pop("seats")
    host.join(connection)


@sock.route("/yjs/<uuid:file_id>", endpoint=FILE)
def file(ws: Server, file_id: UUID) -> None:
    """Let a Yjs provider open a file."""
    editor = Editor(handover.take(ws), g.visitor, str(file_id))
    g.pop("seats")
    host.open(editor)


@sock.route("/socket.io/", endpoint=PORCH)
def porch(ws: Server) -> None:
    """Have a client of Socket.IO say on its WebSocket who it is, and which room it is to join."""
    guest = Guest(handover.take(ws), headers.origin())
    g.pop("seats")
    host.porch.receive(guest)


@app.route("/socket.io/", methods=["GET", "POST"])
def polling() -> Reply:
    """Refuse the other transport of Engine.IO, long-polling."""
    return engine.refuse(request) or engine.no_handshake()


@app.get("/health")
def health() -> Response:
    """Answer as long as the process lives."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@app.get("/ready")
def ready() -> dict[str, object]:
    """Answer 200 while new connections are welcome and Postgres can be reached.

    Without Redis the host still serves its own members, and others by way of Postgres: taking it
    out would leave them nowhere to go. So it stays in, and says `degraded`.
    """
    if host.draining:
        raise Unavailable("This host is restarting.")
    stores = readiness.check("postgres", "redis")
    if not stores["postgres"]:
        raise Unavailable("Postgres is out of reach.", stores=stores)
    return {"status": "ready" if all(stores.values()) else "degraded", "stores": stores}


@app.get("/about")
def about() -> dict[str, object]:
    """Tell the holder of CRON_SECRET how this side is set up, to compare it with the other."""
    authenticate(request.headers.get("Authorization", ""))
    return side.describe()


@app.get("/metrics")
def figures() -> Response:
    """Show the host's figures to a monitor, as Prometheus reads them."""
    return Response(metrics.text(host), content_type="text/plain; version=0.0.4; charset=utf-8")


def _refuse_compression() -> None:  # no compression: no bombs
    request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
