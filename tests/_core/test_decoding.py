"""Ids to bytes and to text: every kind of str, characters cut by tokens, bytes that are no text."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable
from typing import Any

import pytest

from bpe import Tokenizer
from bpe.errors import TokenRangeError, TokenTypeError, UnknownTokenError

ENCODINGS = ["gpt2", "cl100k_base", "o200k_base", "deepseek_v3"]
Load = Callable[[str], Tokenizer]

# What is in a str of each kind: ASCII; one byte a character; two; four.
KINDS = (
    ("a", " the", "\n", "0"),
    ("a", "é", "\x80", "ÿ", "ß "),
    ("a ", "я", "あ", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "é"),
    ("😀", "\U00010000", "\U0010ffff", "あ", "é", "words"),
)
# Sequences that are not valid, or hardly.
BROKEN = [
    *(b"\x80", b"\xbf\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc3", b"\xdf", b"\xe0\x80\x80"),
    *(b"\xe0\x9f\xbf", b"\xe3\x81", b"\xe3", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x9f\x98"),
    *(b"\xf0\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80"),
    *(b"\xfe", b"\xff", b"\xe3\x81\xe3\x81\x82", b"\xc3\xc3\xa9", b"\xf0\x9f\x98\xff"),
]


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives, or what it raises."""
    try:
        return call()
    except UnicodeDecodeError as error:
        return error.args


def check(tokenizer: Tokenizer, ids: list[int], data: bytes) -> None:
    """All ways to decode these ids to text agree with Python's decoder."""
    assert tokenizer.decode_bytes(ids) == data
    assert tokenizer.decode_bytes(array("I", ids)) == data
    text = data.decode("utf-8", "replace")
    assert tokenizer.decode(ids) == text
    assert tokenizer.decode(tuple(ids)) == text
    assert tokenizer.decode(array("I", ids)) == text
    assert tokenizer.decode_batch([ids, []]) == [text, ""]
    for errors in ("strict", "ignore", "surrogateescape", "backslashreplace"):
        expected = outcome(lambda errors=errors: data.decode("utf-8", errors))  # type: ignore[misc]
        assert outcome(lambda errors=errors: tokenizer.decode(ids, errors)) == expected  # type: ignore[misc]


