"""Files that Yjs providers have open: one text for them, for REST and for rooms, and its bounds."""

from __future__ import annotations

import random
import re

import httpx
import pycrdt
import pytest
from pycrdt import Doc, Map, Text
from websocket import WebSocketBadStatusException

from lib.files import documents, nesting
from lib.stores import postgres, redis_tcp
from realtime_host.yjs import wire
from tests import hostile
from tests.realtime_host.provider import Provider

FRAMES = 150  # of noise
SOON = 2.0  # seconds: what takes effect within one, on a machine that has other things to do


@pytest.fixture(scope="module")
def second(start_host):
    """Another host beside the shared one."""
    return start_host()


@pytest.fixture
def edit(host):
    """Open a file as somebody does whose editor is bound to a Yjs provider."""
    providers = []

    def come(person, file_id, on=None, *, query="", opened=True, **options):
        if person:
            options["header"] = [f"Authorization: Bearer {person.token}"]
        url = f"ws://127.0.0.1:{(on or host).port}/yjs/{file_id}{query}"
        providers.append(Provider(url, **options))
        return providers[-1].open() if opened else providers[-1]

    yield come
    for provider in providers:
        provider.socket.shutdown()


def _stored(team):
    with postgres.connection() as conn:
        return conn.execute(
            "SELECT seq, content FROM files WHERE id = %s", [team.file["id"]]
        ).fetchone()


def _content(team, person=None):
    return (person or team.owner).get(f"/files/{team.file['id']}").get_json()["content"]


def test_two_editors_on_two_hosts_have_one_text(edit, second, team, eventually):
    near, far = edit(team.owner, team.file["id"]), edit(team.collaborator, team.file["id"], second)
    assert str(near.text) == str(far.text) == "hello"
    near.text += " world"
    far.until(lambda: str(far.text) == "hello world")
    far.text.insert(0, "oh, ")
    near.until(lambda: str(near.text) == "oh, hello world")
    assert _content(team) == "oh, hello world"
    assert _stored(team)["seq"] == 2


def test_what_was_made_at_once_merges_and_nothing_is_lost(edit, second, team, eventually):
    editors = [
        edit(who, team.file["id"], on)
        for who in (team.owner, team.collaborator)
        for on in (None, second)
    ]
    for number in range(20):
        for place, editor in enumerate(editors):
            editor.text.insert(0, f"[{place}.{number}]")
    words = [f"[{place}.{number}]" for place in range(4) for number in range(20)]
    eventually(lambda: all(word in _content(team) for word in words))
    final = _content(team)
    assert len(final) == len("hello") + sum(map(len, words))
    for editor in editors:
        editor.until(lambda editor=editor: str(editor.text) == final)


def test_edits_over_rest_and_in_the_room_reach_open_editors_and_back(edit, connect, second, team):
    member = connect(team.viewer, team.project["id"])
    editors = [edit(team.owner, team.file["id"]), edit(team.collaborator, team.file["id"], second)]
    answer = team.owner.put(f"/files/{team.file['id']}/content", {"content": "hello, REST"})
    assert answer.status_code == 200
    for editor in editors:
        editor.until(lambda editor=editor: str(editor.text) == "hello, REST")
    member.expect("file-change")
    editors[1].text.insert(0, "🎈 ")
    told = member.expect("file-change")
    assert told["data"]["delta"] == [{"insert": "🎈 "}]
    assert told["data"]["author"]["id"] == team.collaborator.id
    assert told["data"]["seq"] == 2
    writer = connect(team.owner, team.project["id"], on=second)
    change = {"file_id": team.file["id"], "base": 2, "delta": [{"retain": 3}, {"insert": "JSON "}]}
    assert writer.ask("file-change", change)["event"] == "ack"
    for editor in editors:
        editor.until(lambda editor=editor: str(editor.text) == "🎈 JSON hello, REST")


