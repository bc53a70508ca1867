"""A megabyte of what makes tokenizers slow: time grows in step with length, and ids are right."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from bpe import Tokenizer
from bpe._core.python import PythonCore
from bpe.encodings import encoding_vocabulary

from . import characters, oracles
from .oracles import DEEPSEEK, FAMILIES, FULL, describe, thorough

pytestmark = pytest.mark.exact

MEGABYTE = 1_000_000


def _repeated(unit: str) -> Callable[[int], str]:
    return lambda size: unit * (size // len(unit.encode()))


def _drawn(characters: str) -> Callable[[int], str]:
    size_of_one = len(characters.encode()) / len(characters)
    return lambda size: "".join(random.Random(1).choices(characters, k=int(size / size_of_one)))


def _unicode(size: int) -> str:
    r = random.Random(2)
    codes = (r.randrange(0x110000 - 0x800) for _ in range(size // 4))
    return "".join(chr(code if code < 0xD800 else code + 0x800) for code in codes)


INPUTS: dict[str, Callable[[int], str]] = {
    "letter": _repeated("a"),
    "two letters": _repeated("ab"),
    "both cases": _repeated("aB"),
    "random letters": _drawn("abcdefghijklmnopqrstuvwxyz"),
    "few letters": _drawn("ab"),
    "base64": _drawn(characters.BASE64),
    "base64 letters": _drawn(characters.WORD_LETTERS),
    "digits": _drawn("0123456789"),
    "zeros": _repeated("0"),
    "spaces": _repeated(" "),
    "spaces and a letter": lambda size: " " * (size - 1) + "a",
    "spaces and a newline": lambda size: " " * (size - 1) + "\n",
    "tabs": _repeated("\t"),
    "newlines": _repeated("\n"),
    "carriage returns": _repeated("\r"),
    "both newlines": _repeated("\r\n"),
    "no-break spaces": _repeated("\xa0"),
    "whitespace": _drawn(characters.WHITESPACE),
    "spaces between newlines": _repeated(" \n \t\n"),
    "ideograph": _repeated("\u4e2d"),
    "ideographs": _drawn("".join(map(chr, range(0x4E00, 0x9FA6)))),
    "kana": _drawn("".join(map(chr, range(0x3041, 0x30FF)))),
    "hangul": _drawn("".join(map(chr, range(0xAC00, 0xD7A4)))),
    "latin-1": _drawn("".join(map(chr, range(0xA0, 0x100)))),
    "latin-1 letters": _drawn("".join(map(chr, range(0xC0, 0xD7)))),
    "unicode": _unicode,
    "unassigned": _repeated("\u0378"),
    "marks": _repeated("\u0301"),
    "letter and marks": lambda size: "a" + "\u0301" * (size // 2),
    "apostrophes": _repeated("'"),
    "contractions": _repeated("'s"),
    "long contractions": _repeated("a'll"),
    "punctuation": _drawn('!"#$%&()*+,-./:;<=>?@[]^_{|}~'),
    "dashes": _repeated("-"),
    "slashes": lambda size: "!" + "/" * (size - 1),
    "emoji": _repeated("\U0001f468\u200d\U0001f469\u200d\U0001f467"),
    "special tokens": _repeated("<|endoftext|>"),
    "starts of special tokens": _repeated("<|endoftext|"),
    "angles": _repeated("<"),
}
# fancy_regex gives up, or panics, on long runs of whitespace; tiktoken's time there is quadratic.
BACKTRACKING = {
    "spaces",
    "spaces and a letter",
    "spaces and a newline",
    "tabs",
    "newlines",
    "carriage returns",
    "both newlines",
    "no-break spaces",
    "whitespace",
    "spaces between newlines",
}
BACKTRACKING_SIZE = 20_000
# A whole megabyte on the Python core too, without BPE_EXACT_FULL.
ALWAYS_WHOLE = {"letter", "spaces"}
# In bytes, for deepseek_v3 and others: no token reaches further than this.
LONGEST_TOKEN = 300


@pytest.fixture(params=INPUTS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def _families(core: type[Any], kind: str) -> tuple[str, ...]:
    """Every family; on the Python core they take turns over the inputs."""
    if thorough(core):
        return FAMILIES
    return (FAMILIES[[*INPUTS].index(kind) % len(FAMILIES)],)


def test_linear(kind: str, core: type[Any], load: Callable[[str], Tokenizer]) -> None:
    """Four times the text takes about four times as long, whatever the machine.

    Processor time, as others may be at work.
    And what must hold of the ids with no other engine to ask: they decode to the text, and as
    merging is local, those of a text begin with those of its first quarter, but for its end.
    """
    size = MEGABYTE if thorough(core) or kind in ALWAYS_WHOLE else MEGABYTE // 8
    long, short = INPUTS[kind](size), INPUTS[kind](size // 4)
    for family in _families(core, kind):
        tokenizer = load(family)
        for _ in range(4):
            once, few = _timed(tokenizer, short)
            again, many = _timed(tokenizer, long)
            # Below some milliseconds there is nothing to compare.
            if again < 8 * max(once, 0.002):
                break
        else:
            pytest.fail(f"{family}: {size // 4} bytes {once:.3f} s, {size} bytes {again:.3f} s")
        assert tokenizer.count(short) == len(few)
        assert tokenizer.decode(many) == long
        if long.startswith(short):
            steady = len(few) - LONGEST_TOKEN
            assert many[:steady] == few[:steady] if steady > 0 else len(few) < LONGEST_TOKEN


def _timed(tokenizer: Tokenizer, text: str) -> tuple[float, list[int]]:
    start = time.process_time()
    ids = tokenizer.encode_ordinary(text)
    return time.process_time() - start, ids


def test_ids(kind: str, core: type[Any], load: Callable[[str], Tokenizer]) -> None:
    """Ids of a megabyte, where the reference engine copes with it.

    It takes a second for each, so that in a usual run two families take turns at the whole of it,
    and the others get a tenth.
    """
    turn = [*INPUTS].index(kind)
    for family in _families(core, kind):
        pytest.importorskip("tokenizers" if family == DEEPSEEK else "tiktoken")
        tokenizer, reference = load(family), oracles.reference(family)
        whole = FULL or (FAMILIES.index(family) - turn) % len(FAMILIES) < 2
        size = MEGABYTE if thorough(core) and whole else MEGABYTE // 10
        if kind in BACKTRACKING:
            size = BACKTRACKING_SIZE
        text = INPUTS[kind](size)
        found, expected = tokenizer.encode_ordinary(text), reference.ordinary(text)
        assert found == expected, f"{family}: {describe(text, found, expected)}"
        text = INPUTS[kind](size // 10) + "!"
        found, expected = tokenizer.encode(text, allowed_special="all"), reference.special(text)
        assert found == expected, f"{family}: {describe(text, found, expected)}"


@cache
def _python(family: str) -> Tokenizer:
    return Tokenizer(encoding_vocabulary(family), core=PythonCore)


@pytest.mark.parametrize("blanks", sorted(BACKTRACKING))
def test_long_whitespace_on_both_cores(
    blanks: str, core: type[Any], load: Callable[[str], Tokenizer]
) -> None:
    """The engines that could judge stop at some size here, so the cores judge each other."""
    if core is PythonCore:
        pytest.skip("the compiled core is compared with this one")
    for family in FAMILIES:
        text = INPUTS[blanks](60_000)
        expected = _python(family).encode_ordinary(text)
        found = load(family).encode_ordinary(text)
        assert found == expected, f"{family}: {describe(text, found, expected)}"
