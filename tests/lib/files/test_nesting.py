"""Updates that would end the process which walks through them, and those that only look so."""

from __future__ import annotations

import random

import pytest
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from lib.files import documents, nesting
from lib.files.documents import Malformed
from tests import hostile

DRAWN = 3_000


@pytest.mark.parametrize("depth", [nesting.MAX_DEPTH + 2, 300_000])
def test_values_in_each_other_are_refused_before_anything_goes_into_them(depth):
    update = hostile.deep_value(depth)
    assert depth < 1000 or len(update) > 500_000
    for updates in ([update], [documents.snapshot_of("x"), update]):
        with pytest.raises(Malformed):
            documents.join(updates)


def test_types_in_each_other_are_refused_when_there_are_too_many_in_one_update():
    assert documents.join([hostile.deep_types(nesting.MAX_TYPES)])
    with pytest.raises(Malformed):
        documents.join([hostile.deep_types(nesting.MAX_TYPES + 1)])


def test_types_that_many_updates_have_put_into_each_other_are_walked_through_on_a_deep_stack():
    each = nesting.MAX_TYPES
    history = [hostile.deep_types(each, turn * each) for turn in range(12)]
    history.append(hostile.end_of_the_first())
    assert documents.text_at(history) == ""
    assert len(documents.fold(history)) < 1000
    assert documents.edit(history, None, [{"insert": "x"}]).content == "x"


def test_whatever_editors_write_is_let_through(monkeypatch):
    monkeypatch.setattr(nesting, "SHORT", 0)  # all of it is looked at
    document = Doc()
    document["content"] = text = Text("hello 🎈")
    document["map"] = everything = Map()
    document["xml"] = xml = XmlFragment()
    values = [None, True, False, -5, 2**40, 1.5, "uuuvvv" * 100, b"uv\0", [1, [2, {"a": [3]}]]]
    everything["values"] = Array(values)
    everything["deep"] = Map({"deeper": Array([Text("x"), {"u": {"v": "w"}}])})
    xml.children.append(XmlElement("p", {"class": "x"}, [XmlText("words")]))
    text.format(0, 5, {"bold": True})
    text.insert_embed(3, {"image": "u"})
    del text[0:2]
    vector = document.get_state()
    text.insert(3, "later")
    for update in (document.get_update(), document.get_update(vector), b"\0\0"):
        nesting.check(update)
        again = Doc()
        again.apply_update(document.get_update())
        assert again.get_update() == document.get_update()


def test_noise_is_refused_by_name_or_let_through(monkeypatch):
    monkeypatch.setattr(nesting, "SHORT", 0)
    draw, whole, let_through = random.Random(4), hostile.deep_value(20), 0
    for number in range(DRAWN):
        noise = bytearray(whole) if number % 2 else bytearray(draw.randbytes(40))
        for _ in range(3):
            noise[draw.randrange(len(noise))] = draw.randrange(256)
        try:
            nesting.check(bytes(noise))
        except nesting.TooDeepError:
            continue
        let_through += 1
    assert 0 < let_through < DRAWN