def test_what_was_made_while_away_comes_in_with_the_next_visit(edit, host, team, eventually):
    editor = edit(team.owner, team.file["id"])
    editor.socket.shutdown()
    offline: Doc = Doc()
    offline["content"] = text = Text()
    offline.apply_update(editor.doc.get_update())
    text += " from the train"
    assert team.collaborator.put(
        f"/files/{team.file['id']}/content", {"content": "well, hello"}
    ).status_code == 200  # fmt: skip
    back = edit(team.owner, team.file["id"])
    back.update(offline.get_update(), wire.STEP2)
    eventually(lambda: _content(team) == "well, hello from the train")


def test_a_viewer_reads_and_is_told_that_they_may_not_write(edit, connect, team):
    member = connect(team.owner, team.project["id"])
    viewer, owner = edit(team.viewer, team.file["id"]), edit(team.owner, team.file["id"])
    viewer.text += " from a viewer"
    viewer.until(lambda: viewer.denied)
    assert "collaborator" in viewer.denied[0]
    viewer.update(viewer.doc.get_update(), wire.STEP2)
    owner.text.insert(0, "well, ")
    viewer.until(lambda: str(viewer.text).startswith("well, "))
    assert _stored(team) == {"seq": 1, "content": "well, hello"}
    assert member.expect("file-change")["data"]["author"]["id"] == team.owner.id
    viewer.point({"cursor": 1})
    owner.until(lambda: owner.states.get(viewer.doc.client_id) == {"cursor": 1})


def test_who_may_write_from_now_on_is_asked_for_what_was_refused_before(edit, team, eventually):
    editor = edit(team.viewer, team.file["id"])
    editor.text += " from a viewer"
    editor.until(lambda: editor.denied)
    asked = len(editor.vectors)
    members = f"/workspaces/{team.workspace['id']}/members/{team.viewer.id}"
    assert team.owner.patch(members, {"role": "collaborator"}).status_code == 200
    editor.until(lambda: len(editor.vectors) > asked)  # which it answers by itself
    eventually(lambda: _content(team) == "hello from a viewer")


@pytest.mark.parametrize("by", ["ticket", "subprotocol", "header"])
def test_the_door_is_that_of_the_rooms(edit, team, by):
    if by == "ticket":
        ticket = team.viewer.post(f"/projects/{team.project['id']}/ticket").get_json()["ticket"]
        editor = edit(None, team.file["id"], query=f"?ticket={ticket}")
        with pytest.raises(WebSocketBadStatusException, match="401"):
            edit(None, team.file["id"], query=f"?ticket={ticket}")
    elif by == "subprotocol":
        editor = edit(None, team.file["id"], subprotocols=["bearer", team.viewer.token])
    else:
        editor = edit(team.viewer, team.file["id"])
    assert str(editor.text) == "hello"


def test_strangers_forgers_foreign_pages_and_tickets_of_other_projects_stay_outside(edit, team):
    with pytest.raises(WebSocketBadStatusException, match="404"):
        edit(team.stranger, team.file["id"])
    with pytest.raises(WebSocketBadStatusException, match="401"):
        edit(None, team.file["id"])
    with pytest.raises(WebSocketBadStatusException, match="403"):
        edit(team.owner, team.file["id"], origin="https://evil.example.com", suppress_origin=False)
    other = team.owner.post(
        f"/workspaces/{team.workspace['id']}/projects", {"name": "Other"}
    ).get_json()
    ticket = team.owner.post(f"/projects/{other['id']}/ticket").get_json()["ticket"]
    with pytest.raises(WebSocketBadStatusException, match="401"):
        edit(None, team.file["id"], query=f"?ticket={ticket}")
    with pytest.raises(WebSocketBadStatusException, match="404"):
        edit(team.owner, team.project["id"])


def test_who_loses_access_is_let_go_and_writes_nothing_more(edit, team):
    members = f"/workspaces/{team.workspace['id']}/members/{team.collaborator.id}"
    editor, other = edit(team.collaborator, team.file["id"]), edit(team.viewer, team.file["id"])
    assert team.owner.patch(members, {"role": "viewer"}).status_code == 200
    editor.text += " too late"
    editor.until(lambda: editor.denied)
    assert team.owner.delete(members).status_code == 204
    assert editor.closed(SOON) == 4403
    assert team.viewer.post("/auth/logout").status_code == 204
    assert other.closed(SOON) == 4401
    assert _stored(team) == {"seq": 0, "content": "hello"}


