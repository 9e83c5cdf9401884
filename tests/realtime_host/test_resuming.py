"""Clients that come back get what they missed, exactly, or are told to load the state anew."""

from __future__ import annotations

from uuid import UUID, uuid4

import httpx
import pytest

from lib.bridge import log
from lib.bridge.log import Entry
from lib.bridge.messages import Message
from lib.jobs import lifecycle
from lib.jobs.lifecycle import Lease, Success
from lib.stores import postgres, redis_tcp
from tests.realtime_host.followers import Follower, Writer


@pytest.fixture(scope="module")
def second(start_host):
    """Another host beside the shared one."""
    return start_host()


def _standing(team):
    with postgres.connection() as conn:
        return log.standings(conn, [team.project["id"]])[team.project["id"]]


def _append(team, count):
    """Commit events that nobody is told of, as by a host which died before it could."""
    with postgres.transaction() as conn:
        for _ in range(count):
            change = {"project_id": team.project["id"], "deleted": False}
            message = Message.new("project-updated", change)
            conn.with_commit(log.append, Entry(team.project["id"], message))


def _place(client):
    place = client.welcome["data"]["log"]
    return f"?epoch={place['epoch']}&seq={place['seq']}"


def _rename(team, name):
    assert team.owner.patch(f"/projects/{team.project['id']}", {"name": name}).status_code == 200


def test_the_welcome_names_the_epoch_the_last_number_and_the_bounds(connect, team):
    client, standing = connect(team.viewer, team.project["id"]), _standing(team)
    welcome = client.welcome["data"]
    assert welcome["log"] == {"epoch": standing.epoch, "seq": standing.seq, "resumed": None}
    assert welcome["limits"]["replay_events"] == 1000
    assert welcome["limits"]["log_hours"] == 24
    assert UUID(standing.epoch)


def test_every_persistent_event_carries_the_next_number_and_nothing_else_does(
    connect, team, person, worker_kind
):
    client = connect(team.viewer, team.project["id"])
    start, project = client.welcome["data"]["log"]["seq"], team.project["id"]
    team.owner.put(f"/files/{team.file['id']}/content", {"content": "hello there"})
    _rename(team, "Lift-off")
    guest = person("Gus")
    member = {"email": guest.email, "role": "viewer"}
    assert team.owner.post(f"/projects/{project}/members", member).status_code == 201
    job = team.owner.post(f"/projects/{project}/jobs", {"kind": worker_kind}).get_json()
    frames = [client.expect(*PERSISTENT) for _ in range(4)]
    assert [(f["event"], f["seq"] - start) for f in frames] == [
        ("file-change", 1),
        ("project-updated", 2),
        ("member-updated", 3),
        ("job-updated", 4),
    ]
    assert frames[0]["data"]["seq"] == 1  # the file's own version, which is another number
    assert frames[3]["data"]["job_id"] == job["id"]
    other = connect(team.owner, project)
    other.send("cursor-update", {"anchor": 1, "head": 1})
    for event in ("user-joined", "cursor-update"):
        assert "seq" not in client.expect(event)


PERSISTENT = ("file-change", "project-updated", "member-updated", "job-updated")


@pytest.fixture
def worker_kind():
    """A kind of jobs that no worker of this test takes."""
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO job_kinds (kind, title, payload_schema, max_attempts)"
            " VALUES ('test.log', 'Log', '{}', 2) ON CONFLICT DO NOTHING"
        )
    return "test.log"


