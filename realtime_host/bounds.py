"""The limits that clients are told: one table for the welcome and for the protocol's document."""

from __future__ import annotations

from typing import NamedTuple

from marshmallow import Schema, fields

from lib.bridge.log import KEPT_EVENTS, KEPT_HOURS
from lib.schemas import Strict
from realtime_host import limits


class Bound(NamedTuple):
    """One limit: its name for clients, which constant of `limits` it is, and what it bounds."""

    name: str
    constant: str
    meaning: str
    field: type[fields.Field] = fields.Integer


BOUNDS = (
    Bound("frame_bytes", "FRAME_BYTES", "Of one message, all its fragments together."),
    Bound("update_bytes", "UPDATE_BYTES", "Of one message of a Yjs provider."),
    Bound("awareness_bytes", "AWARENESS_BYTES", "Of the state of a Yjs provider."),
    Bound("fragments", "FRAGMENTS", "Of one message."),
    Bound("messages_per_second", "MESSAGES_PER_SECOND", "On average, pings included."),
    Bound("burst", "BURST", "Messages at once."),
    Bound("refusals", "REFUSALS", "Messages refused in a row before the connection is closed."),
    Bound("pending_events", "PENDING_EVENTS", "Events that wait for the database."),
    Bound("connections_per_person", "CONNECTIONS_PER_PERSON", "On one host."),
    Bound("connections_per_room", "CONNECTIONS_PER_ROOM", "On one host."),
    Bound(
        "connections_per_address",
        "CONNECTIONS_PER_ADDRESS",
        "On one host; a network of 64 bits counts as one address of IPv6.",
    ),
    Bound("queue_bytes", "QUEUE_BYTES", "Waiting for a slow reader; one with more is closed."),
    Bound("stall_seconds", "STALL", "In which a slow reader may take nothing.", fields.Float),
    Bound("replay_events", "REPLAY_EVENTS", "Missed ones that who comes back is given."),
    Bound("request_seconds", "REQUEST_WITHIN", "For the request of the handshake.", fields.Float),
    Bound(
        "connect_seconds",
        "CONNECT_WITHIN",
        "For a client of Socket.IO to say who it is; others do so in the handshake.",
        fields.Float,
    ),
    Bound("ping_seconds", "PING_EVERY", "From one ping of the host to the next.", fields.Float),
    Bound("pong_seconds", "PONG_WITHIN", "For the pong.", fields.Float),
    Bound("close_seconds", "CLOSE_WITHIN", "For the answer to a close frame.", fields.Float),
    Bound(
        "recheck_seconds",
        "RECHECK",
        "From one look at a connection's access to the next, if no change is told.",
        fields.Float,
    ),
    Bound(
        "reconnect_spread_ms",
        "RECONNECT_SPREAD",
        "In which the clients of a host that goes down are asked to come back.",
    ),
)
OF_THE_LOG = {
    "log_hours": (KEPT_HOURS, "That the log of a room is kept, unless it has too many events."),
    "log_events": (KEPT_EVENTS, "Of one room that its log keeps at most."),
}


def shown() -> dict[str, float]:
    """Return all limits of this host by the names that clients know."""
    mine = {bound.name: getattr(limits, bound.constant) for bound in BOUNDS}
    return mine | {name: value for name, (value, _) in OF_THE_LOG.items()}


def _fields() -> dict[str, fields.Field]:
    given = {bound.name: (bound.field, bound.meaning) for bound in BOUNDS}
    given |= {name: (fields.Integer, meaning) for name, (_, meaning) in OF_THE_LOG.items()}
    return {
        name: kind(metadata={"description": meaning}) for name, (kind, meaning) in given.items()
    }


LimitsOut: type[Schema] = type(
    "LimitsOut",
    (Strict,),
    {"__doc__": "What a client may send, how far it may fall behind, and what it is waited for."}
    | _fields(),
)
