"""counter(): the count of everything appended so far, for every way of cutting a text."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpe
from bpe import Tokenizer
from bpe._core.python import PythonCore
from bpe.errors import ArgumentError, TokenTypeError

from . import samples
from .samples import FAMILIES

Load = Callable[[str], Tokenizer]

TEXTS = (
    "It's a bright cold day in April, and the clocks are striking thirteen; they'LL ring.\r\n",
    "def f(x):\n    if x:\n\n        return {'a': [1234567, 3.14]}  \n\n\n  # done;\n",
    "你好，世界！请考试我的软件。東京タワーで会いましょう、か゛・゠ー",
    "HTTPServer iPhoneX abcABCabc ÀÉÎ中Ab中aB ʰʱ ǅǅ 'Re 'rE 'Ve a'b'c'd'e's's's",
    "a\u0301b\u0301 !\u0301\u0301 नमस्ते दुनिया สวัสดี \u30fb\u3099 \u200d\x01\x02a\x01",
    "👨\u200d👩\u200d👧❤️❤️❤️ \ud83d\udc4d \ud83d \udc4d\ud83d \ud800\ud800\udfff",
    " \n \n\n  \t\r\n \u3000\u2028 x   \n   \u1680  y  \xa0\x85 \r\r\n\n  1  中  ",
    "<|endoftext|> http://a.b/c?d=e&f=%20 ////\n//\n/ ''''''s ----- !!!!a ...",
)


def every_split(tokenizer: Tokenizer, text: str) -> None:
    """One character after the other; and in two, at each place."""
    expected = [tokenizer.count(text[:end]) for end in range(len(text) + 1)]
    counter = tokenizer.counter()
    assert counter.n_tokens == 0
    for end in range(1, len(text) + 1):
        # What is appended now, and then the whole rest, beside the characters one by one.
        other = counter.copy()
        assert other.append(text[end - 1 :]) == expected[-1], (text, end)
        assert counter.append(text[end - 1]) == expected[end] == counter.n_tokens, (text, end)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("name", bpe.list_encodings())
def test_every_split(name: str, text: str, load: Load) -> None:
    every_split(load(name), text)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("name", FAMILIES)
def test_every_split_on_the_ways_for_long_texts(
    name: str, text: str, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    for long, long_piece in ((4, 8), (16, 8), (40, 32)):
        samples.shorten(monkeypatch, long, long_piece)
        every_split(load(name), text)


@pytest.mark.parametrize("name", FAMILIES)
def test_runs(name: str, core: type[Any], load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long pieces, whatever is before and behind them, in steps of all sizes."""
    tokenizer = load(name)
    samples.shorten(monkeypatch, 64, 32)
    r = Random(name)
    for unit in (
        *"aAé中ー\u0301 \n\t!/'7\x01❤",
        "ab",
        "aB",
        "中a",
        " \n",
        "!\n",
        "'s",
        "❤️",
        "\ud83d",
    ):
        for _ in range(1 if core is PythonCore else 4):
            edge = r.choice(samples.UNITS), r.choice(samples.UNITS)
            check_steps(tokenizer, edge[0] + unit * r.randrange(100, 400) + edge[1] + " x", r)


def check_steps(tokenizer: Tokenizer, text: str, r: Random) -> None:
    counter = tokenizer.counter()
    start = 0
    while start < len(text):
        end = min(start + r.choice((1, 2, 3, 10, 50, 300)), len(text))
        assert counter.append(text[start:end]) == tokenizer.count(text[:end]), (text, end)
        start = end


