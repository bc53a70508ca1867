"""load: what a name means, one object for one thing, and once from many threads."""

from __future__ import annotations

import base64
import gc
import json
import os
import pickle
import threading
import weakref
from pathlib import Path

import pytest

import bpe
from bpe import loading
from bpe.encodings import encoding_vocabulary
from bpe.errors import (
    TokenTypeError,
    UnknownEncodingError,
    VocabularyError,
    VocabularyFileNotFoundError,
)
from bpe.formats.tokenizer_json import byte_characters

PATTERN = r"\w+|\W"


def rank_lines(extra: tuple[bytes, ...] = ()) -> bytes:
    tokens = [bytes((byte,)) for byte in range(256)] + list(extra)
    return b"".join(
        base64.b64encode(token) + b" " + str(rank).encode() + b"\n"
        for rank, token in enumerate(tokens)
    )


@pytest.fixture
def rank_file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.tiktoken"
    path.write_bytes(rank_lines((b"ab",)))
    return path


# ---- names


def test_bundled_are_one_object_under_all_names() -> None:
    cl100k = bpe.load("cl100k_base")
    assert bpe.load("cl100k_base") is cl100k
    assert bpe.load("gpt-4") is cl100k
    assert bpe.load("gpt-4-0613") is cl100k
    assert bpe.load("openai/gpt-4") is cl100k
    assert bpe.load("cl100k_base", name="cl100k_base") is cl100k
    assert bpe.load("cl100k_base", special_tokens={}) is cl100k
    assert bpe.load("o200k_base") is not cl100k


def test_an_encoding_comes_before_a_model() -> None:
    assert bpe.load("gpt2").name == "gpt2"
    assert bpe.load("gpt-2") is bpe.load("gpt2")


@pytest.mark.parametrize("name", ["gpt2", "r50k_base", "p50k_base", "p50k_edit", "o200k_harmony"])
def test_every_encoding_loads(name: str) -> None:
    tokenizer = bpe.load(name)
    assert tokenizer.name == name
    assert tokenizer.decode(tokenizer.encode("hello world")) == "hello world"


def test_special_tokens_add_to_a_bundled_encoding() -> None:
    plain = bpe.load("cl100k_base")
    more = bpe.load("cl100k_base", special_tokens={"<|im_start|>": 100264})
    assert more is not plain
    assert more.encode("<|im_start|><|endoftext|>", allowed_special="all") == [100264, 100257]
    assert "<|im_start|>" not in plain.special_tokens
    assert bpe.load("gpt-4", special_tokens={"<|im_start|>": 100264}) is more
    assert bpe.load("gpt-4", special_tokens={"<|im_start|>": 100265}) is not more
    assert bpe.load("cl100k_base") is plain


def test_a_bundled_encoding_can_be_renamed() -> None:
    mine = bpe.load("cl100k_base", name="mine")
    assert mine.name == "mine"
    assert mine.encode("hello world") == [15339, 1917]
    assert bpe.load("cl100k_base").name == "cl100k_base"


def test_a_pattern_for_a_bundled_encoding_is_an_error() -> None:
    for name in ("cl100k_base", "gpt-4"):
        with pytest.raises(VocabularyError, match="pattern"):
            bpe.load(name, pattern=PATTERN)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("cl100k", "cl100k_base"),
        ("o200kbase", "o200k_base"),
        ("deepseek_v4", "deepseek"),
        ("gpt4", "gpt-4"),
        ("openai/gpt4o", "gpt-4o"),
    ],
)
def test_unknown_names_list_near_matches(name: str, near: str) -> None:
    with pytest.raises(UnknownEncodingError, match=near) as caught:
        bpe.load(name)
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("name", ["", "zzzzzz", "a/b", "model.bin", "no\0name"])
def test_names_that_are_nothing(name: str) -> None:
    with pytest.raises(UnknownEncodingError, match="list_encodings"):
        bpe.load(name)


# ---- paths


def test_a_str_is_a_path_by_its_ending(rank_file: Path) -> None:
    tokenizer = bpe.load(str(rank_file), pattern=PATTERN)
    assert tokenizer.encode("ab abc") == [256, 32, 256, 99]
    assert tokenizer.name == "mine"


def test_an_ending_is_stronger_than_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("gpt-4-mine.tiktoken", "gpt-5.json", "./gpt-4-mine.json"):
        with pytest.raises(VocabularyFileNotFoundError):
            bpe.load(name, pattern=PATTERN)


def test_a_pathlike_is_always_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(VocabularyFileNotFoundError):
        bpe.load(Path("cl100k_base"))
    Path("cl100k_base").write_bytes(rank_lines())
    assert bpe.load(Path("cl100k_base"), pattern=PATTERN).n_vocab == 256
    assert bpe.load("cl100k_base").n_vocab > 256


def test_another_file_needs_a_pathlike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ranks.txt").write_bytes(rank_lines())
    with pytest.raises(UnknownEncodingError, match="pathlib"):
        bpe.load("ranks.txt", pattern=PATTERN)
    assert bpe.load(Path("ranks.txt"), pattern=PATTERN).n_vocab == 256


