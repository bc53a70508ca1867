"""Kinds of text: told from a bounded sample, at any length."""

from __future__ import annotations

import base64
import itertools
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpe.context import kinds
from bpe.context.kinds import KINDS, SAMPLE, kind_of, pieces

PROSE = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age "
    "of foolishness; “and yet,” said he, “nothing had changed at all.” "
)
FRENCH = "L’été dernier, nous avons visité un château près de la forêt où les élèves étudiaient. "
CODE = """
def apply(values: list[int], *, key=None) -> dict[str, int]:
    for index, value in enumerate(values):
        if value % 2 == 0 and (key is None or key(value)):
            result[index] = {"value": value, "next": values[index + 1 :]}
    return {k: v for k, v in result.items() if v != -1}
"""
ROWS = [
    {"id": 17, "name": "Ada", "tags": ["x", "y"], "active": True, "score": 0.5},
    {"id": 18, "name": "Grace", "tags": [], "active": False, "score": None},
]
CHINESE = "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。"
JAPANESE = "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。"
KOREAN = "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. "
RUSSIAN = "Все люди рождаются свободными и равными в своём достоинстве и правах. "
ARABIC = "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق. "
HINDI = "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। "

EXAMPLES = {
    "prose": [PROSE, FRENCH, "Hello there, how are you today?", "a", "  \n ", ""],
    "code": [CODE, "x = (a + b) * c;", "#include <stdio.h>\nint main(void) { return 0; }"],
    "json": [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        json.dumps(ROWS[0], separators=(",", ":")),
        json.dumps([{"text": PROSE[:60], "by": "someone"}]),
    ],
    "cjk": [CHINESE, JAPANESE, KOREAN, "你好", f"The word is {CHINESE}"],
    "other": [
        RUSSIAN,
        ARABIC,
        HINDI,
        "3.14159 26535 89793 23846",
        base64.b64encode(random.Random(1).randbytes(300)).decode(),
        random.Random(1).randbytes(100).hex(),
        "😀😃😄😁",
    ],
}


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in EXAMPLES.items() for text in texts]
)
def test_examples(kind: str, text: str) -> None:
    assert kind_of(text) == kind
    # Repeated, it is of the same kind, though only a sample is looked at.
    if len(text) > 40:
        assert kind_of(text * 100) == kind


def test_every_kind_has_examples() -> None:
    assert sorted(EXAMPLES) == sorted(KINDS)


@settings(deadline=None)
@given(st.text(st.characters(), max_size=2000))
def test_any_text_has_a_kind(text: str) -> None:
    assert kind_of(text) in KINDS


def test_json_with_a_long_text_begins_like_json() -> None:
    assert kind_of(json.dumps({"text": PROSE, "by": "someone", "more": [1, 2]})) == "json"
    assert kind_of(f"{PROSE}{json.dumps([1, 2])}") == "prose"


def test_the_sample_is_bounded() -> None:
    seen = []

    class Text(str):
        __slots__ = ()

        def encode(self, *arguments: str) -> bytes:
            pytest.fail("the whole text was encoded")

        def __getitem__(self, place: object) -> str:
            assert isinstance(place, slice)
            part = str.__getitem__(self, place)
            seen.append(len(part))
            return part

    assert kind_of(Text(PROSE * 10_000)) == "prose"
    assert sum(seen) <= SAMPLE


@settings(deadline=None)
@given(st.integers(0, 5000), st.integers(8, 600), st.integers(2, 8))
def test_pieces(length: int, limit: int, parts: int) -> None:
    text = "".join(map(chr, range(0x100, 0x100 + length)))  # every character once
    found = pieces(text, limit, parts)
    if length <= limit:
        assert found == [text]
        return
    assert len(found) == parts
    assert all(len(piece) == limit // parts for piece in found)
    starts = [text.index(piece) for piece in found]
    assert starts[0] == 0
    assert starts[-1] + limit // parts == length
    # Spread evenly, without overlap.
    gaps = [after - before for before, after in itertools.pairwise(starts)]
    assert min(gaps) >= limit // parts
    assert max(gaps) - min(gaps) <= 1


def test_classes_of_bytes() -> None:
    assert len(kinds._TABLE) == 256
    assert set(kinds._TABLE) == set(b"padsbjcxok")
