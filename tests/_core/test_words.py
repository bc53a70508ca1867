"""How words begin: characters and pairs of bytes that are merged before all else, on any bytes."""

from __future__ import annotations

import itertools
import random
from functools import cache

import pytest

from bpe import Tokenizer
from bpe._core import core_name
from bpe._core.python import PythonCore
from bpe.encodings import encoding_vocabulary
from bpe.vocabulary import Vocabulary

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


def test_all_two_bytes_between_others() -> None:
    rng = random.Random(2)
    tokenizer = fresh("o200k_base")
    for code in range(1 << 16):
        before, behind = (rng.choice((b"", b"a", b"\xd0", b"\xb8", b"\xe4\xb8")) for _ in range(2))
        data = before + code.to_bytes(2, "big") + behind
        assert tokenizer.encode_bytes(data) == reference("o200k_base").encode_bytes(data), data


# ---- vocabularies that are made for it

HOLE = NONE = 0xFFFFFFFF


def merged(ranks: dict[tuple[int, int], int], data: bytes) -> list[int]:
    """The plain merge; bytes are their own tokens, and a rank is its token."""
    parts = list(data)
    while len(parts) > 1:
        pairs = [ranks.get(pair, NONE) for pair in itertools.pairwise(parts)]
        if min(pairs) == NONE:
            break
        i = pairs.index(min(pairs))
        parts[i : i + 2] = [pairs[i]]
    return parts


def grow(
    rng: random.Random, alphabet: bytes, holes: int
) -> tuple[CompiledCore, dict[tuple[int, int], int]]:
    """A core of a few merges of these bytes, each reached by merging, some above many holes."""
    rows = [(byte, NONE) for byte in range(256)]
    tokens = {bytes([byte]): byte for byte in range(256)}
    ranks: dict[tuple[int, int], int] = {}
    known = [bytes([byte]) for byte in alphabet]
    size = rng.randrange(2, 25)
    jump = rng.randrange(size)
    for number in range(size):
        if number == jump:
            rows += [(HOLE, HOLE)] * holes
        left, right = rng.choice(known), rng.choice(known)
        both = left + right
        if both in tokens or len(both) > 12 or merged(ranks, both) != [tokens[left], tokens[right]]:
            continue
        ranks[tokens[left], tokens[right]] = tokens[both] = len(rows)
        rows.append((tokens[left], tokens[right]))
        known.append(both)
    raw = b"".join(number.to_bytes(4, "little") for row in rows for number in row)
    vocabulary = Vocabulary(name="made", pattern="(?s:.)+", special_tokens={}, pairs=raw)
    return CompiledCore(vocabulary), ranks


@pytest.mark.parametrize(
    "alphabet",
    [b"ab", b"abcd", b"a\xe4\xb8\xad", b"\xe4\xb8\xad", b"\xe4\xe5\xb8\xad", b"\xd0\xd1\xb8"],
)
@pytest.mark.parametrize("holes", [0, (1 << 16) - 264])
def test_equal_ranks_high_ranks_and_tokens_that_cut_characters(alphabet: bytes, holes: int) -> None:
    rng = random.Random(repr((alphabet, holes)))
    for _ in range(8 if holes else 60):
        core, ranks = grow(rng, alphabet, holes and holes + rng.randrange(12))
        for size in (1, 2, 3, 4, 5, 7, 9, 13, 17, 30, 61, 62, 63, 64, 65, 90):
            for _ in range(4):
                data = bytes(rng.choices(alphabet, k=size))
                assert list(core.encode_bytes(data)) == merged(ranks, data), (data, ranks)


def test_a_core_is_made_once() -> None:
    core = CompiledCore(encoding_vocabulary("gpt2"))
    with pytest.raises(TypeError):
        core.__init__(encoding_vocabulary("gpt2"))
