"""chunks: slices that cover the text, each within the limit."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from bpe import Tokenizer
from bpe._core.python import PythonCore
from bpe.errors import ArgumentError, TokenTypeError
from bpe.text import chunks as module
from bpe.text.chunks import Chunk

from . import samples
from .samples import FAMILIES, is_whole

Load = Callable[[str], Tokenizer]

WORDS = (
    *"the quick brown fox jumps. Over, it! Said then... 3.14 is pi.\n New".split(" "),
    *('"hello?"', "\n\nParagraph", "\u4f60\u597d\u3002", "\u4e16\u754c\uff01", "e.g.", "\r\nx\r\n"),
    *("\r\n\r\ny", "\t", "\n \n", "....", "\U0001f44d\U0001f3fd"),
)


def prose(r: Random) -> str:
    gaps = (" ", " ", "", "\n", "\n\n")
    return "".join(r.choice(WORDS) + r.choice(gaps) for _ in range(r.randrange(1, 80)))


def check(tokenizer: Tokenizer, text: str, limit: int, overlap: int, boundary: Any) -> list[Chunk]:
    case = (tokenizer.name, ascii(text), limit, overlap, boundary)
    found: list[Chunk] = []
    start_before, end_before = -1, 0
    for chunk in tokenizer.chunks(text, limit, overlap, boundary):
        assert chunk.text == text[chunk.start : chunk.end], case
        assert chunk.n_tokens == tokenizer.count(chunk.text) <= limit, case
        # Each goes on where the one before it ended, or shares some of it; and brings more.
        assert start_before < chunk.start <= end_before < chunk.end, case
        assert tokenizer.count(text[chunk.start : end_before]) <= overlap, case
        assert is_whole(text, chunk.start), case
        assert is_whole(text, chunk.end), case
        start_before, end_before = chunk.start, chunk.end
        found.append(chunk)
    assert end_before == len(text), case
    return found


@pytest.mark.parametrize("boundary", module._BOUNDARIES)
@pytest.mark.parametrize("name", FAMILIES)
def test_drawn_texts(
    name: str, boundary: str, core: type[Any], load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = load(name)
    r = Random(name + boundary)
    for turn in range(2 if core is PythonCore else 40):
        if turn % 2:
            samples.shorten(monkeypatch, 16, 8)
            monkeypatch.setattr(module, "_WINDOW", r.choice((4, 32, 256)))
        text = prose(r) if r.random() < 0.6 else samples.mixture(r, 300)
        limit = r.choice((8, 9, 20, 50))
        check(tokenizer, text, limit, 0, boundary)
        check(tokenizer, text, limit, r.randrange(limit), boundary)


@pytest.mark.parametrize("name", FAMILIES)
def test_as_long_as_they_can_be(name: str, core: type[Any], load: Load) -> None:
    tokenizer = load(name)
    r = Random(3)
    for _ in range(2 if core is PythonCore else 10):
        text = samples.mixture(r, 100)
        for chunk in check(tokenizer, text, 7, 0, "token"):
            for end in range(chunk.end + 1, len(text) + 1):
                if is_whole(text, end):
                    assert tokenizer.count(text[chunk.start : end]) > 7


def texts(tokenizer: Tokenizer, *arguments: Any) -> list[str]:
    return [chunk.text for chunk in check(tokenizer, *arguments)]


def test_boundaries(load: Load) -> None:
    tokenizer = load("cl100k_base")
    text = "One two three. Four five six!\nSeven eight nine?\n\nTen eleven twelve. Thirteen"
    assert texts(tokenizer, text, 30, 0, "token") == [text]
    assert texts(tokenizer, text, 5, 0, "sentence") == [
        "One two three. ",
        "Four five six!\n",
        "Seven eight nine?\n\n",
        "Ten eleven twelve. ",
        "Thirteen",
    ]
    assert texts(tokenizer, text, 8, 0, "line") == [
        "One two three. Four five six!\n",
        "Seven eight nine?\n\n",
        "Ten eleven twelve. Thirteen",
    ]
    assert texts(tokenizer, text, 17, 0, "paragraph") == [
        "One two three. Four five six!\nSeven eight nine?\n\n",
        "Ten eleven twelve. Thirteen",
    ]
    assert texts(tokenizer, "One two threefold. Four", 3, 0, "word") == [
        "One two",
        " threefold.",
        " Four",
    ]


def test_a_unit_that_is_too_large_is_cut_at_the_next_finer_boundary(load: Load) -> None:
    tokenizer = load("o200k_base")
    text = "First one here. Second one here.\nThird line.\n\n" + "word " * 20 + "\n\nEnd."
    found = texts(tokenizer, text, 10, 0, "paragraph")
    assert found[0] == "First one here. Second one here.\n"
    assert found[1] == "Third line.\n\n"
    assert found[2].startswith("word word")
    assert texts(tokenizer, "x" * 500, 10, 0, "paragraph")[0] == "x" * len(
        tokenizer.truncate("x" * 500, 10)
    )


def test_overlap_starts_at_a_boundary(load: Load) -> None:
    tokenizer = load("cl100k_base")
    lines = [f"line number {index} here\n" for index in range(20)]
    text = "".join(lines)
    size = tokenizer.count(lines[0])
    found = check(tokenizer, text, 4 * size, size, "line")
    for chunk in found:
        assert chunk.text.startswith("line")
        assert chunk.text.endswith("\n")
    for before, after in pairwise(found):
        assert after.text.splitlines()[0] == before.text.splitlines()[-1]
        assert text.startswith(after.text.splitlines()[1], before.end)


def test_an_overlap_gives_way_to_a_whole_unit(load: Load) -> None:
    tokenizer = load("cl100k_base")
    long = "a line of some eight tokens or so\n"
    text = "short\n" + long * 3
    found = texts(tokenizer, text, tokenizer.count(long), 3, "line")
    assert found == ["short\n", long, long, long]


def test_no_redundant_tail(load: Load) -> None:
    tokenizer = load("cl100k_base")
    text = "one two three four five six seven eight"
    for limit in range(2, 10):
        for overlap in range(limit):
            found = check(tokenizer, text, limit, overlap, "token")
            assert sum(chunk.end == len(text) for chunk in found) == 1


def test_foreign_pattern(core: type[Any]) -> None:
    ranks = {bytes((byte,)): byte for byte in range(256)} | {b"ab": 256}
    plain = Tokenizer.from_ranks(ranks, pattern=r"\w+|\W")
    tokenizer = Tokenizer(plain.vocabulary, core=core)
    check(tokenizer, "abab aab! " * 50, 7, 2, "token")
    check(tokenizer, "abab aab! " * 50, 20, 5, "sentence")


def test_nothing_has_no_chunks(load: Load) -> None:
    assert list(load("gpt2").chunks("", 1)) == []


def test_a_character_that_does_not_fit_is_named(load: Load) -> None:
    tokenizer = load("gpt2")
    for text in ("ab \U0001f9ff", "ab \ud83e\uddff"):
        found = tokenizer.chunks(text, 1)
        assert next(found).text == "ab"
        with pytest.raises(ArgumentError, match=r"the character .* at offset 3 .* max_tokens=1"):
            list(found)


def test_what_is_refused_at_once(load: Load) -> None:
    chunks: Any = load("gpt2").chunks
    with pytest.raises(ArgumentError, match="max_tokens must be at least 1: 0"):
        chunks("x", 0)
    with pytest.raises(ArgumentError, match="overlap must be at least 0: -1"):
        chunks("x", 1, -1)
    with pytest.raises(ArgumentError, match="overlap must be less than max_tokens"):
        chunks("x", 2, 2)
    with pytest.raises(ArgumentError, match="boundary must be one of token, word"):
        chunks("x", 2, 1, "page")
    with pytest.raises(TokenTypeError, match="max_tokens must be an integer"):
        chunks("x", 2.0)
    with pytest.raises(TokenTypeError, match="overlap must be an integer"):
        chunks("x", 2, "1")
    with pytest.raises(TokenTypeError, match="text must be a str"):
        chunks(b"x", 2)
