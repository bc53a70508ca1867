"""count_up_to and fits."""

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
from bpe.text.fitting import LOOK

from . import samples
from .samples import FAMILIES

Load = Callable[[str], Tokenizer]


@pytest.mark.parametrize("name", FAMILIES)
def test_drawn_texts(name: str, core: type[Any], load: Load) -> None:
    tokenizer = load(name)
    r = Random(name)
    for _ in range(10 if core is PythonCore else 200):
        text = samples.mixture(r, 4000)
        total = tokenizer.count(text)
        for limit in {0, 1, 2, total // 3, total - 1, total, total + 1, 10 * total, 10**30}:
            if limit >= 0:
                assert tokenizer.count_up_to(text, limit) == min(total, limit + 1), (text, limit)
                assert tokenizer.fits(text, limit) == (total <= limit), (text, limit)


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters()), limit=st.integers(0, 60))
@pytest.mark.parametrize("name", FAMILIES)
def test_any_text(name: str, text: str, limit: int) -> None:
    tokenizer = bpe.load(name)
    assert tokenizer.count_up_to(text, limit) == min(tokenizer.count(text), limit + 1)


@pytest.mark.parametrize("unit", ["a", " ", "\n", "\u4e2d", "-", "7", "\u2764\ufe0f", "'s"])
@pytest.mark.parametrize("name", FAMILIES)
def test_long_runs(name: str, unit: str, load: Load) -> None:
    tokenizer = load(name)
    text = unit * 5000
    total = tokenizer.count(text)
    for limit in (10, 100, total - 1, total):
        assert tokenizer.count_up_to(text, limit) == min(total, limit + 1)


def test_foreign_patterns_count_all(core: type[Any]) -> None:
    ranks = {bytes((byte,)): byte for byte in range(256)} | {b"ab": 256}
    plain = Tokenizer.from_ranks(ranks, pattern=r"[a-z]+")
    tokenizer = Tokenizer(plain.vocabulary, core=core)
    # What the pattern does not match is dropped, so a long text may have few tokens.
    text = "ab" + "!" * 10_000 + "ab"
    assert tokenizer.count_up_to(text, 5) == 2
    assert tokenizer.fits(text, 2)
    assert not tokenizer.fits(text, 1)


def test_special_tokens_are_text(load: Load) -> None:
    tokenizer = load("cl100k_base")
    text = "<|endoftext|>" * 100
    assert tokenizer.count_up_to(text, 10_000) == tokenizer.count(text) > 100


def test_the_longest_token(load: Load) -> None:
    """The fixed bound of truncation is that of every published encoding."""
    for name in bpe.list_encodings():
        tokenizer = load(name)
        longest = max(map(len, tokenizer.ranks))
        assert tokenizer._measured().longest == longest <= LOOK
    ranks = {bytes((byte,)): byte for byte in range(256)} | {b"x" * 70: 256}
    assert Tokenizer.from_ranks(ranks, pattern=r"\S+|\s")._measured().longest == 70


@pytest.mark.parametrize("method", ["count_up_to", "fits"])
def test_what_is_refused(method: str, load: Load) -> None:
    call: Callable[..., object] = getattr(load("gpt2"), method)
    with pytest.raises(ArgumentError, match="limit must be at least 0: -1"):
        call("x", -1)
    for wrong in (1.0, "1", None, True):
        with pytest.raises(TokenTypeError, match="limit must be an integer"):
            call("x", wrong)
    with pytest.raises(TokenTypeError, match="text must be a str, not bytes"):
        call(b"x", 1)


def test_text_is_not_imported_before_it_is_needed() -> None:
    import subprocess
    import sys

    code = (
        "import sys, bpe; t = bpe.load('gpt2'); t.encode('hello')\n"
        "assert not any(name.startswith('bpe.text') for name in sys.modules)\n"
        "t.count_up_to('hello ' * 1000, 10)\n"
        "assert 'bpe.text.measure' in sys.modules\n"
    )
    if bpe.core_name() == "compiled":
        # Limits of plain text need neither expressions nor chunks.
        code += "assert not {'re', 'typing', 'bpe.text.chunks'} & set(sys.modules)\n"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_subclasses_of_str(load: Load) -> None:
    class Text(str):
        __slots__ = ()

    tokenizer = load("gpt2")
    text = Text("hello there friend")
    assert tokenizer.count_up_to(text, 9) == tokenizer.count("hello there friend")
    assert tokenizer.fits(text, 9)
    long = "a b c d e f g h i"
    assert tokenizer.truncate(long, 6, "start", Text(" x")) == tokenizer.truncate(
        long, 6, "start", " x"
    )
