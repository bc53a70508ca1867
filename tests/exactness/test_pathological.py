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

from . import generators, oracles
from .oracles import DEEPSEEK, FAMILIES, describe

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
    "base64": _drawn(generators.BASE64),
    "base64 letters": _drawn(generators.WORD_LETTERS),
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
    "whitespace": _drawn(generators.WHITESPACE),
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


@pytest.fixture(params=INPUTS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def _families(core: type[Any], kind: str) -> tuple[str, ...]:
    """Every family on the compiled core; on the Python core they take turns over the inputs."""
    if core.__name__ == "CompiledCore":
        return FAMILIES
    return (FAMILIES[[*INPUTS].index(kind) % len(FAMILIES)],)


def test_linear(kind: str, core: type[Any], load: Callable[[str], Tokenizer]) -> None:
    """Four times the text takes about four times as long: no clock, so any machine will do."""
    size = MEGABYTE if core.__name__ == "CompiledCore" else MEGABYTE // 8
    long, short = INPUTS[kind](size), INPUTS[kind](size // 4)
    for family in _families(core, kind):
        tokenizer = load(family)
        ratio = 0.0
        for _ in range(4):
            once = _seconds(tokenizer, short)
            again = _seconds(tokenizer, long)
            # Below some milliseconds there is nothing to compare.
            ratio = again / max(once, 0.002)
            if ratio < 8:
                break
        assert ratio < 8, f"{family}: {size // 4} bytes {once:.3f} s, {size} bytes {again:.3f} s"


def _seconds(tokenizer: Tokenizer, text: str) -> float:
    start = time.perf_counter()
    tokenizer.count(text)
    return time.perf_counter() - start


def test_ids(kind: str, core: type[Any], load: Callable[[str], Tokenizer]) -> None:
    """Ids of a megabyte, where the reference engine copes with it; with special tokens too."""
    compiled = core.__name__ == "CompiledCore"
    for family in _families(core, kind):
        pytest.importorskip("tokenizers" if family == DEEPSEEK else "tiktoken")
        tokenizer, reference = load(family), oracles.reference(family)
        size = MEGABYTE if compiled else MEGABYTE // 20
        if kind in BACKTRACKING:
            size = BACKTRACKING_SIZE
        for text in (INPUTS[kind](size), INPUTS[kind](size // 7) + "!"):
            found, expected = tokenizer.encode_ordinary(text), reference.ordinary(text)
            assert found == expected, f"{family}: {describe(text, found, expected)}"
            special, expected = (
                tokenizer.encode(text, allowed_special="all"),
                reference.special(text),
            )
            assert special == expected, f"{family}: {describe(text, special, expected)}"


def test_megabyte(kind: str, core: type[Any], load: Callable[[str], Tokenizer]) -> None:
    """What holds for any text, with no other engine: the only proof for long whitespace.

    A run of one class is cut by no pattern but at its end, and merging inside it is local: so the
    ids in the middle of a long run repeat those of a shorter run.
    """
    size = MEGABYTE if core.__name__ == "CompiledCore" else MEGABYTE // 8
    text = INPUTS[kind](size)
    for family in _families(core, kind):
        tokenizer = load(family)
        ids = tokenizer.encode_ordinary(text)
        assert tokenizer.decode(ids) == text
        assert tokenizer.count(text) == len(ids)
        shorter = tokenizer.encode_ordinary(INPUTS[kind](size // 2))
        shared = 0
        while shared < min(len(shorter), len(ids)) and shorter[shared] == ids[shared]:
            shared += 1
        if kind not in ("spaces and a newline", "spaces and a letter"):
            assert shared > len(shorter) - 300


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
        text = INPUTS[blanks](150_000)
        expected = _python(family).encode_ordinary(text)
        found = load(family).encode_ordinary(text)
        assert found == expected, f"{family}: {describe(text, found, expected)}"