def test_when_the_file_is_deleted_its_editors_are_let_go(edit, second, team):
    editors = [edit(team.owner, team.file["id"]), edit(team.viewer, team.file["id"], second)]
    assert team.owner.delete(f"/files/{team.file['id']}").status_code == 204
    assert [editor.closed(SOON) for editor in editors] == [4403, 4403]


def test_what_is_stored_survives_kill_9_and_editors_go_on(edit, start_host, team, eventually):
    doomed = start_host()
    editor = edit(team.owner, team.file["id"], doomed)
    watcher = edit(team.viewer, team.file["id"], doomed)
    for number in range(200):
        editor.text += f" {number}"
    watcher.until(lambda: str(watcher.text).endswith(" 0 1 2 3 4 5") or len(str(watcher.text)) > 40)
    doomed.kill()
    seen, stored = str(watcher.text), _content(team)
    assert stored.startswith(seen)  # nothing is shown that is not stored
    back = start_host(port=doomed.port)
    again = edit(team.owner, team.file["id"], back)
    again.update(editor.doc.get_update(), wire.STEP2)
    eventually(lambda: _content(team) == str(editor.text))
    again.open()
    assert str(again.text) == str(editor.text)


def test_awareness_is_seen_on_both_hosts_and_ends_with_the_connection(edit, second, team):
    near, far = edit(team.owner, team.file["id"]), edit(team.viewer, team.file["id"], second)
    near.point({"name": "Olga"})
    far.until(lambda: far.states.get(near.doc.client_id) == {"name": "Olga"})
    late = edit(team.viewer, team.file["id"])
    late.until(lambda: late.states.get(near.doc.client_id) == {"name": "Olga"})
    elsewhere = edit(team.viewer, team.file["id"], second)
    elsewhere.until(lambda: elsewhere.states.get(near.doc.client_id) == {"name": "Olga"})
    near.socket.shutdown()
    for editor in (far, late, elsewhere):
        editor.until(lambda editor=editor: editor.states[near.doc.client_id] is None)


def test_nobody_speaks_for_another(edit, team):
    owner, viewer, reader = (
        edit(who, team.file["id"]) for who in (team.owner, team.viewer, team.collaborator)
    )
    owner.point({"name": "Olga"})
    viewer.until(lambda: viewer.states.get(owner.doc.client_id))
    viewer.point({"name": "Vera"})
    viewer.clock = 50
    viewer.point({"name": "not Olga"}, client=owner.doc.client_id)
    viewer.point({"name": "Vera again"})
    reader.until(lambda: reader.states.get(viewer.doc.client_id) == {"name": "Vera again"})
    assert reader.states[owner.doc.client_id] == {"name": "Olga"}


def test_who_comes_back_is_told_of_its_own_end_and_counts_on_from_there(edit, team, eventually):
    reader, first = edit(team.viewer, team.file["id"]), edit(team.owner, team.file["id"])
    first.point("here")
    client = first.doc.client_id
    reader.until(lambda: reader.states.get(client) == "here")
    first.socket.shutdown()
    reader.until(lambda: reader.states[client] is None)
    again = edit(team.owner, team.file["id"])
    again.point("here", client=client)  # with the count that it had
    again.until(lambda: client in again.states and again.states[client] is None)
    again.clock = 2
    again.point("here", client=client)
    reader.until(lambda: reader.states[client] == "here")


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"\x09", b"\x00", b"\x00\x03\x00", b"\x00\x02\x05ab", b"\x00\x02\x01aa",
        b"\x02\x00\x01a",
        b"\x00\x02" + b"\xff" * 9, b"\x01\x03\x01\x01\x01", b"\x01\x05\x01\x01\x01\x01{",
        b"\x00\x02\x03\x01\x02\x03", b"\x00\x01\x02\xff\xff", b"\x00\x00\x02\xff\xff",
    ],
)  # fmt: skip
def test_what_is_no_message_of_a_provider_closes_its_connection_and_no_other(
    edit, team, payload, eventually
):
    other, broken = edit(team.owner, team.file["id"]), edit(team.collaborator, team.file["id"])
    broken.say(payload)
    assert broken.closed() == 1002
    other.text += "!"
    eventually(lambda: _stored(team) == {"seq": 1, "content": "hello!"})


