"""The routes of the real-time host. flask-sock is the door; the hub owns what comes through it."""

from __future__ import annotations

from uuid import UUID

from flask import Flask, Response, g, request
from flask_sock import Sock
from simple_websocket import Server

from lib.errors import Unavailable
from lib.http import headers
from lib.http.app import function
from lib.stores import postgres, readiness, redis
from realtime_host import handover, limits, metrics
from realtime_host.connection import Connection
from realtime_host.door import SUBPROTOCOL, admit
from realtime_host.host import Host

ROOM = "room"  # the endpoint of the WebSocket route

redis.use_tcp()
postgres.pool_size(limits.POSTGRES_CONNECTIONS)

host = Host()
app: Flask = function(__name__)
app.config["SOCK_SERVER_OPTIONS"] = {
    "subprotocols": [SUBPROTOCOL],
    "thread_class": handover.NoThread,
}
sock = Sock(app)


@app.before_request
def knock() -> None:
    """Refuse a visitor, as a problem document, before the connection becomes a WebSocket."""
    if request.endpoint != ROOM:
        return
    if host.draining:
        raise Unavailable("This host is restarting; try again in a moment.")
    project_id = (request.view_args or {})["project_id"]
    visitor = admit(request, headers.origin(), project_id)
    user_id = str(visitor.caller.user_id)
    host.seats.take(user_id, str(project_id))
    g.seat = (user_id, str(project_id))
    g.visitor = visitor
    request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)  # no compression: no bombs


@app.teardown_request
def give_back(_error: BaseException | None) -> None:
    """Free the seat of somebody whose handshake failed after all."""
    if seat := g.pop("seat", None):
        host.seats.free(*seat)


@sock.route("/ws/projects/<uuid:project_id>", endpoint=ROOM)
def room(ws: Server, project_id: UUID) -> None:  # noqa: ARG001 - the visitor's project is this one
    """Hand a freshly opened WebSocket to the hub; this thread is free again at once."""
    connection = Connection(handover.take(ws), g.visitor)
    g.pop("seat")
    host.join(connection)


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


@app.get("/metrics")
def figures() -> Response:
    """Show the host's figures to a monitor, as Prometheus reads them."""
    return Response(metrics.text(host), content_type="text/plain; version=0.0.4; charset=utf-8")