def test_a_name_is_stronger_than_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("cl100k_base", "gpt-4", "mine"):
        Path(name).mkdir()
    assert bpe.load("cl100k_base").name == "cl100k_base"
    assert bpe.load("gpt-4").name == "cl100k_base"
    for name in ("mine", "./gpt-4", str(tmp_path / "gpt-4")):
        with pytest.raises(VocabularyFileNotFoundError, match=r"tokenizer\.json"):
            bpe.load(name)


def test_arguments_of_a_rank_file(rank_file: Path) -> None:
    tokenizer = bpe.load(
        rank_file, pattern=PATTERN, special_tokens={"<|end|>": 300}, name="my name"
    )
    assert tokenizer.name == "my name"
    assert tokenizer.pattern == PATTERN
    assert tokenizer.encode("ab<|end|>", allowed_special="all") == [256, 300]
    with pytest.raises(VocabularyError, match="pattern="):
        bpe.load(rank_file)


@pytest.fixture
def json_folder(tmp_path: Path) -> Path:
    """A folder with the smallest tokenizer.json: bytes, one merge, one added token."""
    vocab = {character: byte for byte, character in enumerate(byte_characters())} | {"ab": 256}
    document = {
        "added_tokens": [{"id": 257, "content": "<|end|>", "special": True}],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
        "model": {"type": "BPE", "vocab": vocab, "merges": [["a", "b"]]},
    }
    folder = tmp_path / "my-model"
    folder.mkdir()
    (folder / "tokenizer.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def test_a_tokenizer_json_or_its_folder(json_folder: Path) -> None:
    tokenizer = bpe.load(json_folder)
    assert tokenizer.name == "my-model"
    assert tokenizer.encode("abc<|end|>", allowed_special="all") == [256, 99, 257]
    for source in (str(json_folder), json_folder / "tokenizer.json"):
        assert bpe.load(source) is tokenizer
    assert bpe.load(str(json_folder / "tokenizer.json")) is tokenizer
    more = bpe.load(json_folder, special_tokens={"<|more|>": 258}, name="mine")
    assert more.name == "mine"
    assert more.encode("<|more|><|end|>", allowed_special="all") == [258, 257]
    assert more != tokenizer
    twin = pickle.loads(pickle.dumps(tokenizer))
    assert twin == tokenizer
    with pytest.raises(VocabularyError, match="has it as 257"):
        bpe.load(json_folder, special_tokens={"<|end|>": 300})


# ---- one object


def test_a_file_is_one_object_while_it_and_the_arguments_are_equal(rank_file: Path) -> None:
    one = bpe.load(rank_file, pattern=PATTERN)
    assert bpe.load(str(rank_file), pattern=PATTERN) is one
    assert bpe.load(rank_file.parent / "." / rank_file.name, pattern=PATTERN) is one
    assert bpe.load(rank_file, pattern=r"\w+|\W+") is not one
    assert bpe.load(rank_file, pattern=PATTERN, name="x") is not one
    assert bpe.load(rank_file, pattern=PATTERN, special_tokens={"<x>": 300}) is not one


def test_a_changed_file_is_read_again(rank_file: Path) -> None:
    one = bpe.load(rank_file, pattern=PATTERN)
    rank_file.write_bytes(rank_lines((b"cd",)))  # the size stays
    os.utime(rank_file, ns=(1, 1))
    two = bpe.load(rank_file, pattern=PATTERN)
    assert two is not one
    assert two.encode("abcd") == [97, 98, 256]
    rank_file.write_bytes(rank_lines((b"cd", b"ef")))
    os.utime(rank_file, ns=(1, 1))
    assert bpe.load(rank_file, pattern=PATTERN).n_vocab == 258


def test_a_file_is_held_weakly(rank_file: Path) -> None:
    one = bpe.load(rank_file, pattern=PATTERN)
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None


def test_a_failure_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "late.tiktoken"
    with pytest.raises(VocabularyFileNotFoundError):
        bpe.load(path, pattern=PATTERN)
    path.write_bytes(b"garbage")
    with pytest.raises(VocabularyError):
        bpe.load(path, pattern=PATTERN)
    path.write_bytes(rank_lines())
    assert bpe.load(path, pattern=PATTERN).n_vocab == 256


# ---- threads


def test_many_threads_load_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    read = encoding_vocabulary

    def counted(name: str) -> object:
        reads.append(name)
        return read(name)

    monkeypatch.setattr(loading, "encoding_vocabulary", counted)
    monkeypatch.setattr(loading, "_bundled", {})
    barrier = threading.Barrier(8)
    found = []

    def work(number: int) -> None:
        barrier.wait()
        name = ("r50k_base", "gpt2", "davinci", "gpt-2")[number % 4]
        found.append((name, bpe.load(name)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reads) == ["gpt2", "r50k_base"]
    assert len({id(tokenizer) for _, tokenizer in found}) == 2


def test_many_threads_read_a_file_once(rank_file: Path) -> None:
    barrier = threading.Barrier(8)
    found = []

    def work() -> None:
        barrier.wait()
        found.append(bpe.load(rank_file, pattern=PATTERN))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(tokenizer) for tokenizer in found}) == 1


def test_not_a_name_nor_a_path() -> None:
    for unfit in (None, 5, b"cl100k_base", ["cl100k_base"]):
        with pytest.raises(TokenTypeError, match="load takes"):
            bpe.load(unfit)  # type: ignore[arg-type]
