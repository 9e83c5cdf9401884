"""What other hosts, functions and workers say: the subscriptions of this host, kept alive."""

from __future__ import annotations

import random
import select
import socket
from collections import deque
from collections.abc import Callable
from threading import Thread
from typing import Any

from redis.client import PubSub
from redis.exceptions import RedisError

from lib import logs
from lib.bridge import keys
from lib.bridge.messages import Message, decode
from lib.stores import redis_tcp
from realtime_host import limits

WAIT = 1.0  # seconds between two looks at the connection's health

Heard = Callable[[str, Message], None]  # the channel, and what was said on it


class Subscriber:
    """One thread, one connection: all access channels, and those of rooms and files asked for.

    One of these costs a subscription only while this host holds a member of it. When Redis goes
    away the thread tries again for as long as it takes, and subscribes to everything anew.
    """

    def __init__(self, heard: Heard, subscribed: Callable[[str], None]) -> None:
        self.up = False  # whether Redis was there when last looked at
        self._heard = heard
        self._subscribed = subscribed
        self._channels: set[str] = set()  # only the thread itself touches it
        self._wishes: deque[tuple[str, bool]] = deque()
        self._bell, self._rung_at = socket.socketpair()
        for end in (self._bell, self._rung_at):
            end.setblocking(False)
        self._running = True
        self._thread = Thread(target=self._run, name="subscriber", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._running = False
        self._ring()
        self._thread.join(2 * WAIT)

    def join(self, channel: str) -> None:
        """Listen to a channel from now on; `subscribed` is called once that is so."""
        self._wishes.append((channel, True))
        self._ring()

    def leave(self, channel: str) -> None:
        """Listen to a channel no longer."""
        self._wishes.append((channel, False))
        self._ring()

    def _ring(self) -> None:
        try:
            self._bell.send(b"\0")
        except BlockingIOError:
            return  # it has been rung often enough

    def _run(self) -> None:
        pause = limits.RECONNECT_MIN
        while self._running:
            try:
                self._listen()
            except (RedisError, OSError) as error:
                if self.up:
                    logs.warning("redis.lost", kind=type(error).__name__)
                self.up, pause = False, limits.RECONNECT_MIN if self.up else pause
                self._sleep(pause * random.uniform(0.5, 1))
                pause = min(2 * pause, limits.RECONNECT_MAX)
            except Exception as error:  # noqa: BLE001 - this thread is the host's only ear
                logs.exception("subscriber.failed", kind=type(error).__name__)
                self._sleep(limits.RECONNECT_MAX)

    def _listen(self) -> None:
        with redis_tcp.client().pubsub() as pubsub:
            pubsub.psubscribe(keys.ACCESS_PREFIX + "*")
            self._grant()
            if self._channels:
                pubsub.subscribe(*self._channels)
            connection: Any = pubsub.connection
            while self._running:
                self._drain(pubsub)
                ready, _, _ = select.select([connection._sock, self._rung_at], [], [], WAIT)
                if self._rung_at in ready:
                    self._rung_at.recv(4096)
                    self._grant(pubsub)
                elif not ready:
                    pubsub.check_health()

    def _drain(self, pubsub: PubSub) -> None:
        while (message := pubsub.get_message(timeout=0)) is not None:
            kind, channel = message["type"], message["channel"]
            if kind in ("message", "pmessage"):
                said = decode(message["data"])
                if said:
                    self._heard(channel, said)
            elif kind == "psubscribe":
                self.up = True
                logs.info("redis.subscribed", channels=len(self._channels))
            elif kind == "subscribe":
                self._subscribed(channel)

    def _grant(self, pubsub: PubSub | None = None) -> None:
        while self._wishes:
            channel, wanted = self._wishes.popleft()
            (self._channels.add if wanted else self._channels.discard)(channel)
            if pubsub:
                (pubsub.subscribe if wanted else pubsub.unsubscribe)(channel)

    def _sleep(self, seconds: float) -> None:
        ready, _, _ = select.select([self._rung_at], [], [], seconds)
        if ready and not self._running:
            self._rung_at.recv(4096)