def test_a_jobs_states_are_in_the_log_and_its_progress_is_not(connect, team, worker_kind):
    client = connect(team.viewer, team.project["id"])
    start = client.welcome["data"]["log"]["seq"]
    path = f"/projects/{team.project['id']}/jobs"
    job = UUID(team.owner.post(path, {"kind": worker_kind}).get_json()["id"])
    with postgres.transaction() as conn:
        (row,) = lifecycle.claim(conn, [job], worker="w", kinds=[worker_kind])
    lease = Lease(job, row["lease_token"])
    with postgres.transaction() as conn:
        assert lifecycle.progress(conn, lease, 40, "half way")
    with postgres.transaction() as conn:
        assert lifecycle.succeed(conn, [Success(lease, None, None)]) == {job}
    frames = [client.expect("job-updated") for _ in range(4)]
    assert [(f.get("seq"), f["data"]["state"], f["data"]["progress"]) for f in frames] == [
        (start + 1, "queued", 0),
        (start + 2, "running", 0),
        (None, "running", 40),
        (start + 3, "succeeded", 100),
    ]
    back = connect(team.viewer, team.project["id"], query=_place(client))
    assert [back.expect("job-updated").get("seq") for _ in range(3)] == [
        start + 1,
        start + 2,
        start + 3,
    ]
    assert back.heard("job-updated") == []


@pytest.mark.parametrize("who", ["owner", "collaborator", "viewer"])
def test_who_comes_back_gets_exactly_what_they_missed_in_order_once_and_then_goes_along(
    connect, team, second, who
):
    person = team.by_role()[who]
    client = connect(person, team.project["id"])
    _rename(team, "0")
    last = client.expect("project-updated")["seq"]
    client.close()
    for n in range(1, 6):
        _rename(team, str(n))
    place = f"?epoch={client.welcome['data']['log']['epoch']}&seq={last}"
    back = connect(person, team.project["id"], on=second, query=place)
    assert back.welcome["data"]["log"] == {
        "epoch": client.welcome["data"]["log"]["epoch"], "seq": last, "resumed": True
    }  # fmt: skip
    _rename(team, "6")
    frames = [back.expect("project-updated") for _ in range(6)]
    assert [(f["seq"] - last, f["data"]["name"]) for f in frames] == [
        (n, str(n)) for n in range(1, 7)
    ]
    assert back.heard("project-updated") == []
    assert back.heard("resync-required") == []


def test_who_missed_nothing_is_told_nothing(connect, team):
    client = connect(team.viewer, team.project["id"])
    back = connect(team.viewer, team.project["id"], query=_place(client))
    assert back.welcome["data"]["log"]["resumed"] is True
    assert back.heard("project-updated") == []


def test_a_ticket_can_be_used_to_come_back(connect, team):
    client = connect(team.viewer, team.project["id"])
    _rename(team, "missed")
    ticket = team.viewer.post(f"/projects/{team.project['id']}/ticket").get_json()
    query = "?ticket=" + ticket["ticket"] + _place(client).replace("?", "&")
    back = connect(None, team.project["id"], query=query)
    assert back.expect("project-updated")["data"]["name"] == "missed"


def test_a_replay_has_the_frames_that_others_saw(connect, team):
    client, witness = (connect(team.viewer, team.project["id"]) for _ in range(2))
    _rename(team, "témoin")
    team.owner.put(f"/files/{team.file['id']}/content", {"content": 'hello\n"there" 🙂'})
    seen = [witness.expect("project-updated"), witness.expect("file-change")]
    back = connect(team.viewer, team.project["id"], query=_place(client))
    assert [back.expect("project-updated"), back.expect("file-change")] == seen


def test_an_own_edit_whose_ack_was_lost_is_among_what_was_missed(connect, team):
    client = connect(team.collaborator, team.project["id"])
    edit = {"file_id": team.file["id"], "base": 0, "delta": [{"insert": "oh, "}]}
    ack = client.ask("file-change", edit)
    assert ack["seq"] == client.welcome["data"]["log"]["seq"] + 1
    back = connect(team.collaborator, team.project["id"], query=_place(client))
    assert back.expect("file-change")["seq"] == ack["seq"]


def _resync(client):
    assert client.welcome["data"]["log"]["resumed"] is False
    frame = client.read()
    assert frame["event"] == "resync-required", frame
    return frame["data"]["reason"]


