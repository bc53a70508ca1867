"""Pieces that no table knows, among known ones: found together, and put in their places."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from functools import cache

import pytest

from bpe import Tokenizer
from bpe._core import core_name, patterns
from bpe._core.python import PythonCore
from bpe.encodings import encoding_vocabulary
from bpe.vocabulary import Vocabulary

if core_name() != "compiled":
    pytest.skip("the compiled core's tables", allow_module_level=True)

from bpe._core.compiled import CompiledCore  # type: ignore[import-not-found, unused-ignore]

# Where the tables for short, medium and large pieces, the words that are merged in turns, and what
# is remembered at all begin and end.
LENGTHS = (1, 2, 14, 15, 16, 17, 30, 31, 32, 33, 63, 64, 65, 511, 512, 513, 2_000)
KINDS = ("known", "short", "large", "giant")


MUCH_TEXT = 1 << 15  # characters after which the table begins with tokens


def decoded(token: bytes) -> str:
    try:
        return token.decode()
    except UnicodeDecodeError:
        return ""


def word(length: int, rng: random.Random) -> str:
    """A piece of `length` bytes that has hardly been seen before."""
    return "".join(rng.choices("etaoinshrdlu", k=length))


@cache
def reference(encoding: str) -> Tokenizer:
    return Tokenizer(encoding_vocabulary(encoding), core=PythonCore)


def fresh(encoding: str) -> Tokenizer:
    return Tokenizer(encoding_vocabulary(encoding), core=CompiledCore)


def check(tokenizer: Tokenizer, expected: Tokenizer, text: str) -> None:
    ids = expected.encode_ordinary(text)
    for _ in range(2):  # new, and known
        assert tokenizer.encode_ordinary(text) == ids
        assert list(tokenizer._core.encode_array(text)) == ids
        assert tokenizer.count(text) == len(ids)
    assert tokenizer.encode_ordinary_batch([text, text], num_threads=1) == [ids, ids]


@pytest.mark.parametrize("encoding", ["gpt2", "cl100k_base"])
@pytest.mark.parametrize("length", LENGTHS)
def test_one_new_piece_anywhere_among_known_ones(encoding: str, length: int) -> None:
    rng = random.Random(length)
    tokenizer = fresh(encoding)
    for place in range(5):
        words = ["the", "of", "and", "a"]
        words.insert(place, word(length, rng))
        check(tokenizer, reference(encoding), "\n".join(words))


@pytest.mark.parametrize("order", list(itertools.permutations(KINDS)))
def test_new_pieces_of_all_tables_in_any_order(order: tuple[str, ...]) -> None:
    rng = random.Random(str(order))
    lengths = {"short": 9, "large": 300, "giant": 600}
    tokenizer = fresh("cl100k_base")
    for repeat in (1, 2, 40):
        kinds = [kind for kind in order for _ in range(repeat)]
        words = ["known" if kind == "known" else word(lengths[kind], rng) for kind in kinds]
        check(tokenizer, reference("cl100k_base"), " ".join(words))


@pytest.mark.parametrize("output", ["array", "list", "count"])
def test_known_ids_stay_when_new_ones_need_much_room(output: str) -> None:
    rng = random.Random(output)
    lengths = [7 if i % 10 == 5 else 500 for i in range(1_500)]  # short ones make the blocks long
    words = ["the" if i % 10 == 0 else word(n, rng) for i, n in enumerate(lengths)]
    text = " ".join(words)
    expected = reference("cl100k_base").encode_ordinary(text)
    tokenizer = fresh("cl100k_base")
    if output == "array":
        assert list(tokenizer._core.encode_array(text)) == expected
    elif output == "list":
        assert tokenizer.encode_ordinary(text) == expected
    else:
        assert tokenizer.count(text) == len(expected)


@pytest.mark.parametrize("length", [3, 9, 15, 20, 31, 40, 64, 100, 512, 600])
@pytest.mark.parametrize("times", [2, 33, 400])
def test_the_same_new_piece_many_times_in_a_block(length: int, times: int) -> None:
    rng = random.Random(length * times)
    again = word(length, rng)
    words = [again if i % 3 else word(rng.choice(LENGTHS[:11]), rng) for i in range(times)]
    check(fresh("cl100k_base"), reference("cl100k_base"), " ".join(words))


@pytest.mark.parametrize("tokens", [14, 15, 16, 17, 31])
def test_medium_pieces_with_a_token_a_byte(tokens: int) -> None:
    """Rare letters of two bytes, each of which is two tokens."""
    rng = random.Random(tokens)
    letters = [chr(c) for c in range(0x7CA, 0x7EA)]
    words = ["".join(rng.choices(letters, k=tokens // 2)) + "x" * (tokens % 2) for _ in range(60)]
    check(fresh("cl100k_base"), reference("cl100k_base"), " ".join(words * 3))


@pytest.mark.parametrize("encoding", ["cl100k_base", "o200k_base", "deepseek_v3"])
def test_every_token_is_what_its_bytes_merge_to(encoding: str) -> None:
    """Until much text has been seen no table holds a token, and none is looked for."""
    vocabulary = encoding_vocabulary(encoding)
    texts = [text for text in map(decoded, vocabulary.ranks) if text]
    expected = reference(encoding).encode_ordinary_batch(texts)
    pieces = 0
    seen = MUCH_TEXT
    for text, ids in zip(texts, expected, strict=True):
        if seen + len(text) >= MUCH_TEXT:
            tokenizer = fresh(encoding)
            seen = 0
        seen += len(text)
        assert tokenizer.encode_ordinary(text) == ids
        pieces += len(ids) == 1
    assert pieces > 0.9 * len(texts)  # the others are of several pieces


@pytest.mark.parametrize("seed", range(8))
def test_many_new_pieces_of_all_lengths(seed: int) -> None:
    rng = random.Random(seed)
    tokenizer = fresh("o200k_base")
    for _ in range(6):
        words = [
            rng.choice(["the", " ", "of", "12", "\n"])
            if rng.random() < 0.6
            else word(rng.choice(LENGTHS[: 4 + seed * 2]), rng)
            for _ in range(600)
        ]
        check(tokenizer, reference("o200k_base"), " ".join(words))


def test_pieces_whose_ids_are_forgotten() -> None:
    """The ids of pieces with many tokens stand in a ring; this goes round it more than once."""
    tokenizer = Tokenizer(encoding_vocabulary("cl100k_base"), core=CompiledCore)
    rng = random.Random(4)
    words = [" " + "".join(rng.choices("bcdfghjklmnpqrstvwxz", k=12)) for _ in range(150_000)]
    lists = tokenizer.encode_ordinary_batch(words, num_threads=1)
    assert sum(map(len, lists)) > 1 << 20
    met_again = [*range(149_000, 150_000), *range(1_000), *rng.sample(range(150_000), 20_000)]
    for at in met_again:
        assert tokenizer.encode_ordinary(words[at]) == lists[at]
    fresh = Tokenizer(encoding_vocabulary("cl100k_base"), core=CompiledCore)
    assert [fresh.encode_ordinary(words[at]) for at in met_again] == [lists[at] for at in met_again]
    assert tokenizer.encode_ordinary("".join(words)) == list(itertools.chain.from_iterable(lists))


@pytest.fixture(params=[0, 1, 7], ids=lambda at: f"0xFF at {at}")
def odd_bytes(request: pytest.FixtureRequest) -> Callable[[int], bytes]:
    """Bytes that are no text: one of them is 0xFF."""

    def made(length: int) -> bytes:
        raw = bytearray(b"abcdefghijklmnopqrstuvwxyz"[:length])
        raw[min(int(request.param), length - 1)] = 0xFF
        return bytes(raw)

    return made


@pytest.mark.parametrize("length", range(2, 18))
def test_tokens_that_are_no_text_are_no_pieces(
    odd_bytes: Callable[[int], bytes], length: int
) -> None:
    """Short tokens stand in the tables by keys that suppose UTF-8: these must not be there."""
    ranks = {bytes([i]): i for i in range(256)}
    ranks[odd_bytes(length)] = 256
    ranks[odd_bytes(length)[:-1] + b"\xff"] = 257
    ranks[b"ab"] = 258
    vocabulary = Vocabulary(
        name="odd", pattern=patterns.CL100K, special_tokens={}, ranks=ranks, merges=None
    )
    tokenizer = Tokenizer(vocabulary, core=CompiledCore)
    expected = Tokenizer(vocabulary, core=PythonCore)
    tokenizer.encode_ordinary(" the cat" * 5_000)  # much text: the vocabulary's tokens are learned
    for n in range(1, 30):
        for first in "aXé":
            check(tokenizer, expected, first + "bcdefghijklmnopqrstuvwxyzabcd"[: n - 1])