@pytest.mark.parametrize("who", ["collaborator", "viewer"])
def test_values_too_deep_to_walk_through_end_the_connection_not_the_host(
    edit, start_host, team, who, eventually
):
    host = start_host()
    other = edit(team.owner, team.file["id"], host)
    hostile_one = edit(getattr(team, who), team.file["id"], host)
    for _ in range(2):
        hostile_one.update(hostile.deep_value(200_000))
    if who == "viewer":  # whose updates are not even looked at
        hostile_one.until(lambda: hostile_one.denied)
    else:
        assert hostile_one.closed() == 1002
    other.text += "!"
    eventually(lambda: _content(team) == "hello!")


def test_shared_types_in_each_other_do_not_end_the_host(edit, start_host, team, eventually):
    host, each = start_host(MERGE_BURST=60.0), nesting.MAX_TYPES
    other, nester = (edit(team.owner, team.file["id"], host) for _ in range(2))
    for turn in range(12):  # more than an ordinary stack holds
        nester.update(hostile.deep_types(each, turn * each))
        other.until(lambda: turn + 1 == _stored(team)["seq"])  # noqa: B023
    nester.update(hostile.end_of_the_first())
    eventually(lambda: _stored(team)["seq"] == 13)
    other.text += "!"
    eventually(lambda: _content(team) == "hello!")
    nester.update(hostile.deep_types(each + 1, 12 * each))
    assert nester.closed() == 1002


def test_an_archived_workspace_is_read_and_writers_are_told_so(edit, team, eventually):
    editor = edit(team.owner, team.file["id"])
    path = f"/workspaces/{team.workspace['id']}"
    assert team.owner.post(f"{path}/archive").status_code == 200
    editor.text += " too late"
    editor.until(lambda: editor.denied)
    assert "archive" in editor.denied[0]
    assert str(edit(team.viewer, team.file["id"]).text) == "hello"
    assert team.owner.post(f"{path}/unarchive").status_code == 200
    editor.update(editor.doc.get_update(), wire.STEP2)
    eventually(lambda: _content(team) == "hello too late")


def test_when_the_project_goes_to_the_trash_its_editors_are_let_go(edit, team):
    editor, writer = edit(team.viewer, team.file["id"]), edit(team.owner, team.file["id"])
    assert team.owner.delete(f"/projects/{team.project['id']}").status_code in (200, 204)
    writer.text += " too late"
    assert [editor.closed(SOON), writer.closed(SOON)] == [4403, 4403]


def test_random_frames_close_connections_by_name_and_end_nothing_else(
    edit, start_host, team, eventually
):
    draw, host = random.Random(11), start_host(CLOSE_WITHIN=20.0)
    other = edit(team.owner, team.file["id"], host)
    whole = other.doc.get_update()
    for number in range(FRAMES):
        noisy = edit(team.collaborator, team.file["id"], host, opened=False)
        noise = bytearray(draw.choice((whole, draw.randbytes(draw.randint(0, 60)))))
        for _ in range(draw.randint(0, 4) if noise else 0):
            noise[draw.randrange(len(noise))] = draw.randrange(256)
        kind = draw.choice((b"", b"\0\0", b"\0\1", b"\0\2", b"\1"))
        noisy.say(kind + (pycrdt.write_message(bytes(noise)) if kind else bytes(noise)))
        noisy.say(b"\x04")  # no message at all: this is where those end that the noise did not
        assert noisy.closed() in (1002, 1009), (number, kind, noise)
        noisy.socket.shutdown()
    other.text += "!"
    eventually(lambda: _content(team).endswith("!"))
    assert (
        'collab_connections_closed_total{code="1011"}' not in httpx.get(f"{host.http}/metrics").text
    )
    assert host.process.poll() is None


def test_texts_are_none_of_this_dialect(edit, team):
    editor = edit(team.owner, team.file["id"])
    editor.socket.send('{"event": "ping"}')
    assert editor.closed() == 1002


