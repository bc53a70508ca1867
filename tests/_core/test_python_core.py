"""The reference core itself: both merges, the three forms of a vocabulary, buffers, specials."""

from __future__ import annotations

import random
import re
from array import array
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from bpe._core.patterns import CL100K
from bpe._core.python import NEVER, PythonCore, _any_pair, _listed_pairs, merge_heap, merge_plain
from bpe._core.special_set import special_regex
from bpe.encodings import encoding_vocabulary
from bpe.errors import PatternError, TokenRangeError, TokenTypeError, UnknownTokenError
from bpe.vocabulary import Vocabulary

BYTES = {bytes([byte]): byte for byte in range(256)}


@pytest.fixture(scope="module")
def cl100k() -> PythonCore:
    return PythonCore(encoding_vocabulary("cl100k_base"))


def random_ranks(rng: random.Random, size: int) -> dict[bytes, int]:
    """A vocabulary over few letters in which tokens overlap as much as they can."""
    ranks = dict(BYTES)
    tokens = [b"a", b"b", b"c"]
    while len(tokens) < size:
        token = rng.choice(tokens) + rng.choice(tokens)
        if token not in ranks:
            ranks[token] = 256 + len(tokens)
            tokens.append(token)
    return ranks


def random_merges(rng: random.Random, size: int) -> tuple[tuple[bytes, bytes], ...]:
    tokens = [b"a", b"b", b"c"]
    merges: list[tuple[bytes, bytes]] = []
    while len(merges) < size:
        pair = (rng.choice(tokens), rng.choice(tokens))
        if pair not in merges and len(pair[0] + pair[1]) < 20:
            merges.append(pair)
            tokens.append(pair[0] + pair[1])
    return tuple(merges)


def one_by_one(parts: list[bytes], pair_rank: Callable[[bytes, bytes], int]) -> list[bytes]:
    """The rule itself, without any bookkeeping."""
    while True:
        ranks = [pair_rank(a, b) for a, b in pairwise(parts)]
        lowest = min(ranks, default=NEVER)
        if lowest == NEVER:
            return parts
        at = ranks.index(lowest)
        parts = [*parts[:at], parts[at] + parts[at + 1], *parts[at + 2 :]]


@pytest.mark.parametrize("seed", range(30))
def test_merges_agree(seed: int) -> None:
    rng = random.Random(seed)
    by_rank = _any_pair(random_ranks(rng, 60))
    by_list = _listed_pairs(random_merges(rng, 60))
    for _ in range(30):
        letters = [b"a", b"b", b"c"][: rng.randrange(1, 4)]
        parts = rng.choices(letters, k=rng.randrange(1, 80))
        for pair_rank in (by_rank, by_list):
            expected = one_by_one(list(parts), pair_rank)
            assert merge_plain(list(parts), pair_rank) == expected
            assert merge_heap(list(parts), pair_rank) == expected


def test_long_pieces_of_a_real_vocabulary(cl100k: PythonCore) -> None:
    rng = random.Random(3)
    words = ["the", "ing", "a", "aaaa", "Straße", "中文", "q", "zz"]
    for size in (254, 255, 256, 257, 258, 600):
        text = "".join(rng.choices(words, k=size))[:size]
        parts = [bytes([byte]) for byte in text.encode()]
        expected = merge_plain(list(parts), cl100k._pair_rank)
        assert merge_heap(list(parts), cl100k._pair_rank) == expected
        assert [cl100k.token_bytes(t) for t in cl100k._encode_piece(text.encode())] == expected