def same_str(found: str, expected: str) -> bool:
    """Equal, and of the same kind: a wider one would be equal to nothing, and take more memory."""
    return (
        found == expected
        and hash(found) == hash(expected)
        and found.__sizeof__() == str(expected.encode(), "utf-8").__sizeof__()
        and {found: 1}[expected] == 1
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", range(4))
def test_every_kind_of_str(encoding: str, kind: int, load: Load) -> None:
    tokenizer = load(encoding)
    rng = random.Random(kind)
    for length in [*range(45), 60, 100, 300, 1000]:
        text = "".join(rng.choices(KINDS[kind], k=length))
        ids = tokenizer.encode_ordinary(text)
        check(tokenizer, ids, text.encode())
        assert same_str(tokenizer.decode(ids), text)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_one_character_in_much_ascii(encoding: str, load: Load) -> None:
    tokenizer = load(encoding)
    for character in ("é", "Ā", "あ", "😀", "\x80", "\uffff"):
        for before in (0, 1, 14, 15, 16, 17, 31, 33):
            for after in (0, 1, 15, 16, 17, 31, 64):
                text = "x" * before + character + "y" * after
                assert same_str(tokenizer.decode(tokenizer.encode_ordinary(text)), text)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_any_single_bytes(encoding: str, load: Load) -> None:
    tokenizer = load(encoding)
    single = [tokenizer.encode_single_token(bytes((byte,))) for byte in range(256)]
    rng = random.Random(5)
    atoms = [*BROKEN, *(text.encode() for kind in KINDS for text in kind)]
    pads = [b"", b"x" * 17, "é".encode() * 20, "あ".encode() * 17, "😀".encode() * 17]
    for broken in BROKEN:
        for before in pads:
            for after in pads:
                data = before + broken + after
                check(tokenizer, [single[byte] for byte in data], data)
    for _ in range(300):
        data = b"".join(rng.choices(atoms, k=rng.randint(1, 40)))
        check(tokenizer, [single[byte] for byte in data], data)
    for _ in range(100):
        data = rng.randbytes(rng.randint(1, 100))
        check(tokenizer, [single[byte] for byte in data], data)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_any_ids(encoding: str, load: Load) -> None:
    """Long tokens, special ones, and characters cut everywhere, also where blocks of ids end."""
    tokenizer = load(encoding)
    known = {}
    for token in range(tokenizer.n_vocab):
        try:
            known[token] = tokenizer.decode_single_token_bytes(token)
        except UnknownTokenError:
            continue
    every = list(known)
    longest = sorted(every, key=lambda token: len(known[token]))[-50:]
    odd = [token for token in every if not known[token].isascii()]
    assert tokenizer.decode_bytes(every) == b"".join(known.values())
    assert len(known[longest[-1]]) > 16
    rng = random.Random(6)
    for pool in (every, longest, odd, longest + odd, [*tokenizer._special_ids, every[0]]):
        for count in (1, 2, 63, 64, 65, 127, 128, 129, 500):
            ids = rng.choices(pool, k=count)
            check(tokenizer, ids, b"".join(known[token] for token in ids))


def test_every_place_of_a_wrong_id(load: Load) -> None:
    tokenizer = load("cl100k_base")
    for place in (0, 1, 62, 63, 64, 65, 127, 128, 199):
        for wrong, error in (
            (100256, UnknownTokenError),
            (2**31, UnknownTokenError),
            (-1, TokenRangeError),
            (2**32, TokenRangeError),
            (2**70, TokenRangeError),
            ("1", TokenTypeError),
        ):
            ids: list[Any] = [1] * 200
            ids[place] = wrong
            ids[190] = ids[190] if place < 190 else wrong
            if place < 190:
                ids[195] = None  # the first one that is wrong is told
            for decode in (tokenizer.decode, tokenizer.decode_bytes):
                for form in (list, tuple):
                    with pytest.raises(error) as caught:
                        decode(form(ids))
                    if place < 190:
                        assert getattr(caught.value, "index") == place  # noqa: B009
    for place in (0, 63, 64, 150):
        numbers = array("q", [1] * 200)
        numbers[place] = 100256
        with pytest.raises(UnknownTokenError) as caught:
            tokenizer.decode(numbers)
        assert (caught.value.token, caught.value.index) == (100256, place)
        numbers[place] = -1
        with pytest.raises(TokenRangeError):
            tokenizer.decode(numbers)


def test_a_list_that_its_own_ids_change(core: type[Any], load: Load) -> None:
    tokenizer = load("cl100k_base")

    class Emptying:
        def __index__(self) -> int:
            ids.clear()
            return 33

    for place in (0, 1, 63, 64, 70):
        for decode in (tokenizer.decode_bytes, tokenizer.decode):
            ids: list[Any] = [33] * 200
            ids[place] = Emptying()
            found = decode(ids)
            # The Python core ends where the list does.
            assert len(found) == (200 if core.__name__ == "CompiledCore" else place + 1)


def test_ids_with_gaps(core: type[Any]) -> None:
    ranks = {bytes((byte,)): 3 * byte for byte in range(256)} | {b"ab": 5000, "é".encode(): 6000}
    tokenizer = Tokenizer.from_ranks(ranks, pattern=r"\w+|\W", special_tokens={"<|end|>": 5500})
    tokenizer = Tokenizer(tokenizer._vocabulary, core=core)
    data = ("ab<|end|>é" * 100).encode()
    ids = [5000, 5500, 6000] * 100
    check(tokenizer, ids, data)
    check(tokenizer, [3 * byte for byte in data], data)
    for wrong in (1, 4999, 6001):
        with pytest.raises(UnknownTokenError):
            tokenizer.decode([*ids, wrong])


def test_handlers_of_errors(load: Load) -> None:
    tokenizer = load("cl100k_base")
    ids = tokenizer.encode("text")
    for wrong in (None, 5, b"strict"):
        with pytest.raises(TypeError):
            tokenizer.decode(ids, wrong)  # type: ignore[arg-type]
    with pytest.raises(LookupError):
        tokenizer.decode(tokenizer.encode_bytes(b"\xff"), "no handler")
