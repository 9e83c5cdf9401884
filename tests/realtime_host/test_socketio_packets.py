"""Packets of Socket.IO as text: every one is read, refused by name, or ends the connection."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_host.dispatch import Unreadable
from realtime_host.protocol import CLOSE, PONG, Broken
from realtime_host.socketio import packets

PACKETISH = st.text(st.sampled_from('0123456789/,-[]{}":abc \n\0é'), max_size=40)


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("40", ("40", "/", None, "")),
        ('40{"a":1}', ("40", "/", None, '{"a":1}')),
        ('40/admin,{"a":1}', ("40", "/admin", None, '{"a":1}')),
        ("41/admin", ("41", "/admin", None, "")),
        ('42["ping",1]', ("42", "/", None, '["ping",1]')),
        ('4212["ping"]', ("42", "/", 12, '["ping"]')),
        ('42/admin,12["a,b"]', ("42", "/admin", 12, '["a,b"]')),
        ('451-7["x"]', ("45", "/", 7, '["x"]')),
        ('452-/admin,["x"]', ("45", "/admin", None, '["x"]')),
        ("43999999999999999[]", ("43", "/", 999_999_999_999_999, "[]")),
    ],
)
def test_a_packet_has_a_kind_a_namespace_an_id_and_a_payload(text, packet):
    assert packets.unpack(text) == packet


@given(PACKETISH | st.text(max_size=40))
def test_no_text_does_anything_unforeseen(text):
    for prefix in ("", "4", "42", "421", "45", "40/", '42["ping",'):
        with contextlib.suppress(Broken, Unreadable):
            envelope = packets.read(prefix + text)
            assert envelope.event.name in ("ping", "cursor-update", "file-change")


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.floats(0, 9))
)
def test_the_data_of_an_event_is_what_was_sent(data):
    envelope = packets.read("427" + json.dumps(["ping", data]))
    assert (envelope.event.name, envelope.data, envelope.id) == ("ping", data, 7)


def test_the_signs_of_life_and_of_the_end_are_those_of_a_plain_client():
    def heard(text):
        payload = text.encode()
        (message,) = packets.PacketParser().feed(
            bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload
        )
        return message.kind

    assert heard("3") == PONG
    assert [heard(text) for text in ("1", "41", "41/")] == [CLOSE] * 3