@pytest.mark.parametrize("ignore_merges", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_listed_merges_as_tokenizers_does(seed: int, ignore_merges: bool) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    rng = random.Random(seed)
    merges = random_merges(rng, 40)
    ranks = dict(BYTES)
    for left, right in merges:
        ranks.setdefault(left + right, len(ranks))
    # Text of these letters, and no other byte has to be written in the byte-level alphabet.
    written = {chr(b) if chr(b) in "abc" else f"<{b}>": b for b in range(256)}
    written.update({token.decode(): rank for token, rank in ranks.items() if rank > 255})
    model = tokenizers.models.BPE(
        vocab=written,
        merges=[(a.decode(), b.decode()) for a, b in merges],
        ignore_merges=ignore_merges,
    )
    engine = tokenizers.Tokenizer(model)
    core = PythonCore(
        Vocabulary(
            name="listed",
            pattern=r"(?s:.)+",
            special_tokens={},
            ranks=ranks,
            merges=merges,
            ignore_merges=ignore_merges,
        )
    )
    for _ in range(200):
        text = "".join(rng.choices("abc", k=rng.randrange(1, 30)))
        assert core.encode(text) == engine.encode(text).ids


def test_forms_agree() -> None:
    table = encoding_vocabulary("r50k_base")
    by_ranks = Vocabulary(
        name="x", pattern=table.pattern, special_tokens={}, ranks=dict(table.ranks)
    )
    text = "Hello, wörld! 12345   it's\n\n  中文 \U0001f600"
    assert PythonCore(by_ranks).encode(text) == PythonCore(table).encode(text)


def test_methods_agree(cl100k: PythonCore) -> None:
    text = "Hello <|endoftext|> world, <|endoftext|>\n" * 3
    special = cl100k.special_set({"<|endoftext|>": 100257})
    for specials in (None, special, cl100k.special_set({})):
        tokens = cl100k.encode(text, specials)
        assert tokens.count(100257) == (6 if specials is special else 0)
        assert array("I", bytes(cl100k.encode_array(text, specials))).tolist() == tokens
        assert cl100k.count(text, specials) == len(tokens)
        assert cl100k.encode_batch([text, "a"], specials) == [tokens, [64]]
        assert cl100k.count_batch([text, "a"], specials) == [len(tokens), 1]
        assert cl100k.decode(tokens) == text.encode()
    assert cl100k.token_id(b"a") == 64
    assert cl100k.token_id(b"<|endoftext|>") is None


def test_surrogates_are_refused_everywhere() -> None:
    core = PythonCore(Vocabulary(name="x", pattern="a", special_tokens={}, ranks=BYTES))
    assert core.encode("xay") == [97]
    with pytest.raises(UnicodeEncodeError):
        core.encode("a\ud800")


def test_bad_pattern_fails_at_once() -> None:
    with pytest.raises(PatternError):
        PythonCore(Vocabulary(name="x", pattern=r"\p{Han}", special_tokens={}, ranks=BYTES))


# -- special tokens --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_special_tokens_are_found_leftmost_then_longest(seed: int) -> None:
    rng = random.Random(seed)
    texts = {
        "".join(rng.choices("ab<.", k=rng.randrange(1, 6))) for _ in range(rng.randrange(1, 20))
    }
    regex = re.compile(special_regex(texts))
    for _ in range(100):
        text = "".join(rng.choices("ab<.", k=20))
        starts = (
            max((t for t in texts if text.startswith(t, at)), key=len, default=None)
            for at in range(len(text))
        )
        expected = next((found for found in starts if found is not None), None)
        found = regex.search(text)
        assert (found and found.group()) == expected


def test_many_nested_special_tokens() -> None:
    texts = ["a" * n for n in range(1, 400)]
    found = re.search(special_regex(texts), "b" + "a" * 300)
    assert found is not None
    assert len(found.group()) == 300


def test_first_of_a_thousand_is_linear(cl100k: PythonCore) -> None:
    names = encoding_vocabulary("deepseek_v3").special_tokens
    special = cl100k.special_set(names)
    assert special.first("<｜place▁holder▁no▁" * 20_000) is None
    assert special.first("<" * 200_000 + "<think>") == "<think>"


def test_first_of_two_names_is_decoded() -> None:
    core = PythonCore(encoding_vocabulary("o200k_harmony"))
    assert core.token_bytes(200018) == b"<|endofprompt|>"
    special = core.special_set({"<|reserved_200018|>": 200018})
    assert core.encode("<|reserved_200018|>", special) == [200018]


# -- bytes -----------------------------------------------------------------------------------------


def test_encode_bytes_as_tiktoken_does(cl100k: PythonCore) -> None:
    tiktoken = pytest.importorskip("tiktoken")
    vocabulary = encoding_vocabulary("cl100k_base")
    engine = tiktoken.Encoding(
        "x", pat_str=CL100K, mergeable_ranks=dict(vocabulary.ranks), special_tokens={}
    )
    rng = random.Random(5)
    parts = [b"a", b" the", b" ", b"\n", b"\t", b"\r", b"\xe4\xb8\xad", b"\xf0\x9f\x98\x80", b"1"]
    parts += [b"\xe4", b"\xff", b"\x80", b"\xf0\x9f", b"\xed\xa0\x80", b"\xc0\xaf", b"", b"'s"]
    for _ in range(3000):
        data = b"".join(rng.choices(parts, k=rng.randrange(8)))
        tokens = cl100k.encode_bytes(data)
        assert tokens == engine._encode_bytes(data), data
        assert cl100k.decode(tokens) == data


# -- decoding --------------------------------------------------------------------------------------

IDS = [9906, 11, 1917, 0, 100257]
TEXT = b"Hello, world!<|endoftext|>"


def test_decode_takes_any_integers(cl100k: PythonCore) -> None:
    assert cl100k.decode(IDS) == TEXT
    assert cl100k.decode(tuple(IDS)) == TEXT
    assert cl100k.decode(iter(IDS)) == TEXT
    assert cl100k.decode([]) == b""
    assert cl100k.decode(b"!") == cl100k.token_bytes(33)
    for kind in "iIlLqQ":
        assert cl100k.decode(array(kind, IDS)) == TEXT
    doubled = array("I", [token for token in IDS for _ in "xx"])
    assert cl100k.decode(memoryview(doubled)[::2]) == TEXT


def test_decode_takes_numpy(cl100k: PythonCore) -> None:
    np: Any = pytest.importorskip("numpy")
    for kind in ("<u4", ">u4", "<i8", ">i8", "<u8", "<i4"):
        ids = np.array(IDS, dtype=kind)
        assert cl100k.decode(ids) == TEXT
        assert cl100k.decode(np.repeat(ids, 3)[::3]) == TEXT
        assert cl100k.decode(ids[::-1]) == cl100k.decode(IDS[::-1])
        assert cl100k.decode(ids[:0]) == b""
    assert cl100k.decode(list(np.array(IDS))) == TEXT
    assert cl100k.decode(np.array(IDS, dtype=object)) == TEXT
    assert cl100k.decode(np.array([])) == b""
    ids = np.array(IDS)
    ids.flags.writeable = False
    assert cl100k.decode(ids) == TEXT
    for wrong in (
        np.array(IDS, dtype=float),
        np.array([IDS, IDS]),
        np.array(5),
        np.array(["2020"], "M8[Y]"),
        np.array(["a"]),
    ):
        with pytest.raises(TokenTypeError):
            cl100k.decode(wrong)


@pytest.mark.parametrize("wrong", ["abc", [1, None], [1.0], [1, "1"], None, 5, [[1]], [b"a"]])
def test_decode_refuses_other_types(cl100k: PythonCore, wrong: Any) -> None:
    with pytest.raises(TokenTypeError):
        cl100k.decode(wrong)


def test_decode_names_the_culprit(cl100k: PythonCore) -> None:
    with pytest.raises(UnknownTokenError) as unknown:
        cl100k.decode([1, 100256, -1])
    assert (unknown.value.token, unknown.value.index) == (100256, 1)
    for token in (-1, 2**32, 10**30):
        with pytest.raises(TokenRangeError) as outside:
            cl100k.decode(iter([1, 2, token]))
        assert (outside.value.token, outside.value.index) == (token, 2)
    with pytest.raises(TokenRangeError):
        cl100k.decode(array("q", [-1]))
    with pytest.raises(UnknownTokenError):
        cl100k.token_bytes(100256)
