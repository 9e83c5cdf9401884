"""Importing files from a zip, by a real worker: whole, in part, and after a death half way."""

import io
import signal
import zipfile
from time import monotonic

import pytest

from lib.files.upload_schemas import MAX_PART
from lib.stores import postgres

ZIP = {"content_type": "application/zip"}


def zipped(files, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def upload(team):
    """Upload a zip, in parts where it has to be, and return the id."""

    def send(content, project=None):
        path = f"/projects/{project or team.project['id']}/uploads"
        pieces = [content[at : at + MAX_PART] for at in range(0, len(content), MAX_PART)]
        made = team.collaborator.post(path, data=pieces[0], **ZIP)
        assert made.status_code == 201, made.text
        for number, piece in enumerate(pieces[1:], 2):
            more = f"{path}/{made.get_json()['id']}?part={number}"
            assert team.collaborator.put(more, data=piece, **ZIP).status_code == 200
        return made.get_json()["id"]

    return send


@pytest.fixture
def files(team):
    """All files of a project, by path."""

    def read(project=None):
        with postgres.connection() as conn:
            rows = conn.execute(
                "SELECT path, content FROM files WHERE project_id = %s",
                [project or team.project["id"]],
            )
            return {row["path"]: row["content"] for row in rows}

    return read


def test_the_files_of_a_zip_are_in_the_project_and_everybody_is_told(
    worker, submit, ended, upload, files, team
):
    worker()
    content = {"plan.md": "# Plan\r\n", "größe/日本.md": "ünïcode", "empty": "", "bom": "\ufeffx"}
    job = ended(submit("project.import", upload_id=upload(zipped(content | {"folder/": ""}))))
    assert job["state"] == "succeeded", job
    assert job["result"] == {
        "created": 4, "replaced": 0, "renamed": 0, "unchanged": 0, "left_out": 0, "skipped": [],
    }  # fmt: skip
    assert files() == content | {"notes.md": "hello"}
    path = f"/projects/{team.project['id']}/activity?action=file.created"
    told = [
        e for e in team.viewer.get(path).get_json()["items"]
        if e["actor"]["id"] == team.collaborator.id
    ]  # fmt: skip
    assert {event["details"]["path"] for event in told} == set(content)
    listed = team.viewer.get(f"/projects/{team.project['id']}/files").get_json()["items"]
    assert {f["updated_by"] for f in listed if f["path"] != "notes.md"} == {team.collaborator.id}


def test_an_export_comes_back_as_the_same_files(worker, submit, ended, upload, files, team):
    worker()
    strange = ["Notes.md", "manifest.json", "a\u202eb.md", "CON:", "trailing. ", "deep/er/file.md"]
    for number, path in enumerate(strange):
        body = {"path": path, "content": f"{number} ä"}
        answer = team.owner.post(f"/projects/{team.project['id']}/files", body)
        assert answer.status_code == 201, answer.text
    export = ended(submit("project.export"))
    archive = team.viewer.get(f"/jobs/{export['id']}/artifact").data
    assert set(zipfile.ZipFile(io.BytesIO(archive)).namelist()) != set(files()) | {"manifest.json"}
    other = team.owner.post(f"/workspaces/{team.workspace['id']}/projects", {"name": "Other"})
    other = other.get_json()["id"]
    body = {"kind": "project.import", "payload": {"upload_id": upload(archive, other)}}
    job = ended(team.collaborator.post(f"/projects/{other}/jobs", body).get_json())
    assert job["state"] == "succeeded", job
    assert files(other) == files()
    assert len(files(other)) == 7


@pytest.mark.parametrize(
    ("on_conflict", "counts", "left"),
    [
        ("skip", {"created": 1, "left_out": 2}, {"notes.md": "hello", "same.md": "same"}),
        (
            "replace",
            {"created": 1, "replaced": 1, "unchanged": 1},
            {"notes.md": "imported", "same.md": "same"},
        ),
        (
            "rename",
            {"created": 1, "renamed": 2},
            {"notes.md": "hello", "notes (2).md": "imported", "same.md": "same",
             "same (2).md": "same"},
        ),
    ],
)  # fmt: skip
def test_where_a_path_is_taken_the_caller_decides(
    worker, submit, ended, upload, files, team, on_conflict, counts, left
):
    worker()
    body = {"path": "same.md", "content": "same"}
    assert team.owner.post(f"/projects/{team.project['id']}/files", body).status_code == 201
    content = zipped({"notes.md": "imported", "same.md": "same", "new.md": "new"})
    job = ended(submit("project.import", upload_id=upload(content), on_conflict=on_conflict))
    assert job["state"] == "succeeded", job
    assert {n: v for n, v in job["result"].items() if v and n != "skipped"} == counts
    assert files() == left | {"new.md": "new"}
    if on_conflict == "skip":
        assert [each["name"] for each in job["result"]["skipped"]] == ["notes.md", "same.md"]


def test_a_replaced_file_is_edited_so_that_its_editors_see_it(worker, submit, ended, upload, team):
    worker()
    job = submit(
        "project.import", upload_id=upload(zipped({"notes.md": "hullo"})), on_conflict="replace"
    )
    assert ended(job)["result"]["replaced"] == 1
    file = team.viewer.get(f"/files/{team.file['id']}").get_json()
    assert (file["content"], file["seq"]) == ("hullo", 1)
    assert file["updated_by"] == team.collaborator.id


def test_a_prefix_puts_everything_below_a_folder(worker, submit, ended, upload, files):
    worker()
    job = submit("project.import", upload_id=upload(zipped({"a.md": "x"})), prefix="old/2026")
    assert ended(job)["state"] == "succeeded"
    assert files()["old/2026/a.md"] == "x"


@pytest.mark.parametrize(
    "payload",
    [{}, {"upload_id": "x"}, {"prefix": "../x"}, {"prefix": "/x"}, {"prefix": "x/"},
     {"on_conflict": "merge"}, {"path": "x"}],
)  # fmt: skip
def test_a_strange_payload_is_refused_with_a_pointer(team, announced, payload):
    given = {"upload_id": team.file["id"]} | payload if payload else {}
    body = {"kind": "project.import", "payload": given}
    answer = team.collaborator.post(f"/projects/{team.project['id']}/jobs", body)
    assert answer.status_code == 422
    name = next(iter(payload), "upload_id")
    assert [error["pointer"] for error in answer.get_json()["errors"]] == [f"/payload/{name}"]


def test_what_is_no_text_is_left_out_and_said(worker, submit, ended, upload, files):
    worker()
    content = {
        "ok.md": "x", "image.png": b"\x89PNG\r\n", "nul.txt": "a\0b", "latin.txt": b"gr\xfc\xdfe",
        "nested.zip": zipped({"a": "b"}), "large.txt": "x" * (512 * 1024 + 1),
        "largest.txt": "x" * (512 * 1024), "n" * 401: "x",
    }  # fmt: skip
    job = ended(submit("project.import", upload_id=upload(zipped(content))))
    assert job["state"] == "succeeded", job
    assert set(files()) == {"notes.md", "ok.md", "largest.txt"}
    reasons = {each["name"]: each["reason"] for each in job["result"]["skipped"]}
    assert set(reasons) == set(content) - {"ok.md", "largest.txt", "n" * 401} | {"n" * 100}
    assert reasons["image.png"] == "not text in UTF-8"
    assert "512" not in reasons["image.png"]
    assert "524288" in reasons["large.txt"]
    assert "400" in reasons["n" * 100]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (zipped({"a.md": "x", "../../evil.md": "x"}), "leads elsewhere"),
        (zipped({f"{n}": b"\0" * 4_000_000 for n in range(5)}), "too large"),
        (zipped({"a.md": "x" * 999}).replace(b"a.md", b"b.md", 1), "damaged"),
        (b"PK, but no zip", "not a zip"),
    ],
)
def test_of_a_hostile_zip_nothing_is_written(worker, submit, ended, upload, files, content, why):
    running = worker()
    job = ended(submit("project.import", upload_id=upload(content)))
    assert (job["state"], job["attempt"]) == ("failed", 1)
    assert why in job["error"]
    assert files() == {"notes.md": "hello"}
    assert running.process.poll() is None


