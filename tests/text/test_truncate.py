"""truncate: against all slices of small texts."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpe
from bpe import Tokenizer
from bpe._core.python import PythonCore
from bpe.errors import ArgumentError, TokenTypeError
from bpe.text import fitting, leftward

from . import samples
from .samples import FAMILIES, is_whole

Load = Callable[[str], Tokenizer]

MARKERS = ("", "", " [...]", "\u2026", "\n", "a", "x" * 20, "'s", "-- cut --\n\n ", " ", "12", "'")


def longest_start(tokenizer: Tokenizer, text: str, limit: int, marker: str) -> str | None:
    for end in range(len(text) - 1, -1, -1):
        if is_whole(text, end) and tokenizer.count(text[:end] + marker) <= limit:
            return text[:end] + marker
    return None


def longest_end(tokenizer: Tokenizer, text: str, limit: int, marker: str) -> str | None:
    for start in range(1, len(text) + 1):
        if is_whole(text, start) and tokenizer.count(marker + text[start:]) <= limit:
            return marker + text[start:]
    return None


def check(tokenizer: Tokenizer, text: str, limit: int, marker: str) -> None:
    case = (tokenizer.name, ascii(text), limit, marker)
    if tokenizer.count(text) <= limit:
        for keep in ("start", "end", "middle"):
            assert tokenizer.truncate(text, limit, keep, marker) is text, case
        return
    if not limit:
        assert tokenizer.truncate(text, 0, "middle", marker) == ""
        return
    if tokenizer.count(marker) > limit:
        with pytest.raises(ArgumentError, match="marker"):
            tokenizer.truncate(text, limit, "start", marker)
        return
    found = tokenizer.truncate(text, limit, "start", marker)
    assert found == longest_start(tokenizer, text, limit, marker), case
    found = tokenizer.truncate(text, limit, "end", marker)
    assert found == longest_end(tokenizer, text, limit, marker), case
    check_middle(tokenizer, text, limit, marker)


def check_middle(tokenizer: Tokenizer, text: str, limit: int, marker: str) -> None:
    """Head, marker, tail; within the limit; and no longer head would go with that tail."""
    case = (tokenizer.name, ascii(text), limit, marker)
    found = tokenizer.truncate(text, limit, "middle", marker)
    assert tokenizer.count(found) <= limit, case
    splits = [
        head
        for head in range(len(found) - len(marker) + 1)
        if text.startswith(found[:head])
        and found.startswith(marker, head)
        and text.endswith(found[head + len(marker) :])
        and len(found) - len(marker) < len(text)
    ]
    assert splits, case
    for head in splits[-1:]:
        after = found[head:]
        tail = len(after) - len(marker)
        for longer in range(head + 1, len(text) - tail):
            if is_whole(text, longer):
                assert tokenizer.count(text[:longer] + after) > limit, (case, longer)


@pytest.mark.parametrize("name", FAMILIES)
def test_drawn_texts(
    name: str, core: type[Any], load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the usual ways, and with those for long texts taken for short ones."""
    tokenizer = load(name)
    r = Random(name)
    for turn in range(8 if core is PythonCore else 150):
        if turn % 2:
            samples.shorten(monkeypatch, r.choice((4, 16, 64)), r.choice((8, 32)))
            monkeypatch.setattr(fitting, "_FEW", r.choice((2, 8, 48)))
            monkeypatch.setattr(fitting, "_MANY", r.choice((2, 16, 192)))
            monkeypatch.setattr(fitting, "EXTRA", r.choice((1, 8, 64)))
            monkeypatch.setattr(leftward, "_PROOF", r.choice((4, 8)))
        text = samples.mixture(r, 120)
        check(tokenizer, text, r.randrange(tokenizer.count(text) + 2), r.choice(MARKERS))


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("unit", ["a", "ab", " ", "\n", "\u4e2d", "-", "7", "\u2764\ufe0f", "A"])
def test_runs(name: str, unit: str, core: type[Any], load: Load) -> None:
    """Long pieces: no longer slice that would fit is missed."""
    tokenizer = load(name)
    if core is PythonCore and unit not in ("a", " "):
        pytest.skip("the compiled core has done it")
    for edge in ("x ",) if core is PythonCore else ("", " ", "x ", "!"):
        text = edge + unit * (100 if core is PythonCore else 250) + edge
        for limit in (1, 7, tokenizer.count(text) // 2):
            for marker in ("", " [...] "):
                if tokenizer.count(marker) <= limit < tokenizer.count(text):
                    case = (unit, edge, limit, marker)
                    found = tokenizer.truncate(text, limit, "start", marker)
                    assert found == longest_start(tokenizer, text, limit, marker), case
                    found = tokenizer.truncate(text, limit, "end", marker)
                    assert found == longest_end(tokenizer, text, limit, marker), case


@settings(max_examples=30, deadline=None)
@given(
    text=st.text(st.characters(), max_size=60),
    limit=st.integers(0, 40),
    marker=st.text(max_size=4),
)
@pytest.mark.parametrize("name", FAMILIES)
def test_any_text(name: str, text: str, limit: int, marker: str) -> None:
    check(bpe.load(name), text, limit, marker)


KEEP: tuple[Literal["start", "end", "middle"], ...] = ("start", "end", "middle")


def test_foreign_pattern(core: type[Any]) -> None:
    """The limit holds, and what is left is a slice."""
    ranks = {bytes((byte,)): byte for byte in range(256)} | {b"ab": 256}
    plain = Tokenizer.from_ranks(ranks, pattern=r"\w+|\W")
    tokenizer = Tokenizer(plain.vocabulary, core=core)
    text = "abab aab! " * 12
    for limit in (1, 2, 10, 30):
        assert tokenizer.truncate(text, limit) == longest_start(tokenizer, text, limit, "")
        assert tokenizer.truncate(text, limit, "end") == longest_end(tokenizer, text, limit, "")
        assert tokenizer.count(tokenizer.truncate(text, limit, "middle", "!")) <= limit


def test_pairs_are_not_split(load: Load) -> None:
    tokenizer = load("gpt2")
    text = "\ud83d\udc4d" * 20
    for limit in range(tokenizer.count(text)):
        for keep in KEEP:
            found = tokenizer.truncate(text, limit, keep)
            assert len(found) % 2 == 0
            assert tokenizer.count(found) <= limit


def test_middle_shares_the_tokens(load: Load) -> None:
    tokenizer = load("o200k_base")
    text = "The quick brown fox jumps over the lazy dog. " * 100
    found = tokenizer.truncate(text, 101, "middle", "\n[...]\n")
    head, tail = found.split("\n[...]\n")
    assert tokenizer.count(found) == 101
    assert abs(tokenizer.count(head) - tokenizer.count(tail)) <= 3
    assert text.startswith(head)
    assert text.endswith(tail)


def test_text_that_fits_is_the_same_object(load: Load) -> None:
    class Name(str):
        __slots__ = ()

    text = Name("hello world")
    assert load("gpt2").truncate(text, 2) is text
    assert load("gpt2").truncate(text, 1) == "hello"
    assert load("gpt2").truncate("", 0) == ""


def test_what_is_refused(load: Load) -> None:
    truncate: Any = load("gpt2").truncate
    with pytest.raises(ArgumentError, match="max_tokens must be at least 0: -1"):
        truncate("x", -1)
    with pytest.raises(ArgumentError, match="keep must be one of start, end, middle"):
        truncate("x", 1, keep="begin")
    with pytest.raises(ArgumentError, match=r"marker .* alone has more than max_tokens=1"):
        truncate("some words", 1, marker=" [cut out here]")
    for wrong in (1.5, "1", None, True):
        with pytest.raises(TokenTypeError, match="max_tokens must be an integer"):
            truncate("x", wrong)
    with pytest.raises(TokenTypeError, match="marker must be a str"):
        truncate("x", 1, marker=None)
    with pytest.raises(TokenTypeError, match="text must be a str"):
        truncate(None, 1)
