"""Upstash's REST protocol in front of a Redis: what functions speak to, here and in compose.

https://upstash.com/docs/redis/features/restapi: POST / takes one command, /pipeline and /multi-exec
take a list of them, and /set/key/value is one command as a path.
"""

import hmac
import json
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qsl, unquote

from redis.exceptions import RedisError, ResponseError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from lib.emulator.paths import raw_path
from lib.emulator.redis_link import Command, RedisLink

MAX_BODY_BYTES = 10 * 1024 * 1024
HOLDS = "it would hold the connection"
CHANGES = "it would change a connection that others share"
STOPS = "it is for the server's operator"
REASONS = {
    "BLPOP BRPOP BRPOPLPUSH BLMOVE BLMPOP BZPOPMIN BZPOPMAX BZMPOP": HOLDS,
    "WAIT WAITAOF MONITOR SUBSCRIBE PSUBSCRIBE SSUBSCRIBE": HOLDS,
    "UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE MULTI EXEC DISCARD": CHANGES,
    "WATCH UNWATCH SELECT AUTH HELLO CLIENT RESET QUIT ASKING": CHANGES,
    "SHUTDOWN DEBUG REPLICAOF SLAVEOF SYNC PSYNC FAILOVER": STOPS,
}
REFUSED = {name: reason for names, reason in REASONS.items() for name in names.split()}


class RefusedError(Exception):
    """A request that is answered with an error instead of being passed on."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Bridge:
    """The WSGI app, for one Redis and one token."""

    def __init__(self, redis_url: str, token: str) -> None:
        self._redis = RedisLink(redis_url)
        self._token = token.encode()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request."""
        request = Request(environ)
        request.max_content_length = MAX_BODY_BYTES
        try:
            body, status = self._answer(request), 200
        except RefusedError as refusal:
            body, status = {"error": str(refusal)}, refusal.status
        except RequestEntityTooLarge:
            body, status = {"error": f"ERR a request holds {MAX_BODY_BYTES} bytes at most"}, 413
        except ResponseError as error:
            body, status = {"error": error_text(error)}, 400
        except RedisError:
            body, status = {"error": "ERR Redis does not answer: try again later"}, 503
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return Response(text, status, mimetype="application/json")(environ, start_response)

    def _answer(self, request: Request) -> Any:
        self._authorise(request)
        encoded = request.headers.get("Upstash-Encoding", "").lower() == "base64"
        segments = [unquote(part) for part in raw_path(request.environ).split("/") if part]
        match segments:
            case ["pipeline"]:
                return reply_list(self._redis.pipeline(read_commands(request)), encoded)
            case ["multi-exec"]:
                return reply_list(self._redis.transaction(read_commands(request)), encoded)
            case []:
                command = checked(parsed(request))
            case _:
                command = checked(path_command(segments, request))
        return {"result": encode(self._redis.command(command), encoded)}

    def _authorise(self, request: Request) -> None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        known = hmac.compare_digest(given.strip().encode(), self._token)
        if scheme.lower() != "bearer" or not known:
            raise RefusedError(401, "WRONGPASS invalid or missing auth token")


def parsed(request: Request) -> Any:
    """Return the JSON body; raises RefusedError when there is none."""
    try:
        return json.loads(request.get_data())
    except ValueError:
        raise RefusedError(400, "ERR failed to parse the body: a JSON array is expected") from None


def read_commands(request: Request) -> list[Command]:
    """Return the commands of a pipeline or transaction; raises RefusedError for a bad one."""
    commands = parsed(request)
    if not isinstance(commands, list) or not commands:
        raise RefusedError(400, "ERR a non-empty array of commands is expected")
    return [checked(command) for command in commands]


def path_command(segments: list[str], request: Request) -> list[Any]:
    """Return the command that a path spells, then the body as an argument, then the query."""
    query = parse_qsl(request.query_string.decode(), keep_blank_values=True)
    body = [request.get_data()] if request.method == "POST" and request.get_data() else []
    return [*segments, *body, *(word for pair in query for word in pair if word)]


def checked(command: Any) -> Command:
    """Return a command that Redis may be given; raises RefusedError otherwise."""
    if not isinstance(command, list) or not command or not isinstance(command[0], str):
        raise RefusedError(400, "ERR a command is an array that begins with its name")
    if not all(isinstance(word, str | bytes | int | float) for word in command):
        raise RefusedError(400, "ERR arguments are strings, numbers or booleans")
    name = command[0].upper()
    if name in REFUSED:
        raise RefusedError(400, f"ERR {name} is not available over REST: {REFUSED[name]}")
    if name in ("XREAD", "XREADGROUP") and blocks(command):
        raise RefusedError(400, f"ERR {name} with BLOCK is not available over REST: {HOLDS}")
    return [str(word).lower() if isinstance(word, bool) else word for word in command]


def blocks(command: Command) -> bool:
    """Return whether a stream read has the BLOCK option, which stands before STREAMS."""
    for word in (str(word).upper() for word in command[1:]):
        if word in ("BLOCK", "STREAMS"):
            return word == "BLOCK"
    return False


def reply_list(replies: list[Any], encoded: bool) -> list[dict[str, Any]]:
    """Return one object per reply, with its result or its error."""
    return [
        {"error": error_text(reply)}
        if isinstance(reply, ResponseError)
        else {"result": encode(reply, encoded)}
        for reply in replies
    ]


def encode(reply: Any, encoded: bool) -> Any:
    """Return a reply as JSON holds it; `encoded` makes every string but OK base64."""
    if isinstance(reply, list):
        return [encode(item, encoded) for item in reply]
    if isinstance(reply, ResponseError):  # inside what a script returned
        return encode(error_text(reply).encode(), encoded)
    if not isinstance(reply, bytes):
        return reply
    if encoded and reply != b"OK":
        return b64encode(reply).decode()
    return reply.decode(errors="replace")


def error_text(error: ResponseError) -> str:
    """Return the error as Redis put it: redis-py takes the code off the text."""
    code = getattr(error, "status_code", None)
    return f"{code} {error}" if code else str(error)