def test_an_upload_in_several_parts_is_one_zip_and_one_without_a_part_is_refused(
    worker, submit, ended, upload, files, team
):
    worker()
    content = {f"{n}.txt": f"{n} " * 170_000 for n in range(12)}
    archive = zipped(content, zipfile.ZIP_STORED)
    assert len(archive) > MAX_PART
    whole = upload(archive)
    assert ended(submit("project.import", upload_id=whole))["result"]["created"] == 12
    assert files() == content | {"notes.md": "hello"}
    with postgres.connection() as conn:
        conn.execute("UPDATE upload_parts SET number = 3 WHERE upload_id = %s AND number = 2",
                     [whole])  # fmt: skip
    failed = ended(submit("project.import", upload_id=whole))
    assert (failed["state"], failed["error"]) == ("failed", "Part 2 of the upload is missing.")


def test_another_projects_upload_is_none(worker, submit, ended, upload, team):
    worker()
    other = team.owner.post(f"/workspaces/{team.workspace['id']}/projects", {"name": "Other"})
    foreign = upload(zipped({"a": "b"}), other.get_json()["id"])
    failed = ended(submit("project.import", upload_id=foreign))
    assert failed["state"] == "failed"
    assert "no such upload" in failed["error"]


@pytest.mark.parametrize("how", ["removed", "demoted"])
def test_who_may_not_write_any_more_imports_nothing(
    worker, submit, ended, upload, files, team, how
):
    job = submit("project.import", upload_id=upload(zipped({"a.md": "x"})))
    member = f"/workspaces/{team.workspace['id']}/members/{team.collaborator.id}"
    if how == "removed":
        assert team.owner.delete(member).status_code == 204
    else:
        assert team.owner.patch(member, {"role": "viewer"}).status_code == 200
    worker()
    failed = ended(job)
    assert (failed["state"], failed["attempt"]) == ("failed", 1)
    assert "may not write" in failed["error"]
    assert files() == {"notes.md": "hello"}


