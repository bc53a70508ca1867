"""What an adversary tried: each of these once gave a wrong id or worse."""

from __future__ import annotations

import array
import ctypes
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import bpe
from bpe import Tokenizer, errors

BYTES = {bytes((byte,)): byte for byte in range(256)}


def make(core: Any, extra: dict[bytes, int]) -> Tokenizer:
    plain = Tokenizer.from_ranks({**BYTES, **extra}, pattern=bpe.load("cl100k_base").pattern)
    return Tokenizer(plain.vocabulary, core=core)


def test_a_token_that_no_merge_reaches_counts_as_a_whole_piece_only(core: Any) -> None:
    tokenizer = make(core, {"あ".encode(): 300})
    alone = [227, 129, 130]
    assert tokenizer.encode("あ") == [300]
    for length in (2, 4, 5, 6, 30, 300):
        assert tokenizer.encode("あ" * length) == alone * length
        assert tokenizer.count("あ" * length) == 3 * length


def test_bytes_after_tokens_that_no_merge_reaches(core: Any) -> None:
    text = "日本語文字列符号"
    tokenizer = make(core, {char.encode(): 300 + index for index, char in enumerate(text)})
    data = text.encode() + b"\xff"
    assert tokenizer.decode_bytes(tokenizer.encode_bytes(data)) == data


@pytest.mark.parametrize("kind", "bhilq")
@pytest.mark.parametrize("value", [-1, -2, -128])
def test_a_negative_id_in_a_buffer(load: Callable[[str], Tokenizer], kind: str, value: int) -> None:
    with pytest.raises(errors.TokenRangeError):
        load("cl100k_base").decode_bytes(array.array(kind, [value]))


class LongList(list[int]):
    def __len__(self) -> int:
        return 100_000


class EmptyTuple(tuple[int, ...]):
    def __len__(self) -> int:
        return 0


class Vanishing(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter(())


class Shrinking:
    def __init__(self, ids: list[Any]) -> None:
        self.ids = ids

    def __index__(self) -> int:
        self.ids.clear()
        return 15339


def test_lists_that_lie(load: Callable[[str], Tokenizer]) -> None:
    tokenizer = load("cl100k_base")
    assert tokenizer.decode(LongList([15339])) == "hello"
    assert tokenizer.decode(EmptyTuple((15339,))) == "hello"
    tokenizer.decode(Vanishing([Shrinking([]), *range(1000)]))
    ids: list[Any] = [0] * 100
    ids[0] = Shrinking(ids)
    try:
        tokenizer.decode(ids)
    except (RuntimeError, errors.BPEError):
        pass


def test_a_choice_that_can_be_read_once(load: Callable[[str], Tokenizer]) -> None:
    tokenizer = load("cl100k_base")
    text = "\ud800<|endoftext|>"
    for method in (tokenizer.encode, tokenizer.count):
        with pytest.raises(errors.DisallowedSpecialTokenError):
            method(text, disallowed_special=iter(["<|endoftext|>"]))  # type: ignore[arg-type]
    allowed = (name for name in ["<|endoftext|>"])
    assert tokenizer.encode(text, allowed_special=allowed)[-1] == 100257  # type: ignore[arg-type]


def test_a_batch_that_changes_while_it_is_encoded(load: Callable[[str], Tokenizer]) -> None:
    tokenizer = load("cl100k_base")
    expected = [tokenizer.encode_ordinary(f"text {index} " * 2000) for index in range(20)]
    for _ in range(5):
        texts: list[Any] = [f"text {index} " * 2000 for index in range(20)]
        thread = threading.Thread(target=texts.clear)
        results: list[list[list[int]]] = []
        work = threading.Thread(
            target=lambda texts=texts, results=results: results.append(
                tokenizer.encode_ordinary_batch(texts, num_threads=2)
            )
        )
        work.start()
        thread.start()
        thread.join()
        work.join()
        assert results[0] in ([], expected)


def test_more_threads_than_there_can_be(load: Callable[[str], Tokenizer]) -> None:
    tokenizer = load("cl100k_base")
    assert tokenizer.encode_batch(["a", "b"], num_threads=2**40) == [[64], [65]]
    with pytest.raises(errors.ArgumentError):
        tokenizer.encode_batch(["a"], num_threads=0)
    for batch in (None, 5):
        with pytest.raises(errors.TokenTypeError):
            tokenizer.decode_batch(batch)  # type: ignore[arg-type]


def test_a_token_longer_than_any(core: Any) -> None:
    with pytest.raises(errors.VocabularyError, match="bytes"):
        make(core, {b"a" * 100_000: 300})


def made_by_an_old_interface(text: str) -> str:
    """A str of C's `PyUnicode_FromStringAndSize(NULL, n)`: no characters until it is asked."""
    api = ctypes.pythonapi
    new, content = api.PyUnicode_FromStringAndSize, api.PyUnicode_AsUnicode
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_ssize_t)
    content.restype, content.argtypes = ctypes.c_void_p, (ctypes.py_object,)
    made: str = new(None, len(text))
    size = ctypes.sizeof(ctypes.c_wchar) * len(text)
    ctypes.memmove(content(made), ctypes.create_unicode_buffer(text), size)
    return made


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="there is no such str any more")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("text", ["wörld <|endoftext|>", "ascii <|endoftext|>", "né " * 20_000])
def test_a_str_that_is_not_ready(load: Callable[[str], Tokenizer], text: str) -> None:
    tokenizer = load("cl100k_base")
    ids = tokenizer.encode_ordinary(text)
    assert tokenizer.encode_ordinary(made_by_an_old_interface(text)) == ids
    assert tokenizer.count(made_by_an_old_interface(text)) == len(ids)
    assert tokenizer.encode_ordinary_batch([made_by_an_old_interface(text)]) == [ids]
    assert tokenizer.count_batch([made_by_an_old_interface(text)]) == [len(ids)]
    if "<|endoftext|>" in text:
        for method in (tokenizer.encode, lambda made: tokenizer.encode_batch([made])):
            with pytest.raises(errors.DisallowedSpecialTokenError):
                method(made_by_an_old_interface(text))
