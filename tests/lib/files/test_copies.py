"""Documents kept in memory: what Postgres has is always what they say, whoever wrote it."""

from __future__ import annotations

import random
from uuid import UUID

import pytest
from psycopg.errors import DivisionByZero
from pycrdt import Doc, Text

from lib.access import lookups, tokens
from lib.access.caller import Origin
from lib.errors import Invalid, NotFound
from lib.files import compaction, documents, edits, history
from lib.files.copies import Copies, Copy
from lib.files.living import Living
from lib.stores import postgres

ORIGIN = Origin("test-request", "127.0.0.1", "pytest")
ROOMY = 1_000_000_000  # bytes


class Author:
    """Somebody whose editor has the file open on one host, whose copies these are."""

    def __init__(self, person, file_id, copies):
        self.claims, self.file_id, self.copies = tokens.verify(person.token), file_id, copies
        self.doc = Doc()
        self.doc["content"] = self.text = Text()
        self.made = []
        self.doc.observe(lambda event: self.made.append(event.update))
        self.sync()

    def sync(self):
        with postgres.connection() as conn:
            found = history.sync(conn, self.file_id, self.doc.get_state(), self.copies)
        self.doc.apply_update(found.update)
        self.made.clear()
        return found

    def save(self):
        update = documents.join(self.made)
        self.made.clear()
        with postgres.transaction() as conn:
            self.merge(conn, update)

    def merge(self, conn, update):
        access = lookups.find(
            conn, "file.update", self.claims, ORIGIN, self.file_id, lock="version"
        )
        edits.merge(access, update, self.copies)


@pytest.fixture
def file_id(team):
    return UUID(team.file["id"])


@pytest.fixture
def copies():
    return Copies(10, ROOMY)


@pytest.fixture
def author(team, file_id, copies):
    return Author(team.owner, file_id, copies)


@pytest.fixture
def stored(file_id):
    """What Postgres has: the number and the text, which its updates alone make up as well."""

    def read():
        with postgres.connection() as conn:
            row = conn.execute("SELECT seq, content FROM files WHERE id = %s", [file_id]).fetchone()
            updates, seq = history.since(conn, file_id, -1)
        assert (row["seq"], row["content"]) == (seq, documents.text_at(updates))
        return row["seq"], row["content"]

    return read


def _copy(file_id, seq=0, content="", size=0):
    return Copy(file_id, Living([documents.snapshot_of(content)]), seq, 0, 0, size)


def _numbered(number):
    return UUID(int=number)


def test_a_document_is_opened_once_and_then_kept_up(author, copies, stored):
    for number in range(20):
        author.text += f" {number}"
        author.save()
    assert (copies.opened, copies.reused) == (1, 20)
    assert stored() == (20, "hello" + "".join(f" {n}" for n in range(20)))


def test_edits_over_rest_and_by_another_host_are_never_overwritten(
    team, author, file_id, copies, stored
):
    other = Author(team.collaborator, file_id, Copies(10, ROOMY))
    path = f"/files/{file_id}/content"
    for number in range(5):
        author.text += f" a{number}"
        author.save()
        other.text.insert(0, f"b{number} ")
        other.save()
        content = team.owner.get(f"/files/{file_id}").get_json()["content"]
        assert team.owner.put(path, {"content": content + f" c{number}"}).status_code == 200
    author.sync()
    assert copies.opened == 1
    assert stored() == (15, str(author.text))
    assert sorted(str(author.text).split()) == sorted(
        ["hello", *(f"{who}{number}" for who in "abc" for number in range(5))]
    )


def test_what_was_not_committed_is_in_no_copy(author, copies, stored, file_id):
    author.text += " lost"

    def fail():
        with postgres.transaction() as conn:
            author.merge(conn, author.made.pop())
            conn.execute("SELECT 1 / 0")

    with pytest.raises(DivisionByZero):
        fail()
    assert len(copies) == 0
    late = Doc()
    with postgres.connection() as conn:
        late.apply_update(history.sync(conn, file_id, late.get_state(), copies).update)
    assert str(late.get("content", type=Text)) == "hello"
    author.text += " found"  # its editor syncs first, as providers do
    author.made[:] = [author.doc.get_update()]
    author.save()
    assert stored() == (1, "hello lost found")


