"""Generated text: ids, counts, offsets and bytes against the engines that define them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest

from bpe import Tokenizer

from . import characters, generators, oracles
from .oracles import DEEPSEEK, ENCODINGS, FAMILIES, decoded, first_difference, thorough

pytestmark = pytest.mark.exact

SEED = 20250
STRINGS = 100_000
Load = Callable[[str], Tokenizer]


@cache
def _strings(count: int, seed: int) -> list[str]:
    return list(generators.strings(count, seed))


def strings(core: type[Any], share: int = 1) -> list[str]:
    """A run's strings, or one in `share` of them; the Python core gets a tenth."""
    return _strings(STRINGS if thorough(core) else STRINGS // 10, SEED)[::share]


def assert_same(
    texts: Sequence[str], found: Sequence[Sequence[int]], expected: Sequence[Sequence[int]]
) -> None:
    assert len(found) == len(expected)
    if found != expected:
        pytest.fail(first_difference(texts, found, expected))


@pytest.fixture(params=ENCODINGS)
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    pytest.importorskip("tokenizers" if chosen == DEEPSEEK else "tiktoken")
    return chosen


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    pytest.importorskip("tokenizers" if chosen == DEEPSEEK else "tiktoken")
    return chosen


def test_encode_ordinary(family: str, core: type[Any], load: Load) -> None:
    tokenizer, texts = load(family), strings(core)
    found = [tokenizer.encode_ordinary(text) for text in texts]
    assert_same(texts, found, oracles.reference(family).ordinary_batch(texts))
    assert [tokenizer.count(text) for text in texts] == [len(ids) for ids in found]
    for text, ids in zip(texts, found, strict=True):
        assert tokenizer.decode_bytes(ids) == text.encode()


def test_special_tokens_allowed(name: str, core: type[Any], load: Load) -> None:
    # Half of the strings hold text of special tokens or parts of it; encodings of one family share
    # the ordinary part, so that a third of the strings is enough for each.
    tokenizer, texts = load(name), strings(core, 1 if name in FAMILIES and thorough(core) else 3)
    found = [tokenizer.encode(text, allowed_special="all") for text in texts]
    assert_same(texts, found, oracles.reference(name).special_batch(texts))


def test_batches_counts_arrays(name: str, core: type[Any], load: Load) -> None:
    """What must equal `encode` does, so that the oracle of `encode` stands for all of it."""
    tokenizer, texts = load(name), strings(core, 5)
    ordinary = [tokenizer.encode_ordinary(text) for text in texts]
    special = [tokenizer.encode(text, allowed_special="all") for text in texts]
    assert tokenizer.encode_ordinary_batch(texts) == ordinary
    assert tokenizer.encode_ordinary_batch(texts, num_threads=2) == ordinary
    assert tokenizer.encode_batch(texts, disallowed_special=()) == ordinary
    assert tokenizer.encode_batch(texts, allowed_special="all", num_threads=2) == special
    assert tokenizer.count_batch(texts) == list(map(len, ordinary))
    assert tokenizer.count_batch(texts, allowed_special="all") == list(map(len, special))
    for text, ids in zip(texts[::3], special[::3], strict=True):
        assert tokenizer.count(text, allowed_special="all") == len(ids)
    whole = [decoded(name, text) for text in texts]
    assert tokenizer.decode_batch(special) == whole
    assert tokenizer.decode_bytes_batch(special) == [text.encode() for text in whole]


def test_arrays(family: str, core: type[Any], load: Load) -> None:
    pytest.importorskip("numpy")
    tokenizer, texts = load(family), strings(core, 10)
    for text in texts:
        ids = tokenizer.encode_to_numpy(text, allowed_special="all")
        assert ids.tolist() == tokenizer.encode(text, allowed_special="all")
        assert tokenizer.decode_bytes(ids) == text.encode()
        ordinary = tokenizer.encode_to_numpy(text, disallowed_special=())
        assert ordinary.tolist() == tokenizer.encode_ordinary(text)


def test_windows(family: str, core: type[Any], load: Load) -> None:
    """Events around the edges of all windows and blocks, in texts of up to 12 KB."""
    tokenizer, reference = load(family), oracles.reference(family)
    texts = list(generators.edge_strings(4000 if thorough(core) else 350, SEED))
    found = [tokenizer.encode_ordinary(text) for text in texts]
    assert_same(texts, found, reference.ordinary_batch(texts))
    assert tokenizer.count_batch(texts) == list(map(len, found))


def test_every_alignment(family: str, core: type[Any], load: Load) -> None:
    """Each event at each of 0..70 bytes from the start, with the text ending there or later."""
    tokenizer, reference = load(family), oracles.reference(family)
    texts = [
        filler * length + event + tail
        for filler in ("a", " ", "!", "0", "\n")
        for event in characters.EVENTS
        for length in range(71)
        for tail in ("", "b", "  ")
    ]
    if not thorough(core):
        texts = texts[FAMILIES.index(family) :: 13]
    found = [tokenizer.encode_ordinary(text) for text in texts]
    assert_same(texts, found, reference.ordinary_batch(texts))


def test_long_texts(family: str, core: type[Any], load: Load) -> None:
    tokenizer, reference = load(family), oracles.reference(family)
    texts = list(generators.long_strings(SEED))
    texts = texts if thorough(core) else texts[3:4]
    assert_same(texts, tokenizer.encode_ordinary_batch(texts), reference.ordinary_batch(texts))
    found = tokenizer.encode_batch(texts, allowed_special="all")
    assert_same(texts, found, reference.special_batch(texts))


def test_all_short_words(family: str, core: type[Any], load: Load) -> None:
    """All strings of up to five characters over one character of each class."""
    tokenizer, reference = load(family), oracles.reference(family)
    alphabet = characters.ALPHABETS[family]
    for length in range(1, 6 if thorough(core) else 5):
        texts = list(generators.words(alphabet, length))
        texts = texts if thorough(core) else texts[:: 3 if length == 4 else 1]
        assert_same(texts, tokenizer.encode_ordinary_batch(texts), reference.ordinary_batch(texts))


def test_lone_surrogates(family: str, core: type[Any], load: Load) -> None:
    tokenizer, reference = load(family), oracles.reference(family)
    texts = list(generators.surrogate_strings(2000 if thorough(core) else 300, SEED))
    expected = reference.ordinary_batch(texts)
    assert_same(texts, [tokenizer.encode_ordinary(text) for text in texts], expected)
    assert_same(texts, tokenizer.encode_ordinary_batch(texts), expected)
    assert [tokenizer.count(text) for text in texts] == list(map(len, expected))
    found = [tokenizer.encode(text, allowed_special="all") for text in texts]
    assert_same(texts, found, reference.special_batch(texts))


def test_offsets(name: str, core: type[Any], load: Load) -> None:
    tokenizer = load(name)
    for text in strings(core, 40):
        ids = tokenizer.encode(text, allowed_special="all")
        found, offsets = tokenizer.decode_with_offsets(ids)
        assert found == decoded(name, text)
        assert offsets == _offsets(tokenizer.decode_tokens_bytes(ids))
        if name != DEEPSEEK:
            reference = oracles.reference(name)
            assert isinstance(reference, oracles.TiktokenOracle)
            assert (found, offsets) == reference.encoding.decode_with_offsets(ids)


def _offsets(tokens: Sequence[bytes]) -> list[int]:
    """By definition: how many whole characters the bytes before a token hold.

    A token that starts inside a character belongs to that character.
    """
    data = b"".join(tokens)
    ends = [0]
    for token in tokens:
        ends.append(ends[-1] + len(token))
    return [len(data[:end].decode(errors="ignore")) for end in ends[:-1]]


def test_bytes(name: str, core: type[Any], load: Load) -> None:
    """Bytes that are no UTF-8: tiktoken's `_encode_bytes`, and a round trip in any case."""
    tokenizer = load(name)
    datas = list(generators.byte_strings(20_000 if thorough(core) else 1500, SEED))
    reference = oracles.reference(name)
    for data in datas:
        ids = tokenizer.encode_bytes(data)
        assert tokenizer.decode_bytes(ids) == data
        if isinstance(reference, oracles.TiktokenOracle):
            expected = reference.encoding._encode_bytes(data)
            assert ids == expected, (data, ids, expected)
        else:
            try:
                text = data.decode()
            except UnicodeDecodeError:
                continue
            assert ids == tokenizer.encode_ordinary(text)


def test_every_token(name: str, core: type[Any], load: Load) -> None:
    """Every id there is gives its bytes, and the bytes of each give its id."""
    tokenizer = load(name)
    byte_values = {number: token for token, number in tokenizer.ranks.items()}
    texts: dict[int, bytes] = {}
    for text, number in tokenizer.special_tokens.items():
        texts.setdefault(number, text.encode())
        assert tokenizer.encode_single_token(text) == number
        assert tokenizer.encode(text, allowed_special="all") == [number]
    for number in range(tokenizer.n_vocab + 10):
        expected = byte_values.get(number, texts.get(number))
        if expected is None:
            with pytest.raises(KeyError):
                tokenizer.decode_bytes([number])
            continue
        assert tokenizer.decode_single_token_bytes(number) == expected
        if number in byte_values:
            assert tokenizer.encode_single_token(expected) == number
    assigned = [*byte_values, *texts]
    assert tokenizer.decode_bytes(assigned) == b"".join([*byte_values.values(), *texts.values()])


def test_every_token_as_text(family: str, core: type[Any], load: Load) -> None:
    """Each token's own text, and bytes: most are one token, some are not."""
    tokenizer, reference = load(family), oracles.reference(family)
    texts = []
    for token in [*tokenizer.ranks][:: 1 if thorough(core) else 10]:
        try:
            texts.append(token.decode())
        except UnicodeDecodeError:
            assert tokenizer.decode_bytes(tokenizer.encode_bytes(token)) == token
    assert_same(texts, tokenizer.encode_ordinary_batch(texts), reference.ordinary_batch(texts))
    pairs = [a + b for a, b in zip(texts, texts[997:], strict=False)]
    assert_same(pairs, tokenizer.encode_ordinary_batch(pairs), reference.ordinary_batch(pairs))


def test_tokens_inside_characters(family: str, core: type[Any], load: Load) -> None:
    """Text in which each token that is no UTF-8 by itself may come up."""
    tokenizer, reference = load(family), oracles.reference(family)
    broken = [token for token in tokenizer.ranks if not _is_text(token)]
    texts = list(generators.completions(broken if thorough(core) else broken[::10], SEED))
    assert len(texts) > len(broken) // 10
    assert_same(texts, tokenizer.encode_ordinary_batch(texts), reference.ordinary_batch(texts))
    ids = set().union(*reference.ordinary_batch(texts))
    if thorough(core):
        assert len(ids & {tokenizer.ranks[token] for token in broken}) > len(broken) // 3


def _is_text(token: bytes) -> bool:
    try:
        token.decode()
    except UnicodeDecodeError:
        return False
    return True