def test_another_epoch_is_an_explicit_resync(connect, team):
    query = f"?epoch={uuid4()}&seq=0"
    client = connect(team.viewer, team.project["id"], query=query)
    assert _resync(client) == "epoch-changed"
    assert client.welcome["data"]["log"]["seq"] == _standing(team).seq
    _rename(team, "later")
    assert client.expect("project-updated")["seq"] == client.welcome["data"]["log"]["seq"] + 1


def test_a_place_beyond_the_end_is_an_explicit_resync(connect, team):
    standing = _standing(team)
    query = f"?epoch={standing.epoch}&seq={standing.seq + 1}"
    assert _resync(connect(team.viewer, team.project["id"], query=query)) == "ahead"


def test_a_thousand_missed_events_are_replayed_and_one_more_is_a_resync(connect, team, second):
    standing = _standing(team)
    _append(team, 1000)
    query = f"?epoch={standing.epoch}&seq={standing.seq}"
    client = connect(team.viewer, team.project["id"], on=second, query=query)
    numbers = [client.expect("project-updated")["seq"] for _ in range(1000)]
    assert numbers == list(range(standing.seq + 1, standing.seq + 1001))
    _append(team, 1)
    again = connect(team.viewer, team.project["id"], on=second, query=query)
    assert _resync(again) == "too-old"
    assert again.heard("project-updated") in ([], [client.expect("project-updated")])


def test_what_has_been_pruned_is_a_resync_and_never_a_part(connect, team, api, monkeypatch):
    standing = _standing(team)
    _append(team, 10)
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE room_events SET at = at - interval '25 hours'"
            " WHERE project_id = %s AND seq <= %s",
            [team.project["id"], standing.seq + 5],
        )
        assert log.prune(conn, team.project["id"]) == standing.seq + 5
    at = f"?epoch={standing.epoch}&seq="
    client = connect(team.viewer, team.project["id"], query=f"{at}{standing.seq + 4}")
    assert _resync(client) == "too-old"
    kept = connect(team.viewer, team.project["id"], query=f"{at}{standing.seq + 5}")
    assert kept.welcome["data"]["log"]["resumed"] is True
    assert [kept.expect("project-updated")["seq"] - standing.seq for _ in range(5)] == [
        6,
        7,
        8,
        9,
        10,
    ]


GOOD = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        (f"epoch={GOOD}", "/seq"),
        ("seq=1", "/epoch"),
        (f"epoch={GOOD}&seq=", "/seq"),
        (f"epoch={GOOD}&seq=-1", "/seq"),
        (f"epoch={GOOD}&seq=1.0", "/seq"),
        (f"epoch={GOOD}&seq=%201", "/seq"),
        (f"epoch={GOOD}&seq=1%00", "/seq"),
        (f"epoch={GOOD}&seq=%D9%A1", "/seq"),  # a digit, but not one of ours
        (f"epoch={GOOD}&seq=1e3", "/seq"),
        (f"epoch={GOOD}&seq={'9' * 16}", "/seq"),
        (f"epoch={GOOD}&seq=1&seq=2", "/seq"),
        (f"epoch={GOOD}&epoch={GOOD}&seq=1", "/epoch"),
        ("epoch=&seq=1", "/epoch"),
        ("epoch=null&seq=1", "/epoch"),
        (f"epoch={GOOD}x&seq=1", "/epoch"),
        (f"epoch=%7B{GOOD}%7D&seq=1", "/epoch"),
        (f"epoch={'0' * 10_000}&seq=1", "/epoch"),
    ],
)
def test_a_malformed_place_is_named_before_the_handshake(refusal, team, query, pointer):
    if len(query) > 4000:  # longer than any request line may be
        query = query[:3000]
    bearer = {"Authorization": f"Bearer {team.viewer.token}"}
    problem = refusal(team.project["id"], f"?{query}", **bearer)
    assert problem["status"] == 400
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_a_malformed_place_does_not_use_the_ticket_up(connect, refusal, team):
    ticket = team.viewer.post(f"/projects/{team.project['id']}/ticket").get_json()["ticket"]
    assert refusal(team.project["id"], f"?ticket={ticket}&seq=1")["status"] == 400
    connect(None, team.project["id"], query=f"?ticket={ticket}")