@pytest.mark.parametrize("bad", ["\0", "x" * (512 * 1024)])
def test_what_is_refused_is_in_no_copy(author, copies, stored, bad, team, file_id):
    author.text += bad
    with pytest.raises(Invalid):
        author.save()
    assert len(copies) == 0
    other = Author(team.collaborator, file_id, copies)
    assert str(other.text) == "hello"
    other.text += "!"
    other.save()
    assert stored() == (1, "hello!")


def test_a_history_that_was_folded_meanwhile_is_taken_in(author, stored, team, file_id, copies):
    author.text += "!"
    author.save()
    for number in range(compaction.LONG + 1):
        team.owner.put(f"/files/{file_id}/content", {"content": f"hello! {number}"})
    with postgres.transaction() as conn:
        assert compaction.compact(conn, file_id)
    author.text.insert(0, "oh, ")
    author.save()
    assert stored() == (compaction.LONG + 3, f"oh, hello! {compaction.LONG}")
    assert copies.opened == 1


def test_a_postgres_that_has_lost_edits_is_believed(author, stored, file_id, copies):
    author.text += " one"
    author.save()
    with postgres.transaction() as conn:  # a replica took over that had not got this far
        conn.execute("DELETE FROM file_updates WHERE file_id = %s", [file_id])
        conn.execute("UPDATE files SET seq = 0, content = 'hello' WHERE id = %s", [file_id])
    with postgres.connection() as conn:
        found = history.sync(conn, file_id, Doc().get_state(), copies)
    document = Doc()
    document.apply_update(found.update)
    assert (found.seq, str(document.get("content", type=Text))) == (0, "hello")
    assert stored() == (0, "hello")


def test_a_file_that_is_gone_is_gone_from_memory(team, author, file_id, copies):
    author.text += "!"
    author.save()
    assert team.owner.delete(f"/files/{file_id}").status_code == 204
    author.text += "?"
    with pytest.raises(NotFound):
        author.save()
    with postgres.connection() as conn:
        assert history.sync(conn, file_id, b"\0", copies) is None
    assert len(copies) == 0


def test_of_too_many_copies_the_one_not_used_longest_goes():
    copies = Copies(2, ROOMY)
    for number in (1, 2):
        copies.put(_copy(_numbered(number)))
    copies.put(copies._take(_numbered(1)))
    copies.put(_copy(_numbered(3)))
    assert len(copies) == 2
    assert copies._take(_numbered(2)) is None
    assert copies._take(_numbered(1))


def test_copies_are_bounded_in_bytes_and_one_too_big_drives_nobody_out():
    small, big = _copy(_numbered(1), size=1000), _copy(_numbered(2), size=100_000)
    copies = Copies(100, 3 * small.weight)
    for number in range(3, 8):
        copies.put(_copy(_numbered(number), size=1000))
    copies.put(small)
    assert (len(copies), copies.weight) == (3, 3 * small.weight)
    copies.put(big)
    assert (len(copies), copies.weight) == (3, 3 * small.weight)
    copies.clear()
    assert (len(copies), copies.weight) == (0, 0)


def test_of_two_copies_of_a_file_the_newer_stays():
    copies = Copies(2, ROOMY)
    copies.put(_copy(_numbered(1), seq=5, content="new"))
    copies.put(_copy(_numbered(1), seq=4, content="old"))
    kept = copies._take(_numbered(1))
    assert (kept.seq, kept.living.content) == (5, "new")
    assert copies.weight == 0


def test_pasting_and_deleting_does_not_use_a_file_up(author, stored, file_id):
    draw = random.Random(3)
    for _ in range(20):
        paste = "".join(draw.choices("abcdefgh \n", k=500_000))
        author.text += paste
        author.save()
        del author.text[5 : 5 + len(paste)]
        author.save()
    assert stored() == (40, "hello")
    with postgres.connection() as conn:
        size = conn.execute(
            """
            SELECT octet_length(snapshot) + (
                SELECT sum(octet_length(data)) FROM file_updates WHERE file_id = files.id
            ) AS size FROM files WHERE id = %s
            """,
            [file_id],
        ).fetchone()["size"]
    assert size < compaction.LONG_BYTES + 2 * 500_000
