"""The official Yjs provider (y-websocket), from npm, as its users have it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[3] / "realtime_host" / "README.md"


@pytest.fixture(scope="module")
def second(start_host):
    """Another host beside the shared one."""
    return start_host()


def _content(team):
    return team.owner.get(f"/files/{team.file['id']}").get_json()["content"]


def test_two_providers_on_two_hosts_converge(provider, host, second, team, eventually):
    near = provider(host, team.owner, team.file["id"])
    far = provider(second, team.collaborator, team.file["id"])
    for each in (near, far):
        each.has("hello")
        each.until("sync", lambda synced: synced)
    for number in range(20):
        near.do(insert=[0, f"<{number}>"])
        far.do(insert=[0, f"[{number}]"])
    words = [form.format(number) for form in ("<{}>", "[{}]") for number in range(20)]
    eventually(lambda: all(word in _content(team) for word in words))
    final = _content(team)
    assert len(final) == len("hello") + sum(map(len, words))
    for each in (near, far):
        each.has(final)


def test_edits_made_offline_merge_when_the_provider_is_back(
    provider, host, second, team, eventually
):
    away = provider(host, team.owner, team.file["id"])
    here = provider(second, team.collaborator, team.file["id"])
    for each in (away, here):
        each.has("hello")
    away.do(disconnect=None)
    away.until("status", lambda status: status == "disconnected")
    away.do(insert=[5, ", from the train"])
    here.do(insert=[0, "well, "])
    eventually(lambda: _content(team) == "well, hello")
    away.do(connect=None)
    for each in (away, here):
        each.has("well, hello, from the train")
    eventually(lambda: _content(team) == "well, hello, from the train")


def test_what_is_put_over_rest_shows_up_in_the_open_document(provider, host, team):
    editor = provider(host, team.viewer, team.file["id"])
    editor.has("hello")
    path = f"/files/{team.file['id']}/content"
    assert team.owner.put(path, {"content": "hello, 🎈 REST"}).status_code == 200
    editor.has("hello, 🎈 REST")


def test_awareness_is_seen_and_ends_when_somebody_leaves_and_comes_back(
    provider, host, second, team
):
    near = provider(host, team.owner, team.file["id"])
    far = provider(second, team.viewer, team.file["id"])
    for each in (near, far):
        each.until("sync", lambda synced: synced)
    near.do(state={"user": {"name": "Olga"}})
    far.until("states", lambda states: states.get(near.id) == {"user": {"name": "Olga"}})
    far.do(state={"user": {"name": "Vera"}})
    near.until("states", lambda states: states.get(far.id) == {"user": {"name": "Vera"}})
    near.do(disconnect=None)
    far.until("states", lambda states: near.id not in states)
    near.do(connect=None)
    far.until("states", lambda states: states.get(near.id) == {"user": {"name": "Olga"}})


def test_a_viewers_edit_is_refused_in_the_providers_own_words(provider, host, team):
    viewer = provider(host, team.viewer, team.file["id"])
    owner = provider(host, team.owner, team.file["id"])
    for each in (viewer, owner):
        each.has("hello")
        each.until("sync", lambda synced: synced)
    viewer.do(insert=[0, "no "])
    assert "Permission denied" in viewer.until("warning")
    owner.do(insert=[5, "!"])
    owner.has("hello!")
    viewer.has("no hello!")  # its own copy; nobody else has it
    assert _content(team) == "hello!"


def test_after_kill_9_it_comes_back_by_itself_with_what_was_not_stored(
    provider, start_host, team, eventually
):
    doomed = start_host()
    editor = provider(doomed, team.owner, team.file["id"])
    editor.has("hello")
    for number in range(100):
        editor.do(insert=[0, f"[{number}]"])
    editor.until("text", lambda text: "[50]" in text)
    doomed.kill()
    editor.until("status", lambda status: status != "connected")
    editor.do(insert=[0, "meanwhile "])
    start_host(port=doomed.port)
    expected = "meanwhile " + "".join(f"[{n}]" for n in reversed(range(100))) + "hello"
    eventually(lambda: _content(team) == expected, within=20)


def test_a_ticket_opens_the_door_for_a_browser(provider, host, team):
    ticket = team.viewer.post(f"/projects/{team.project['id']}/ticket").get_json()["ticket"]
    provider(host, None, team.file["id"], params={"ticket": ticket}).has("hello")


def test_the_snippet_of_the_readme_works_as_written(provider_folder, host, team, eventually):
    section = README.read_text().split("## With Yjs")[1]
    snippet = re.search(r"```sh\n(.*?)```", section, re.DOTALL)[1]
    snippet = re.sub(r"npm install .*\n", "", snippet).replace(":5001", f":{host.port}")
    values = {"TOKEN": team.owner.token, "FILE": team.file["id"]}
    lines = "".join(f"{name}={value}\n" for name, value in values.items())
    done = subprocess.run(
        ["bash", "-euc", lines + snippet],
        cwd=provider_folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Hello from Yjs. hello" in done.stdout
    eventually(lambda: _content(team) == "Hello from Yjs. hello")