def test_who_may_not_join_any_more_may_not_resume(connect, refusal, team):
    client = connect(team.viewer, team.project["id"])
    place = _place(client)
    path = f"/workspaces/{team.workspace['id']}/members/{team.viewer.id}"
    assert team.owner.delete(path).status_code == 204
    assert client.closed() == 4403
    bearer = {"Authorization": f"Bearer {team.viewer.token}"}
    assert refusal(team.project["id"], place, **bearer)["status"] == 404
    stranger = {"Authorization": f"Bearer {team.stranger.token}"}
    assert refusal(team.project["id"], place, **stranger)["status"] == 404


def test_a_lost_message_is_found_without_another_event(connect, team, start_host):
    client = connect(team.viewer, team.project["id"], on=start_host(LOOK_EVERY=1.0))
    _append(team, 3)  # nobody publishes them
    numbers = [client.expect("project-updated", within=4)["seq"] for _ in range(3)]
    assert numbers == [client.welcome["data"]["log"]["seq"] + n for n in (1, 2, 3)]


@pytest.fixture
def crowd(team):
    """Followers and writers on some hosts; ended, and held to their numbers, by `settle`."""
    people: list[Follower] = []

    def gather(hosts, writers=(), readers=()):
        for n, _ in enumerate(writers):
            path = f"/projects/{team.project['id']}/files"
            made = team.owner.post(path, {"path": f"{uuid4().hex}.md", "content": ""}).get_json()
            on = hosts[n % len(hosts) :] + hosts[: n % len(hosts)]
            people.append(Writer(writers[n], team.project["id"], on, made["id"]))
        for n, reader in enumerate(readers):
            on = hosts[n % len(hosts) :] + hosts[: n % len(hosts)]
            people.append(Follower(reader, team.project["id"], on))
        for each in people:
            each.start()
        return people

    yield gather
    for each in people:
        each._over.set()


def _settle(people, team, eventually):
    for each in people:
        if isinstance(each, Writer):
            each.quiet.set()
    eventually(
        lambda: any(p.errors for p in people) or all(p.seq == _standing(team).seq for p in people),
        within=30,
        what=f"all are at the end: {[p.seq for p in people]}, {_standing(team).seq}",
    )
    for each in people:
        each.end()
        numbers = [frame["seq"] for frame in each.seen]
        assert numbers == list(range(each.first + 1, each.seq + 1))
    with postgres.connection() as conn:
        ids, after = {}, 0
        while page := log.page(conn, team.project["id"], after):
            ids |= {m.seq: m.id for m in page}
            after = page[-1].seq
    for each in people:  # and it is the same events that everybody saw
        told = {f["seq"]: f["id"] for f in each.seen if f["event"] != "ack"}
        assert told == {seq: ids[seq] for seq in told}


def _wait_for_traffic(people, team, eventually, events):
    goal = _standing(team).seq + events
    eventually(
        lambda: any(p.errors for p in people) or _standing(team).seq >= goal,
        within=30,
        what=f"{events} more events: {[p.errors for p in people]}",
    )


def test_one_of_two_hosts_is_killed_in_mid_traffic_and_everybody_sees_everything_once_in_order(
    start_host, team, crowd, eventually
):
    survivor, victim = start_host(), start_host()
    people = crowd(
        [victim, survivor],
        writers=[team.collaborator, team.owner, team.collaborator, team.owner],
        readers=[team.viewer] * 6,
    )
    _wait_for_traffic(people, team, eventually, 150)
    victim.kill()
    eventually(lambda: sum(p.resumed for p in people) >= 5, within=20, what="they came back")
    _wait_for_traffic(people, team, eventually, 100)
    _settle(people, team, eventually)
    assert sum(p.acked for p in people if isinstance(p, Writer)) > 150


