"""The codes that a connection may be closed with, and the words that go with them."""

NORMAL = 1000
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
NO_CODE = 1005  # never sent: the peer's close frame named no code
LOST = 1006  # never sent: the connection ended without a closing handshake
INVALID_TEXT = 1007
POLICY = 1008
TOO_BIG = 1009
INTERNAL = 1011
RESTART = 1012
TRY_LATER = 1013
SESSION_OVER = 4401
NO_ACCESS = 4403
TOO_SLOW = 4408
TOO_MANY = 4429

REASONS = {
    PROTOCOL_ERROR: "This breaks the WebSocket protocol.",
    INVALID_TEXT: "The text is not valid UTF-8.",
    POLICY: "No pong came in time.",
    TOO_BIG: "The message is too big.",
    INTERNAL: "Something went wrong on our side.",
    RESTART: "This host is restarting; reconnect.",
    TRY_LATER: "This is temporarily unavailable; reconnect later.",
    SESSION_OVER: "This session is over; log in again.",
    NO_ACCESS: "You no longer have access to this project.",
    TOO_SLOW: "Too slow a reader; reconnect.",
    TOO_MANY: "Too many messages; reconnect later.",
}


def sendable(code: int) -> bool:
    """Return whether a peer may put `code` into a close frame (RFC 6455, section 7.4)."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999