@pytest.mark.parametrize("name", FAMILIES)
def test_drawn_texts(
    name: str, core: type[Any], load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = load(name)
    r = Random(name)
    for _ in range(15 if core is PythonCore else 400):
        samples.shorten(monkeypatch, r.choice((4, 16, 64, 512)), r.choice((8, 32, 128)))
        check_steps(tokenizer, samples.mixture(r), r)


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(st.text(st.characters(), max_size=12), max_size=8))
@pytest.mark.parametrize("name", FAMILIES)
def test_any_parts(name: str, parts: list[str]) -> None:
    tokenizer = bpe.load(name)
    counter = tokenizer.counter()
    for index, part in enumerate(parts):
        counter.append(part)
        assert counter.n_tokens == tokenizer.count("".join(parts[: index + 1]))


def test_foreign_pattern_counts_all_of_it(core: type[Any]) -> None:
    ranks = {bytes((byte,)): byte for byte in range(256)} | {b"ab": 256}
    plain = Tokenizer.from_ranks(ranks, pattern=r"\w+(?=.*!)|.|\n")
    tokenizer = Tokenizer(plain.vocabulary, core=core)
    counter = tokenizer.counter()
    text = "abab abab\nab!"
    for end in range(1, len(text) + 1):
        assert counter.append(text[end - 1]) == tokenizer.count(text[:end])


def test_vocabulary_that_is_not_well_formed(core: type[Any]) -> None:
    """Merging from near the end is not exact for it: "aaaa" is a token that no merge reaches."""
    ranks = {bytes((byte,)): byte for byte in range(256)} | {b"aaa" * 3: 256, b"aaa": 257}
    plain = Tokenizer.from_ranks(ranks, pattern=bpe.load("cl100k_base").pattern)
    tokenizer = Tokenizer(plain.vocabulary, core=core)
    counter = tokenizer.counter()
    for end in range(1, 1200):
        counter.append("a")
        if end in (1, 3, 9, 10, 500, 600, 1100, 1199):
            assert counter.n_tokens == tokenizer.count("a" * end)


def test_mark_and_rollback(load: Load) -> None:
    tokenizer = load("cl100k_base")
    counter = tokenizer.counter()
    empty = counter.mark()
    counter.append("one two thr")
    middle = counter.mark()
    assert counter.append("ee four" + "x" * 3000) == tokenizer.count(
        "one two three four" + "x" * 3000
    )
    late = counter.mark()
    counter.rollback(middle)
    assert counter.n_tokens == tokenizer.count("one two thr")
    assert counter.append("ust") == tokenizer.count("one two thrust")
    counter.rollback(late)
    assert counter.append("x") == tokenizer.count("one two three four" + "x" * 3001)
    counter.rollback(empty)
    assert counter.n_tokens == 0
    assert repr(counter) == "<StreamingCounter: 0 tokens>"


def test_copies_go_their_own_ways(load: Load) -> None:
    tokenizer = load("o200k_base")
    counter = tokenizer.counter()
    counter.append("half a pair: \ud83d")
    other = counter.copy()
    assert counter.append("\udc4d") == tokenizer.count("half a pair: \U0001f44d")
    assert other.append("!") == tokenizer.count("half a pair: \ufffd!")
    other.rollback(counter.mark())
    assert other.n_tokens == counter.n_tokens


def test_a_mark_of_another_tokenizer_is_refused(load: Load) -> None:
    mark = load("gpt2").counter().mark()
    with pytest.raises(ArgumentError, match="another tokenizer"):
        load("cl100k_base").counter().rollback(mark)


@pytest.mark.parametrize("wrong", [None, b"x", 1, ["x"]])
def test_text_must_be_a_str(load: Load, wrong: Any) -> None:
    counter = load("gpt2").counter()
    with pytest.raises(TokenTypeError, match="text must be a str"):
        counter.append(wrong)
    assert counter.n_tokens == 0


def test_a_subclass_of_str_is_taken_for_what_it_holds(load: Load) -> None:
    class Odd(str):
        def __str__(self) -> str:
            return "something else"

        def __len__(self) -> int:
            return 0

    counter = load("gpt2").counter()
    assert counter.append(Odd("hello world")) == load("gpt2").count("hello world")
