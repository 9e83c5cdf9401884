"""What an editor's bytes can do to a file: whatever they are, its history can be read again."""

from __future__ import annotations

import random

import pytest
from pycrdt import Doc, Text

from lib.errors import Invalid
from lib.files import documents
from lib.files.documents import Malformed
from lib.files.living import Living

MUTANTS = 3_000


def _editor(history, client=7):
    document, text = Doc(client_id=client), Text()
    document["content"] = text
    for update in history:
        document.apply_update(update)
    return document, text


def _applied(text, delta):
    """Return a text with a delta in UTF-16 units applied."""
    units, at, out = text.encode("utf-16-le"), 0, b""
    for step in delta:
        if "insert" in step:
            out += step["insert"].encode("utf-16-le")
        else:
            length = 2 * (step.get("retain") or step["delete"])
            out += units[at : at + length] if "retain" in step else b""
            at += length
    return (out + units[at:]).decode("utf-16-le")


def test_a_merged_update_tells_what_it_does_to_the_text():
    history = [documents.snapshot_of("hello 🎈 world")]
    document, text = _editor(history)
    with document.transaction():
        text.insert(0, "é🎈")
        del text[len("é🎈hello 🎈 ".encode()) :]
        text += "you"
    edit, _ = Living(history).merge(document.get_update())
    assert edit.content == "é🎈hello 🎈 you"
    assert _applied("hello 🎈 world", edit.delta) == edit.content
    assert documents.text_at([*history, edit.update]) == edit.content
    assert Living([*history, edit.update]).merge(edit.update).edit is None


def test_formats_and_embedded_things_are_told_as_the_text_that_they_leave():
    history = [documents.snapshot_of("hello")]
    document, text = _editor(history)
    text.format(0, 5, {"bold": True})
    edit, _ = Living(history).merge(document.get_update())
    assert (edit.content, edit.delta) == ("hello", [])
    text.insert_embed(5, {"image": "x"})
    text.insert(6, "!")
    edit, _ = Living(history).merge(document.get_update())
    assert _applied("hello", edit.delta) == edit.content


def test_text_beside_embedded_things_is_told_and_edited_where_it_is():
    history = [documents.snapshot_of("hé🎈lo")]
    document, text = _editor(history)
    text.insert_embed(0, {"image": "x"})
    text.insert_embed(8, {"image": "y"})  # before "lo"
    history.append(document.get_update())
    text.insert(2, "!")
    edit, _ = Living(history).merge(document.get_update())
    assert (edit.content, _applied("hé🎈lo", edit.delta)) == ("h!é🎈lo", edit.content)
    history.append(edit.update)
    delta = [{"retain": 2}, {"delete": 1}, {"insert": "e"}, {"retain": 2}, {"insert": "-"}]
    edited = documents.edit(history, None, delta)
    assert edited.content == _applied("h!é🎈lo", delta) == "h!e🎈-lo"
    behind = documents.edit([*history, edited.update], history, [{"retain": 5}, {"insert": "?"}])
    assert behind.content == _applied(edited.content, behind.delta)
    again, _ = _editor([*history, edited.update])
    pieces = [piece for piece, _ in again.get("content", type=Text).diff()]
    assert pieces == [{"image": "x"}, "h!e🎈-", {"image": "y"}, "lo"]
    gone = documents.edit(history, None, [{"delete": 7}])
    assert gone.content == ""
    left, _ = _editor([*history, gone.update])
    assert left.get("content", type=Text).diff() == [({"image": "x"}, None)]


def test_edits_beside_embedded_things_come_to_what_they_say():
    draw = random.Random(7)
    for _ in range(200):
        document, text = _editor([documents.snapshot_of("")])
        for piece in draw.choices(["a", "é", "🎈", "bc", None], k=draw.randint(1, 9)):
            text += piece or ""
            if piece is None:
                text.insert_embed(len(text), {"image": "x"})
        history, before = [document.get_update()], str(text)
        ends = [0]
        for character in before:
            ends.append(ends[-1] + len(character.encode("utf-16-le")) // 2)
        start, end = sorted(draw.choices(ends, k=2))
        steps = [{"retain": start}, {"delete": end - start}, {"insert": "Z"}]
        delta = [step for step in steps if next(iter(step.values()))]
        edited = documents.edit(history, None, delta)
        assert edited.content == _applied(before, delta)


def test_an_update_that_came_too_early_counts_once_what_it_needs_is_there():
    history = [documents.snapshot_of("")]
    document, text = _editor(history)
    made = []
    document.observe(lambda event: made.append(event.update))
    text += "one "
    text += "two "
    early, _ = Living(history).merge(made[1])
    assert early.content == ""
    late, _ = Living([*history, early.update]).merge(made[0])
    assert late.content == "one two "
    assert late.delta == [{"insert": "one two "}]
    assert documents.text_at([*history, early.update, late.update]) == "one two "


def test_what_cannot_be_stored_is_refused():
    history = [documents.snapshot_of("hello")]
    document, text = _editor(history)
    text += "\0"
    with pytest.raises(Invalid):
        Living(history).merge(document.get_update())
    for bad in (b"", b"\xff\xff\xff", b"\1\2\3"):
        with pytest.raises(Malformed):
            Living(history).merge(bad)
        with pytest.raises(Malformed):
            documents.join([bad, document.get_update()])
    with pytest.raises(Malformed):
        Living(history).since(b"\xff\xff")


def test_mutants_are_refused_or_leave_a_history_that_can_be_read():
    draw, history = random.Random(20), [documents.snapshot_of("hello, world")]
    document, text = _editor(history)
    text.insert(5, " there")
    del text[0:3]
    whole, taken = document.get_update(), 0
    for _ in range(MUTANTS):
        mutant = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            mutant[draw.randrange(len(mutant))] = draw.randrange(256)
        try:
            edit, seconds = Living(history).merge(bytes(mutant))
        except (Malformed, Invalid):
            continue
        taken += 1
        assert seconds < 5
        if edit:
            assert documents.text_at([*history, edit.update]) == edit.content
            assert documents.text_at([documents.fold([*history, edit.update])]) == edit.content
    assert 0 < taken < MUTANTS


def test_a_document_in_memory_is_what_its_history_makes_up_whatever_is_merged_into_it():
    draw, history = random.Random(21), [documents.snapshot_of("hello, world")]
    living, editors = Living(history), [_editor(history, client)[0] for client in (7, 8, 9)]
    for _ in range(300):
        document = draw.choice(editors)
        text, before = document.get("content", type=Text), document.get_state()
        words = str(text)
        at = draw.randint(0, len(words))
        start = len(words[:at].encode())
        if words[at:] and draw.random() < 0.4:
            del text[start : start + len(words[at].encode())]
        else:
            text.insert(start, "é🎈x")
        shown = living.content
        edit, _ = living.merge(document.get_update(before))
        if edit:
            history.append(edit.update)
            assert _applied(shown, edit.delta) == edit.content == living.content
        if draw.random() < 0.3:
            document.apply_update(documents.fold(history))
    assert living.content == documents.text_at(history)
    assert len(history) > 200
