"""Every code point of Unicode, in the contexts that a pattern can tell apart.

Classes come from a table, which could be wrong at any single code point: so no sample will do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bpe import Tokenizer

from . import oracles
from .oracles import FAMILIES, first_difference, thorough

pytestmark = pytest.mark.exact

CODE_POINTS = [*range(0xD800), *range(0xE000, 0x110000)]
# Alone, doubled, beside a letter of either case, a digit, a blank, an apostrophe, a newline, kana
# (with which the first bytes of a neighbour may merge).
CONTEXTS = (
    "{0}",
    "{0}{0}",
    "a{0}",
    "{0}a",
    "A{0}b",
    "1{0}2",
    " {0}",
    "{0} ",
    "'{0}",
    "{0}\n",
    "!{0}/",
    "\u30d5{0}\u3087",
    "\u4e2d{0}",
)
# The same in a row, so that a million code points take seconds: a block is compared as a whole,
# and only one that differs is looked at closely.
ROW = "a{0}\n{0}a {0}\n{0}{0}\n'{0}\r\n"
BLOCK, BLOCKS = 256, 200
# Where most classes and all the odd ones are; other ranges repeat one class for long.
DENSE = {*range(0x3400), *range(0x9FA0, 0xA4D0), *range(0xF900, 0x10000)}


def _sample(core: type[Any], family: str) -> list[int]:
    """All code points; on the Python core a tenth, another one for each family."""
    if thorough(core):
        return CODE_POINTS
    return CODE_POINTS[FAMILIES.index(family) :: 10]


def _compare(tokenizer: Tokenizer, reference: oracles.Oracle, texts: Sequence[str]) -> str:
    found = tokenizer.encode_ordinary_batch(texts)
    expected = reference.ordinary_batch(texts)
    return "" if found == expected else first_difference(texts, found, expected)


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    pytest.importorskip("tokenizers" if name == oracles.DEEPSEEK else "tiktoken")
    return name


def test_every_code_point_alone(
    family: str, core: type[Any], load: Callable[[str], Tokenizer]
) -> None:
    tokenizer, reference = load(family), oracles.reference(family)
    texts = [chr(code) for code in _sample(core, family)]
    for start in range(0, len(texts), 50_000):
        assert not _compare(tokenizer, reference, texts[start : start + 50_000])


def test_every_code_point_in_context(
    family: str, core: type[Any], load: Callable[[str], Tokenizer]
) -> None:
    tokenizer, reference = load(family), oracles.reference(family)
    rows = [ROW.format(chr(code)) for code in _sample(core, family)]
    for start in range(0, len(rows), BLOCK * BLOCKS):
        part = rows[start : start + BLOCK * BLOCKS]
        texts = ["".join(part[place : place + BLOCK]) for place in range(0, len(part), BLOCK)]
        difference = _compare(tokenizer, reference, texts)
        if difference:
            pytest.fail(_compare(tokenizer, reference, part) or difference)


def test_start_and_end_of_text(
    family: str, core: type[Any], load: Callable[[str], Tokenizer]
) -> None:
    tokenizer, reference = load(family), oracles.reference(family)
    codes = [code for code in _sample(core, family) if code in DENSE or code % 0x100 == 0xFF]
    for context in CONTEXTS:
        texts = [context.format(chr(code)) for code in codes]
        assert not _compare(tokenizer, reference, texts)
