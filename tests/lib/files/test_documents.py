"""Files as CRDT documents: concurrent edits merge without losing a keystroke."""

from hypothesis import given
from hypothesis import strategies as st

from lib.files import deltas, documents

TEXT = st.text(st.sampled_from("ab é🎉\n"), max_size=20)


def test_a_document_holds_the_text_it_was_made_with():
    assert documents.text_at([documents.snapshot_of("häl🎉")]) == "häl🎉"


def test_two_edits_of_the_same_version_both_survive():
    first = documents.snapshot_of("hello")
    one = documents.edit([first], None, [{"retain": 5}, {"insert": " world"}])
    two = documents.edit([first, one.update], [first], [{"insert": "oh, "}])
    assert two.content == "oh, hello world"
    assert two.delta == [{"insert": "oh, "}]
    assert documents.text_at([first, one.update, two.update]) == two.content


@given(TEXT, st.lists(st.tuples(st.integers(0, 6), TEXT), max_size=6))
def test_readers_who_follow_the_deltas_see_what_is_stored(start, edits):
    updates, contents = [documents.snapshot_of(start)], [start]
    for back, new in edits:
        at = max(0, len(contents) - 1 - back)
        behind = None if at == len(contents) - 1 else updates[: at + 1]
        edit = documents.edit(updates, behind, deltas.between(contents[at], new))
        follower = documents.edit(updates, None, edit.delta).content
        assert follower == edit.content
        updates, contents = [*updates, edit.update], [*contents, edit.content]
    assert documents.text_at(updates) == contents[-1]
    assert documents.text_at([documents.fold(updates)]) == contents[-1]