def test_into_an_archived_workspace_nothing_is_imported(worker, submit, ended, upload, files, team):
    job = submit("project.import", upload_id=upload(zipped({"a.md": "x"})))
    assert team.owner.post(f"/workspaces/{team.workspace['id']}/archive").status_code == 200
    worker()
    failed = ended(job)
    assert (failed["state"], failed["attempt"]) == ("failed", 1)
    assert "archive" in failed["error"]
    assert files() == {"notes.md": "hello"}


@pytest.mark.parametrize("on_conflict", ["rename", "skip"])
def test_an_import_whose_worker_is_killed_half_way_is_finished_and_nothing_is_there_twice(
    worker, submit, ended, upload, files, eventually, on_conflict
):
    content = {f"{n:04}.md": f"file {n}" for n in range(800)} | {"notes.md": "taken"}
    first = worker()
    job = submit("project.import", upload_id=upload(zipped(content)), on_conflict=on_conflict)
    eventually(lambda: len(files()) > 40, 30)
    first.send(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    half = len(files())
    assert 40 < half < 800, "the worker was not killed half way"
    began = monotonic()
    worker()
    done = ended(job, 60)
    assert (done["state"], done["attempt"]) == ("succeeded", 2), done
    renamed = on_conflict == "rename"
    assert done["result"]["created"] == 800
    assert (done["result"]["renamed"], done["result"]["left_out"]) == (renamed, not renamed)
    more = {"notes (2).md": "taken"} if renamed else {}
    assert files() == content | {"notes.md": "hello"} | more
    print(f"killed after {half} files, the rest took {monotonic() - began:.1f} s")
