"""Safe cuts: proven against the published patterns themselves."""

from __future__ import annotations

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpe._core import patterns
from bpe.text import boundaries
from bpe.text.boundaries import Cuts

# One character of each kind, and those that contractions are made of.
ALPHABET = " \t\r\nAbsl1!'/\u0301\x01\u4e2d\u30fb\u3099\u02b0"
# Of these all texts of five characters.
CORE = " \nAr!'1"
PATTERNS: dict[str, str | tuple[str, ...]] = {
    "gpt2": patterns.GPT2,
    "cl100k": patterns.CL100K,
    "o200k": patterns.O200K,
    "deepseek": patterns.DEEPSEEK,
}


@pytest.fixture(params=PATTERNS, scope="module")
def cuts(request: pytest.FixtureRequest) -> Cuts:
    return Cuts(PATTERNS[request.param])


def pieces(cuts: Cuts, text: str) -> list[tuple[int, int]]:
    return list(patterns.split(text, cuts.pattern, True))


def check_all(cuts: Cuts, text: str) -> int:
    """Both sides of each cut are split as they are in the whole text."""
    whole: list[tuple[int, int]] = []
    found = 0
    for place in range(1, len(text)):
        if not cuts.at(text, place):
            continue
        found += 1
        whole = whole or pieces(cuts, text)
        left = [piece for piece in whole if piece[1] <= place]
        right = [(start - place, end - place) for start, end in whole if start >= place]
        assert len(left) + len(right) == len(whole), (text, place)
        assert left == pieces(cuts, text[:place]), (text, place)
        assert right == pieces(cuts, text[place:]), (text, place)
    return found


def test_all_texts_of_three_characters(cuts: Cuts) -> None:
    assert sum(check_all(cuts, "".join(t)) for t in itertools.product(ALPHABET, repeat=3)) > 1000


def test_all_texts_of_five_characters(cuts: Cuts) -> None:
    assert sum(check_all(cuts, "".join(t)) for t in itertools.product(CORE, repeat=5)) > 10_000


def test_drawn_texts(cuts: Cuts) -> None:
    r = Random(1)
    for _ in range(8000):
        check_all(cuts, "".join(r.choices(ALPHABET + "sLEvre' \n", k=r.randrange(5, 14))))


@given(text=st.text(max_size=20))
@pytest.mark.parametrize("name", PATTERNS)
def test_any_text(name: str, text: str) -> None:
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    check_all(Cuts(PATTERNS[name]), text)


def test_kinds_are_those_of_the_table() -> None:
    kind = Cuts(patterns.GPT2).kind
    for code in range(0x110000):
        assert kind[chr(code)] == boundaries.kind_by_table(code), hex(code)


def test_kinds_do_not_fill_the_memory() -> None:
    kind = Cuts(patterns.GPT2).kind
    for code in range(0x40000, 0x60000):
        assert kind[chr(code)] == boundaries.REST
    assert len(kind) <= 1 << 15


def test_half_a_pair_is_never_cut_off(cuts: Cuts) -> None:
    for char in ALPHABET:
        for text in (f"{char}\ud83d\udc4d{char}", f"{char}\ud83d{char}", f"{char}\udc4d{char}"):
            assert not any(
                cuts.at(text, place)
                for place in range(1, len(text))
                if text[place - 1] == "\ud83d" and text[place] == "\udc4d"
            )


@pytest.mark.parametrize(
    ("text", "low", "high", "last"),
    [
        ("one two three", 0, 12, 7),
        ("one two three", 0, 7, 7),
        ("one two three", 4, 6, 4),
        ("one    two", 0, 9, 3),
        ("onetwo", 0, 5, 0),
        ("    ", 0, 3, 0),
        ("\u4e2d\u6587\uff0c\u4e2d\u6587", 0, 4, 2),
        ("a\u3000\u3000b", 0, 3, 1),
        ("word" + "x" * 2000 + " y", 0, 2005, 2004),
        ("a b" + "x" * 2000, 0, 2002, 1),
    ],
)
def test_last(cuts: Cuts, text: str, low: int, high: int, last: int) -> None:
    if "\u4e2d" in text and cuts.pattern in (patterns.GPT2, patterns.DEEPSEEK):
        last = 3  # for the others a sign may go with the letters after it
    assert cuts.last(text, low, high) == last


def test_last_takes_numbers_in_threes() -> None:
    for name, pattern in PATTERNS.items():
        expected = 0 if name == "gpt2" else 9
        assert Cuts(pattern).last("1234567890", 0, 9) == expected
        # The threes start behind the blank, which is no cut itself.
        assert Cuts(pattern).last(" \n1", 0, 2) == (2 if name != "gpt2" else 0)
        assert Cuts(pattern).last("  12", 0, 3) == (2 if name == "deepseek" else 0)


@pytest.mark.parametrize(
    ("text", "low", "high", "first"),
    [
        ("one two three", 0, 13, 3),
        ("one two three", 4, 13, 7),
        ("one two three", 8, 13, 13),
        ("x" * 3000 + " y", 0, 3002, 3000),
        ("x" * 3000, 0, 3000, 3000),
        (" " * 3000, 0, 3000, 3000),
    ],
)
def test_first(cuts: Cuts, text: str, low: int, high: int, first: int) -> None:
    assert cuts.first(text, low, high) == first


def test_contractions_stay_with_the_letters_before() -> None:
    cuts = Cuts(patterns.O200K)
    assert not cuts.at("it's", 2)
    assert not cuts.at("it'", 2)
    assert cuts.at("it'q", 2)
    assert cuts.at("aB", 1)
    assert not cuts.at("'rE", 2)
    assert Cuts(patterns.CL100K).at("it's", 2)


def test_newlines_behind_a_sign() -> None:
    for name in ("cl100k", "o200k", "deepseek"):
        cuts = Cuts(PATTERNS[name])
        assert cuts.at(";\n  x", 2)
        assert not cuts.at("a\n  x", 2)
        assert not cuts.at(";\n  x", 2, 1), "the sign is cut off"
    assert not Cuts(patterns.GPT2).at(";\n  x", 2)