def test_redis_goes_and_comes_back_in_mid_traffic_and_nothing_persistent_is_missing(
    start_host, team, crowd, eventually, stack
):
    one, two = start_host(), start_host()
    people = crowd(
        [one, two],
        writers=[team.collaborator, team.owner, team.collaborator, team.owner],
        readers=[team.viewer] * 4,
    )
    _wait_for_traffic(people, team, eventually, 80)
    stack.redis.stop()
    try:
        eventually(lambda: _ready(one)["status"] == "degraded", what="it says so")
        _wait_for_traffic(people, team, eventually, 80)
        seen = [p.seq for p in people]
        _wait_for_traffic(people, team, eventually, 30)
        eventually(
            lambda: all(p.seq > before for p, before in zip(people, seen, strict=True)),
            what="both hosts go on, and hear of each other by way of Postgres",
        )
    finally:
        stack.redis.start()
    eventually(lambda: _ready(one)["status"] == _ready(two)["status"] == "ready")
    _wait_for_traffic(people, team, eventually, 80)
    _settle(people, team, eventually)
    assert sum(p.resumed for p in people) == 0  # nobody had to come back for it


def test_redis_is_emptied_in_mid_traffic_and_nobody_notices(start_host, team, crowd, eventually):
    people = crowd(
        [start_host(), start_host()],
        writers=[team.collaborator, team.owner],
        readers=[team.viewer] * 2,
    )
    for _ in range(3):
        _wait_for_traffic(people, team, eventually, 30)
        redis_tcp.client().flushall()
    _wait_for_traffic(people, team, eventually, 30)
    _settle(people, team, eventually)
    assert sum(p.resumed for p in people) == 0


def test_functions_hosts_and_the_log_agree_while_everybody_writes(
    start_host, team, crowd, eventually
):
    people = crowd(
        [start_host(), start_host()],
        writers=[team.collaborator, team.owner],
        readers=[team.viewer] * 2,
    )
    eventually(lambda: all(p.epoch for p in people))
    for n in range(60):  # over the functions, as the writers go on over their sockets
        team.owner.put(f"/files/{team.file['id']}/content", {"content": f"hello {n}"})
    _settle(people, team, eventually)
    files = {f["data"]["file_id"] for f in people[-1].seen if f["event"] == "file-change"}
    assert len(files) == 3


def _ready(host):
    return httpx.get(f"{host.http}/ready").json()


def test_readiness_is_degraded_without_redis_and_gone_without_postgres(
    start_host, stack, eventually
):
    host = start_host()
    assert httpx.get(f"{host.http}/ready").json()["status"] == "ready"
    stack.redis.stop()
    try:
        eventually(lambda: _ready(host)["status"] == "degraded")
        answer = httpx.get(f"{host.http}/ready")
        assert answer.status_code == 200
        assert answer.json()["stores"] == {"postgres": True, "redis": False}
    finally:
        stack.redis.start()
    eventually(lambda: _ready(host)["status"] == "ready")
    stack.postgres.stop()
    try:
        answer = httpx.get(f"{host.http}/ready", timeout=20)
        assert answer.status_code == 503
        assert answer.json()["stores"]["postgres"] is False
    finally:
        stack.postgres.start()
    eventually(lambda: httpx.get(f"{host.http}/ready", timeout=20).status_code == 200, within=20)


def test_what_was_missed_while_postgres_restarted_is_made_good(
    start_host, team, crowd, eventually, stack
):
    people = crowd([start_host()], readers=[team.viewer] * 2)
    eventually(lambda: all(p.epoch for p in people))
    _append(team, 5)  # and nobody says so
    stack.postgres.stop()
    stack.postgres.start()
    eventually(lambda: team.owner.get(f"/projects/{team.project['id']}").status_code == 200)
    _append(team, 5)
    _settle(people, team, eventually)
    assert [len(p.seen) for p in people] == [10, 10]
    assert sum(p.resumed for p in people) == 0  # their connections outlived it
