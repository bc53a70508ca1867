"""How words begin: characters and pairs of bytes that are merged before all else, on any bytes."""

from __future__ import annotations

import random
from functools import cache

import pytest

from bpe import Tokenizer
from bpe._core import core_name
from bpe._core.python import PythonCore
from bpe.encodings import encoding_vocabulary

if core_name() != "compiled":
    pytest.skip("the compiled core's words", allow_module_level=True)

from bpe._core.compiled import CompiledCore  # type: ignore[import-not-found, unused-ignore]

ENCODINGS = ("gpt2", "cl100k_base", "o200k_base", "deepseek_v3")
# Whole characters of each length, and what is left of them where texts are cut.
PARTS = (
    *("a", "th", " the", "0", ".", "'", "\n"),
    *("é", "о", "ни", "ש", "ع", "ß"),
    *("中", "文", "的", "い", "ン", "한", "국", "。", "ก", "ไ", "€"),
    *("😀", "𝒳"),
)
BROKEN = (
    *(b"\xe4", b"\xe4\xb8", b"\xb8\xad", b"\xad", b"\xef\xbe", b"\xe0\xb8"),
    *(b"\xed\xa0\x80", b"\xed\x95", b"\xd0", b"\xbe", b"\xf0\x9f", b"\x98\x80"),
    *(b"\xf0", b"\xc0\x80", b"\xff", b"\xfe", b"\x00"),
)


@cache
def reference(encoding: str) -> Tokenizer:
    return Tokenizer(encoding_vocabulary(encoding), core=PythonCore)


def fresh(encoding: str) -> Tokenizer:
    return Tokenizer(encoding_vocabulary(encoding), core=CompiledCore)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbe \xe0\xb8\x94",  # " \xe0" is a token
        b"\xe4\xb8\xad\xe4",
        b"\xe4\xb8\xe4\xb8\xad",
        b"\xad\xe4\xb8\xad",
        " 中文 中".encode(),
        "о中о한é".encode(),
    ],
)
def test_what_begins_or_ends_inside_of_characters(encoding: str, data: bytes) -> None:
    assert fresh(encoding).encode_bytes(data) == reference(encoding).encode_bytes(data)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_any_bytes_in_any_order(encoding: str) -> None:
    rng = random.Random(encoding)
    parts = [*(part.encode() for part in PARTS), *BROKEN]
    tokenizer = fresh(encoding)
    for times in range(1500):
        some = rng.sample(parts, 4) if times % 2 else parts
        data = b"".join(rng.choices(some, k=rng.choice((2, 3, 5, 12, 30))))
        ids = tokenizer.encode_bytes(data)
        assert ids == reference(encoding).encode_bytes(data), data
        assert tokenizer.decode_bytes(ids) == data


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_words_of_several_scripts(encoding: str) -> None:
    rng = random.Random(encoding)
    tokenizer = fresh(encoding)
    for _ in range(300):
        words = [
            "".join(rng.choices(PARTS, k=rng.randint(1, 9))) for _ in range(rng.choice((1, 40)))
        ]
        text = rng.choice((" ", "", "\n")).join(words)
        assert tokenizer.encode_ordinary(text) == reference(encoding).encode_ordinary(text), text


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_two_bytes_between_others(encoding: str) -> None:
    """All pairs of bytes, at the ends of a word and between others."""
    rng = random.Random(encoding)
    tokenizer = fresh(encoding)
    pairs = [bytes((a, b)) for a in range(256) for b in rng.sample(range(256), 12)]
    for pair in pairs:
        before, behind = (rng.choice((b"", b"a", b"\xd0", b"\xb8", b"\xe4\xb8")) for _ in range(2))
        data = before + pair + behind
        assert tokenizer.encode_bytes(data) == reference(encoding).encode_bytes(data), data