def test_sizes_are_bounded(edit, start_host, team):
    host = start_host(env={"REALTIME_UPDATE_BYTES": "2000"})
    editor = edit(team.owner, team.file["id"], host)
    editor.say(bytes((0, 2)) + pycrdt.write_message(b"x" * 2000))
    assert editor.closed() == 1009
    talker = edit(team.owner, team.file["id"])
    talker.point("x" * 20_000)
    assert talker.closed() == 1009
    writer = edit(team.owner, team.file["id"])
    writer.text += "x" * (512 * 1024)
    assert writer.closed() == 1009
    odd = edit(team.owner, team.file["id"])
    odd.text += "a\0b"
    assert odd.closed() == 1009
    assert _stored(team) == {"seq": 0, "content": "hello"}


def test_too_many_updates_close_the_connection_and_lose_nothing_that_is_sent_again(
    edit, start_host, team, eventually
):
    slow = start_host(MESSAGES_PER_SECOND=1, BURST=5)
    editor = edit(team.owner, team.file["id"], slow)
    for number in range(10):
        editor.text += str(number)
    assert editor.closed() == 4429
    back = edit(team.owner, team.file["id"])
    back.update(editor.doc.get_update(), wire.STEP2)
    eventually(lambda: _content(team) == "hello0123456789")


@pytest.fixture(scope="module")
def strict(start_host):
    """A host whose patience with any connection is used up at once."""
    return start_host(MERGE_SHARE=0.0, MERGE_BURST=0.00001)


def test_updates_that_take_long_to_merge_use_up_a_budget(edit, strict, team, eventually):
    editor = edit(team.owner, team.file["id"], strict, opened=False)
    editor.text += "x" * 1000
    assert editor.closed() == 4429
    eventually(lambda: "x" * 1000 in _content(team))


def test_so_do_questions_and_states_that_take_long(edit, strict, team):
    asker = edit(team.viewer, team.file["id"], strict)  # which it is answered all the same
    assert (str(asker.text), asker.closed()) == ("hello", 4429)
    talker = edit(team.viewer, team.file["id"], strict, opened=False)
    talker.point({"name": "x" * 10_000})
    assert talker.closed() == 4429


@pytest.fixture(scope="module")
def patient(start_host):
    """A host that waits long for the other half of a closing handshake."""
    return start_host(CLOSE_WITHIN=20.0)


@pytest.mark.parametrize("message", ["ping", "question", "update", "step 1"])
def test_floods_end_the_connection_by_name_and_no_other(edit, patient, team, message, eventually):
    other = edit(team.owner, team.file["id"], patient)
    flooder = edit(team.collaborator, team.file["id"], patient)
    for _ in range(500):
        if message == "ping":
            flooder.socket.ping()
        elif message == "question":
            flooder.say(bytes((wire.QUERY_AWARENESS,)))
        elif message == "update":
            flooder.update(b"\0\1\x63\1\0\1")
        else:
            flooder.say(b"\0\0\1\0")
    assert flooder.closed() in (4429, 1013)
    other.text += "!"
    eventually(lambda: _content(team) == "hello!")


def test_of_states_without_end_only_the_first_are_looked_at(edit, start_host, team):
    host = start_host(AWARENESS_STATES=3)
    viewer = edit(team.viewer, team.file["id"], host)
    talker = edit(team.owner, team.file["id"], host)
    talker.point({"at": 0})
    others = [wire.State(client, 1, b"{}") for client in range(5)]
    for place in (2, 3):  # where its own is, among those of others
        own = wire.State(talker.doc.client_id, 10 + place, b'{"at": %d}' % place)
        data = wire.packed([*others[:place], own, *others[place:]])
        talker.say(bytes((wire.AWARENESS,)) + pycrdt.write_message(data))
    talker.clock = 20
    talker.point({"at": "last"})
    seen = []
    viewer.until(
        lambda: seen.append(viewer.states.get(talker.doc.client_id)) or {"at": "last"} in seen
    )
    assert {"at": 2} in seen
    assert {"at": 3} not in seen


