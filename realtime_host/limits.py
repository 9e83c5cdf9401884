"""Every limit of the host, with its unit. Read as `limits.NAME`, so that a test can lower one.

Those in CONFIGURABLE come from the environment, as REALTIME_NAME (see .env.example).
"""

from __future__ import annotations

from lib.config import Settings

FRAME_BYTES = 64 * 1024  # of one message from a client, all fragments together
UPDATE_BYTES = 1024 * 1024  # of one message from a Yjs provider
AWARENESS_BYTES = 16 * 1024  # of the state of one
AWARENESS_STATES = 1_000  # in one message, of which those behind are not looked at
AWARENESS_TTL = 30.0  # seconds after which it is forgotten, as providers do among themselves
AWAKE_EVERY = 10.0  # seconds: providers come back anew when nothing was said for 30 of their own
MERGE_SHARE = 0.1  # of a CPU, on average, for the messages of one provider
MERGE_BURST = 2.0  # seconds of a CPU for those of one that has much to say at once
COPIES = 1_000  # documents that are kept in memory
COPIES_BYTES = 128 * 1024 * 1024  # that they may take, about
FRAGMENTS = 1_000  # of one message
MESSAGES_PER_SECOND = 50  # from one connection, pings included, on average
BURST = 100  # messages at once
REFUSALS = 100  # messages over the rate, in a row, before the connection is closed
PENDING_EVENTS = 100  # of one connection that wait for the database

CONNECTIONS_PER_PERSON = 20  # on this host
CONNECTIONS_PER_ROOM = 1_000  # on this host
CONNECTIONS_PER_ADDRESS = 1_000  # on this host; of IPv6, an address is a network of 64 bits

QUEUE_BYTES = 1024 * 1024  # waiting for one slow reader
SEND_BUFFER = 256 * 1024  # bytes in the kernel for one reader
STALL = 10.0  # seconds in which a reader with a queue takes nothing

REPLAY_EVENTS = 1_000  # missed ones that a client which comes back is given
EARLY_EVENTS = 100  # of one room, kept until the one before them has come
GAP_PATIENCE = 0.25  # seconds to wait for a missing event before Postgres is asked
LOOK_EVERY = 5.0  # seconds between two comparisons of all rooms' logs with Postgres
LOOK_ALONE = 2.0  # seconds, while Redis is away

PING_EVERY = 25.0  # seconds
PONG_WITHIN = 8.0  # seconds
CLOSE_WITHIN = 2.0  # seconds for the client's half of the closing handshake
CONNECT_WITHIN = 10.0  # seconds for a client of Socket.IO to say who it is
REQUEST_WITHIN = 10.0  # seconds for a complete HTTP request
HEAD_BYTES = 32 * 1024  # of one HTTP request
BODY_BYTES = 128 * 1024  # of one HTTP request
ARRIVALS = 2_000  # HTTP requests that are on their way at once

RECHECK = 60.0  # seconds after which a connection's access is looked up again, message or not
RECENT = 10.0  # seconds for which an access message is kept for those who are just connecting

PRESENCE_BEAT = 5.0  # seconds between two writes of this host's people
SETTLE_WITHIN = 1.0  # seconds that somebody may seem to be here after leaving, if Redis is slow
PRESENCE_TTL = 20  # seconds after its last sign of life that a host's people are gone

OUTBOX_MESSAGES = 10_000  # kept for Redis while it is away; of cursors, only the latest
RECONNECT_MIN = 0.1  # seconds between two attempts to reach Redis
RECONNECT_MAX = 2.0  # seconds

DRAIN = 8.0  # seconds in which clients are let go on SIGTERM
RECONNECT_SPREAD = 5_000  # milliseconds over which drained clients are asked to come back

GUESTS = 2_000  # clients of Socket.IO that have not said yet who they are; the oldest has to go
GUEST_MESSAGES = 20  # from one of them
TRANSLATIONS = 64  # frames whose translation for Socket.IO is kept for the next reader

HANDSHAKE_THREADS = 16
CONNECT_THREADS = 4  # for what else clients of Socket.IO have to be asked
WORK_THREADS = 6  # for work that blocks; together with the handshakes they share the connections
POSTGRES_CONNECTIONS = 10

CONFIGURABLE = (
    "FRAME_BYTES",
    "UPDATE_BYTES",
    "MESSAGES_PER_SECOND",
    "BURST",
    "QUEUE_BYTES",
    "CONNECTIONS_PER_PERSON",
    "CONNECTIONS_PER_ROOM",
    "CONNECTIONS_PER_ADDRESS",
    "PING_EVERY",
    "PONG_WITHIN",
    "REPLAY_EVENTS",
)


def configure(settings: Settings) -> None:
    """Take what this process was told from outside; before anybody is let in."""
    for name in CONFIGURABLE:
        globals()[name] = getattr(settings, f"realtime_{name.lower()}")
