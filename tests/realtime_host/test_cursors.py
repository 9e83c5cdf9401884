"""The cheap way of cursors lets through what the schema lets through, and nothing else."""

from __future__ import annotations

import json
from types import SimpleNamespace
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.errors import AppError
from lib.files.schemas import MAX_CONTENT
from realtime_host import cursors, dispatch
from realtime_host.dispatch import Unreadable
from realtime_host.events.cursor_update import MAX_STATE

FILE = "01900000-0000-7000-8000-00000000000a"
NAMES = ("file_id", "anchor", "head", "state", "event", "x")
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, MAX_CONTENT, MAX_CONTENT + 1, 10**30, 1.0, 1.5]),
    st.sampled_from([FILE, FILE.upper(), FILE.replace("-", ""), f"{{{FILE}}}", FILE[:-1], ""]),
    st.text(max_size=5),
    st.sampled_from(["x" * MAX_STATE, "é" * MAX_STATE, "x" * (MAX_STATE + 1), "\ufeff", '"', "\\"]),
)
MEMBERS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=5)


def _object(members, space=""):
    """JSON text of an object, in which a name may be there twice."""
    pairs = (
        f"{json.dumps(name)}:{space}{json.dumps(value, ensure_ascii=False)}"
        for name, value in members
    )
    return "{" + f",{space}".join(pairs) + "}"


def _message(data, more=""):
    return f'{{"event":"cursor-update","data":{data}{more}}}'


def _by_schema(text):
    """What all other events go through makes of it; None when that refuses it."""
    try:
        return dispatch.check(dispatch.read(text), "viewer")
    except (Unreadable, AppError):
        return None


@given(members=MEMBERS, space=st.sampled_from(["", " ", "\n"]))
@example(members=[("anchor", 1), ("anchor", 2)], space="")
@example(members=[("file_id", FILE.replace("-", "")), ("anchor", 1), ("anchor", 2)], space="")
@example(members=[("state", "é" * 11), ("anchor", 1), ("anchor", 2)], space="")
@example(members=[("state", "\0")], space="")
def test_what_it_takes_is_what_the_schema_makes_of_it(members, space):
    text = _message(_object(members, space))
    taken = cursors.read(text)
    if taken is not None:
        assert json.loads(taken) == json.loads(json.dumps(_by_schema(text), default=str))


@pytest.mark.parametrize(
    "data",
    [
        {"file_id": FILE, "anchor": 1, "head": 2},
        {"anchor": None, "state": 'Zoë, "at once"'.replace('"', "'")},
        {},
        {"state": "x" * MAX_STATE, "head": MAX_CONTENT},
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_it_takes_what_clients_usually_send(data, separators):
    message = {"event": "cursor-update", "data": data}
    text = json.dumps(message, ensure_ascii=False, separators=separators)
    assert json.loads(cursors.read(text)) == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        _message("[]"),
        _message("{}", ',"id":1'),
        _message("{}", ',"to":1'),
        _message("{}", ',"data":{}'),
        _message("{}", ',"event":"cursor-update"'),
        _message('{"state":"\\u0000"}'),
        _message('{"anchor":01}'),
        _message("{}") + "{}",
        '{"event":"ping","data":{}}',
        '{"event":"cursor-update"}',
    ],
)
def test_it_leaves_alone_what_needs_an_answer(text):
    assert cursors.read(text) is None


@pytest.mark.parametrize("data", [{}, {"anchor": 1, "file_id": FILE}])
def test_others_see_the_person_beside_the_data(data):
    user = {"id": str(UUID(int=7)), "name": 'Zoë "Z"'}
    connection = SimpleNamespace(cursor_head=b"", user=user)
    for _ in range(2):
        shown = json.loads(cursors.shown(connection, json.dumps(data).encode()))
        assert shown == {"event": "cursor-update", "data": {"user": user} | data}