def test_a_provider_that_is_alone_hears_something_all_the_same(edit, start_host, team):
    host = start_host(AWAKE_EVERY=0.2)
    editor = edit(team.owner, team.file["id"], host)
    editor.socket.settimeout(10)
    assert editor.socket.recv() == bytes((wire.AWARENESS, 1, 0))


def test_a_long_document_opens_over_a_slow_line_while_others_type(
    edit, start_host, team, eventually
):
    author = edit(team.owner, team.file["id"])
    author.doc["meta"] = meta = Map()
    for number in range(1, 5):
        meta[str(number)] = "x" * 900_000
        # So long a one comes back to its author, after it was stored.
        author.until(lambda number=number: _stored(team)["seq"] == number)
    narrow = start_host(QUEUE_BYTES=64 * 1024, SEND_BUFFER=16 * 1024)
    watcher = edit(team.viewer, team.file["id"], narrow)
    slow = edit(team.viewer, team.file["id"], narrow, opened=False)
    slow.say(b"\0\0\1\0")  # and it reads nothing for now
    waiting = re.compile(r"^collab_queue_bytes (\d{6,})", re.MULTILINE)
    eventually(lambda: waiting.search(httpx.get(f"{narrow.http}/metrics").text))
    for number in range(20):
        author.text += f" {number}"
    final = "hello" + "".join(f" {number}" for number in range(20))
    watcher.until(lambda: str(watcher.text) == final)
    slow.until(lambda: str(slow.text) == final)


def test_what_is_nothing_new_makes_no_version(edit, team, eventually):
    editor = edit(team.owner, team.file["id"])
    editor.text += "!"
    del editor.text[0:1]
    eventually(lambda: _content(team) == "ello!")
    before = _stored(team)["seq"]
    for _ in range(3):
        editor.update(editor.doc.get_update(), wire.STEP2)
        editor.open()
    editor.text += "?"
    eventually(lambda: _content(team) == "ello!?")
    assert _stored(team)["seq"] == before + 1


def test_other_shared_types_travel_beside_the_text(edit, connect, second, team):
    member = connect(team.owner, team.project["id"])
    near, far = edit(team.owner, team.file["id"]), edit(team.viewer, team.file["id"], second)
    near.doc["meta"] = meta = Map()
    meta["title"] = "Notes"
    far.doc["meta"] = theirs = Map()
    far.until(lambda: theirs.get("title") == "Notes")
    assert member.expect("file-change")["data"]["delta"] == []
    assert _content(team) == "hello"


def test_without_redis_editors_on_one_host_go_on_and_others_follow(
    edit, host, second, team, freeze, eventually
):
    near, beside = edit(team.owner, team.file["id"]), edit(team.viewer, team.file["id"])
    far = edit(team.collaborator, team.file["id"], second)
    thaw = freeze("redis")
    near.text += " all the same"
    beside.until(lambda: str(beside.text) == "hello all the same", 5)
    far.until(lambda: str(far.text) == "hello all the same", 20)
    thaw()
    far.text.insert(0, "well, ")
    near.until(lambda: str(near.text) == "well, hello all the same", 20)
    for each in (host, second):
        eventually(lambda each=each: httpx.get(f"{each.http}/ready").json()["status"] == "ready")


def test_what_was_written_on_both_sides_while_redis_was_away_converges(
    edit, host, second, team, freeze, eventually
):
    places = [(team.owner, host), (team.collaborator, host), (team.owner, second)]
    editors = [edit(who, team.file["id"], on) for who, on in places]
    thaw = freeze("redis")
    for number in range(10):
        for place, editor in enumerate(editors):
            editor.text.insert(0, f"[{place}.{number}]")
    words = [f"[{place}.{number}]" for place in range(3) for number in range(10)]
    eventually(lambda: all(word in _content(team) for word in words), 30)
    thaw()
    final = _content(team)
    assert len(final) == len("hello") + sum(map(len, words))
    for editor in editors:
        editor.until(lambda editor=editor: str(editor.text) == final, 30)
    for each in (host, second):
        eventually(
            lambda each=each: httpx.get(f"{each.http}/ready").json()["status"] == "ready", 30
        )


