"""The story of the demo, from an empty workspace to the audit log of what happened in it."""

import io
import sys
import time
import zipfile
from typing import Any

from lib.emulator.demo.person import PATIENCE, Person, StepFailed

BOLD, DIM, END = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


def tell(api_url: str) -> None:
    """Play the whole story against the system at `api_url`, printing each step as it happens.

    Raises StepFailed at the first step that does not go as it has to.
    """
    started = time.monotonic()
    owner, collaborator, viewer = (Person(api_url, name) for name in ("Olga", "Carl", "Vera"))
    project, file = _set_up(owner, collaborator, viewer)
    _meet(project, owner, collaborator, viewer)
    _write(file, owner, collaborator, viewer)
    _export(project, owner, viewer)
    _part(owner, collaborator, viewer)
    _look_back(project, owner, collaborator)
    _chapter(f"Done in {time.monotonic() - started:.1f} s.")


def _set_up(
    owner: Person, collaborator: Person, viewer: Person
) -> tuple[dict[str, Any], dict[str, Any]]:
    _chapter("Three people, one workspace")
    for person in (owner, collaborator, viewer):
        person.register()
        _say(f"{person.name} registers as {person.email} and logs in")
    workspace = owner.call("POST", "/workspaces", {"name": "Studio"})
    _say("Olga creates the workspace Studio")
    for person, role in ((collaborator, "collaborator"), (viewer, "viewer")):
        member = {"email": person.email, "role": role}
        owner.call("POST", f"/workspaces/{workspace['id']}/members", member)
        _say(f"Olga adds {person.name} as a {role}")
    project = owner.call("POST", f"/workspaces/{workspace['id']}/projects", {"name": "Launch"})
    text = {"path": "notes/plan.md", "content": "# Plan\n"}
    file = owner.call("POST", f"/projects/{project['id']}/files", text)
    _say("Olga creates the project Launch with the file notes/plan.md")
    viewer.call("PATCH", f"/projects/{project['id']}", {"name": "Mine"}, expect=403)
    _say("Vera tries to rename the project: refused, a viewer may not")
    return project, file


def _meet(project: dict[str, Any], owner: Person, collaborator: Person, viewer: Person) -> None:
    _chapter("They meet in the project's room")
    present: list[Person] = []
    for person in (owner, collaborator, viewer):
        welcome = person.enter(project["id"])
        names = sorted(each["user"]["name"] for each in welcome["people"])
        _say(f"{person.name} joins as {welcome['role']}; here are: {', '.join(names)}")
        for other in present:
            _expect(other.hear("user-joined")["user"]["name"] == person.name, "user-joined")
        present.append(person)
    _say("everybody who was there has seen each of them come")


def _write(file: dict[str, Any], owner: Person, collaborator: Person, viewer: Person) -> None:
    _chapter("They work on notes/plan.md at the same time")
    for person, place in ((owner, 2), (collaborator, 7), (viewer, 0)):
        cursor = {"file_id": file["id"], "anchor": place, "head": place}
        _acked(person.send("cursor-update", cursor), person, "cursor-update")
    for reader, other in ((owner, collaborator), (collaborator, viewer), (viewer, owner)):
        moved = reader.hear("cursor-update", file_id=file["id"])
        _say(f"{reader.name} sees {moved['user']['name']}'s cursor at {moved['head']}")
        _expect(other is not reader, "cursor-update")
    for person, words in ((collaborator, "- test it\n"), (owner, "- ship it\n")):
        change = {"file_id": file["id"], "base": 0, "delta": [{"retain": 7}, {"insert": words}]}
        _acked(person.send("file-change", change), person, "file-change")
        _say(f"{person.name} inserts {words.strip()!r}, both having read version 0")
    for seq in (1, 2):
        seen = viewer.hear("file-change", seq=seq)
        _say(f"Vera sees change {seq} by {seen['author']['name']}: {seen['delta']}")
    change = {"file_id": file["id"], "base": 2, "delta": [{"insert": "mine! "}]}
    refused = viewer.send("file-change", change)
    _expect(refused["event"] == "error" and refused["data"]["status"] == 403, "a viewer's change")
    _say(f"Vera tries to write too: refused. {refused['data']['detail']}")
    content = viewer.call("GET", f"/files/{file['id']}")["content"]
    _expect(content.count("- ") == 2, f"both lines in {content!r}")
    _say(f"the file now holds both lines: {content!r}")


def _export(project: dict[str, Any], owner: Person, viewer: Person) -> None:
    _chapter("Olga exports the project in the background")
    work = {"kind": "project.export", "payload": {}}
    job = owner.call("POST", f"/projects/{project['id']}/jobs", work, expect=202)
    _say(f"the job is {job['state']}")
    update = job
    while update["state"] not in ("succeeded", "failed", "cancelled"):
        update = viewer.hear("job-updated")
        _say(f"Vera sees it {update['state']}, {update['progress']} %")
    job = owner.call("GET", f"/jobs/{job['id']}")
    _expect(job["state"] == "succeeded", f"the export ended as {job['state']}: {job['error']}")
    archive = zipfile.ZipFile(io.BytesIO(viewer.call("GET", f"/jobs/{job['id']}/artifact")))
    _say(f"Vera downloads the zip: {', '.join(archive.namelist())}")
    _expect("notes/plan.md" in archive.namelist(), "the file in the zip")


def _part(owner: Person, collaborator: Person, viewer: Person) -> None:
    _chapter("They leave")
    viewer.leave()
    _expect(owner.hear("user-left")["user"]["name"] == "Vera", "user-left")
    _say("Vera leaves, and Olga sees her go")
    collaborator.leave()
    owner.leave()


def _look_back(project: dict[str, Any], owner: Person, collaborator: Person) -> None:
    _chapter("Olga reads the audit log")
    log = f"/workspaces/{project['workspace_id']}/audit"
    collaborator.call("GET", log, expect=403)
    wanted = {"workspace.created", "member.added", "project.created", "file.edited"}
    wanted |= {"job.submitted", "job.succeeded"}
    deadline = time.monotonic() + PATIENCE
    while True:
        events = owner.call("GET", log)["items"]
        missing = wanted - {event["action"] for event in events}
        if not missing:
            break
        if time.monotonic() > deadline:
            raise StepFailed(f"the audit log lacks {', '.join(sorted(missing))}")
        time.sleep(0.2)
    for event in reversed(events):
        name = (event["actor"] or {}).get("name") or "the worker"
        _say(f"{DIM}{event['at'][11:19]}{END}  {event['action']:22} {name}")
    _say("(Carl may not read it: he is no owner)")


def _acked(frame: dict[str, Any], person: Person, event: str) -> None:
    _expect(frame["event"] == "ack", f"{person.name}'s {event} was answered by {frame}")


def _expect(fine: bool, what: str) -> None:
    if not fine:
        raise StepFailed(f"this did not happen as it has to: {what}")


def _chapter(title: str) -> None:
    print(f"\n{BOLD}{title}{END}", flush=True)


def _say(line: str) -> None:
    print(f"  {line}", flush=True)