def test_a_lost_message_is_made_good_from_postgres(edit, host, team):
    editor = edit(team.owner, team.file["id"])
    with postgres.connection() as conn:
        conn.execute("SELECT 1")

    with postgres.transaction() as conn:
        rows = conn.execute(
            "SELECT snapshot FROM files WHERE id = %s", [team.file["id"]]
        ).fetchone()
        made = documents.edit([rows["snapshot"]], None, [{"insert": "quietly, "}])
        conn.execute(
            """
            WITH added AS (
                INSERT INTO file_updates (file_id, author_id, seq, data) VALUES (%s, %s, 1, %s)
            )
            UPDATE files SET seq = 1, content = %s WHERE id = %s
            """,
            [team.file["id"], team.owner.id, made.update, made.content, team.file["id"]],
        )
    editor.until(lambda: str(editor.text) == "quietly, hello", 12)


def test_a_host_that_stops_asks_editors_to_come_back_and_stores_what_it_has(
    edit, start_host, team, eventually
):
    leaver = start_host()
    editor = edit(team.owner, team.file["id"], leaver)
    for _ in range(30):
        editor.text += "."
    leaver.process.terminate()
    assert editor.closed() == 1012
    assert leaver.process.wait(20) == 0
    back = edit(team.owner, team.file["id"])
    back.update(editor.doc.get_update(), wire.STEP2)
    eventually(lambda: _content(team) == "hello" + "." * 30)


def test_a_file_is_listened_to_only_while_somebody_has_it_open(edit, team, eventually):
    channel = f"collab:doc:{team.file['id']}"

    def listeners():
        return redis_tcp.client().pubsub_numsub(channel)[0][1]

    assert listeners() == 0
    editor = edit(team.owner, team.file["id"])
    eventually(lambda: listeners() == 1)
    editor.socket.shutdown()
    eventually(lambda: listeners() == 0)


def test_open_files_are_counted(edit, start_host, team):
    host = start_host()
    edit(team.owner, team.file["id"], host)
    edit(team.viewer, team.file["id"], host)
    text = httpx.get(f"{host.http}/metrics").text
    for line in ("s 1", "s_kept 1", "s_opened_total 1", "s_reused_total 1"):
        assert f"collab_document{line}\n" in text
    assert int(re.search(r"^collab_documents_kept_bytes (\d+)$", text, re.MULTILINE)[1]) > 0


def test_who_comes_back_to_a_host_that_has_forgotten_is_seen_again_on_the_other(edit, second, team):
    reader = edit(team.viewer, team.file["id"], second)
    first = edit(team.owner, team.file["id"])
    first.point("here")
    client = first.doc.client_id
    reader.until(lambda: reader.states.get(client) == "here")
    first.socket.shutdown()
    reader.until(lambda: reader.states[client] is None)
    again = edit(team.owner, team.file["id"])
    again.point("here", client=client)
    again.until(lambda: client in again.states and again.states[client] is None)
    again.clock = 2
    again.point("here", client=client)
    reader.until(lambda: reader.states[client] == "here")


def test_a_long_history_is_folded_while_the_file_is_open(edit, second, team, eventually):
    writer, reader = edit(team.owner, team.file["id"]), edit(team.viewer, team.file["id"], second)
    with postgres.transaction() as conn:
        conn.execute(
            """
            INSERT INTO file_updates (file_id, author_id, seq, data)
            SELECT %s, %s, n, %s FROM generate_series(1, 500) n
            """,
            [team.file["id"], team.owner.id, bytes((0, 0))],
        )
        conn.execute("UPDATE files SET seq = 500 WHERE id = %s", [team.file["id"]])
    writer.text += "!"
    reader.until(lambda: str(reader.text) == "hello!")

    def folded():
        with postgres.connection() as conn:
            query = "SELECT snapshot_seq, seq, content FROM files WHERE id = %s"
            return conn.execute(query, [team.file["id"]]).fetchone()

    eventually(lambda: folded() == {"snapshot_seq": 400, "seq": 501, "content": "hello!"})
    writer.text += "?"
    reader.until(lambda: str(reader.text) == "hello!?")
    assert str(edit(team.viewer, team.file["id"]).text) == "hello!?"
