"""Every bad input: its class, the builtin it also is, and a message that says what and where."""

from __future__ import annotations

import array
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bpe
from bpe import Tokenizer, errors
from bpe.vocabulary import Vocabulary

Load = Callable[[str], Tokenizer]

PATTERN = r"\w+|\W"
BYTES = {bytes((byte,)): byte for byte in range(256)}


@pytest.fixture
def cl100k(load: Load) -> Tokenizer:
    return load("cl100k_base")


# ---- text


class Thing:
    """Neither text nor number; in the names of tests it stands without its address."""

    def __repr__(self) -> str:
        return "thing"


NOT_TEXT: list[object] = [None, 5, 0, 1.5, b"bytes", b"", bytearray(b"x"), ["a"], []]
NOT_TEXT += [("a",), {}, Thing()]


@pytest.mark.parametrize("text", NOT_TEXT, ids=repr)
@pytest.mark.parametrize("method", ["encode", "encode_ordinary", "count", "encode_to_numpy"])
def test_not_a_str(cl100k: Tokenizer, method: str, text: Any) -> None:
    if method == "encode_to_numpy":
        pytest.importorskip("numpy")
    encode = getattr(cl100k, method)
    with pytest.raises(errors.TokenTypeError, match="text must be a str, not") as caught:
        encode(text)
    assert isinstance(caught.value, TypeError)
    assert ("None" if text is None else type(text).__name__) in str(caught.value)
    if method != "encode_ordinary":
        with pytest.raises(errors.TokenTypeError):
            encode(text, allowed_special="all")
        with pytest.raises(errors.TokenTypeError):
            encode(text, disallowed_special=())


@pytest.mark.parametrize("text", NOT_TEXT, ids=repr)
@pytest.mark.parametrize("method", ["encode_batch", "encode_ordinary_batch", "count_batch"])
def test_not_a_str_in_a_batch(cl100k: Tokenizer, method: str, text: Any) -> None:
    encode = getattr(cl100k, method)
    with pytest.raises(errors.TokenTypeError, match="at index 2") as caught:
        encode(["a", "b", text, "c"])
    assert caught.value.index == 2
    with pytest.raises(TypeError, match="at index 300"):
        encode(["word"] * 300 + [text], num_threads=2)


@pytest.mark.parametrize("batch", [None, 5, "text", b"text"], ids=repr)
@pytest.mark.parametrize("method", ["encode_batch", "encode_ordinary_batch", "count_batch"])
def test_not_a_batch(cl100k: Tokenizer, method: str, batch: Any) -> None:
    with pytest.raises(errors.TokenTypeError, match="a batch must be a list of str"):
        getattr(cl100k, method)(batch)


@pytest.mark.parametrize("num_threads", [0, -1])
def test_too_few_threads(cl100k: Tokenizer, num_threads: int) -> None:
    with pytest.raises(ValueError, match="num_threads"):
        cl100k.encode_batch(["a"], num_threads=num_threads)
    with pytest.raises(ValueError, match="num_threads"):
        cl100k.decode_batch([[1]], num_threads=num_threads)


@pytest.mark.parametrize("num_threads", [1.5, "2", True])
def test_threads_of_another_type(cl100k: Tokenizer, num_threads: Any) -> None:
    with pytest.raises(errors.TokenTypeError, match="num_threads"):
        cl100k.count_batch(["a"], num_threads=num_threads)


@pytest.mark.parametrize("data", [None, "text", 5, [1]], ids=repr)
def test_not_bytes(cl100k: Tokenizer, data: Any) -> None:
    with pytest.raises(errors.TokenTypeError, match="must be bytes"):
        cl100k.encode_bytes(data)
    if not isinstance(data, str):
        with pytest.raises(errors.TokenTypeError, match="must be bytes"):
            cl100k.encode_single_token(data)


# ---- ids


def decoders(tokenizer: Tokenizer) -> list[Callable[[Any], object]]:
    return [
        tokenizer.decode,
        tokenizer.decode_bytes,
        tokenizer.decode_tokens_bytes,
        tokenizer.decode_with_offsets,
        lambda tokens: tokenizer.decode_batch([[1], tokens]),
        lambda tokens: tokenizer.decode_bytes_batch([[1], tokens]),
    ]


@pytest.mark.parametrize("token", [100256, 100261, 100275, 100277, 1 << 20, 2**32 - 1])
def test_ids_without_bytes(cl100k: Tokenizer, token: int) -> None:
    for decode in decoders(cl100k):
        for form in ([1, token], iter([1, token]), array.array("I", [1, token])):
            with pytest.raises(errors.UnknownTokenError, match=str(token)) as caught:
                decode(form)
            assert isinstance(caught.value, KeyError)
    with pytest.raises(errors.UnknownTokenError, match=str(token)):
        cl100k.decode_single_token_bytes(token)


@pytest.mark.parametrize("token", [-1, -(2**31), 2**32, 2**63, 2**64, 2**200, -(2**200)])
def test_ids_out_of_range(cl100k: Tokenizer, token: int) -> None:
    for decode in decoders(cl100k):
        for form in ([1, token], iter([1, token])):
            with pytest.raises(errors.TokenRangeError) as caught:
                decode(form)
            assert isinstance(caught.value, OverflowError)
        with pytest.raises(OverflowError, match=str(token)):
            decode((1, token))
    with pytest.raises(errors.TokenRangeError, match=str(token)):
        cl100k.decode_single_token_bytes(token)


@pytest.mark.parametrize("token", [-1, 2**32, 2**62])
def test_ids_out_of_range_in_a_buffer(cl100k: Tokenizer, token: int) -> None:
    for decode in decoders(cl100k):
        with pytest.raises(errors.TokenRangeError):
            decode(array.array("q", [1, token]))


@pytest.mark.parametrize("token", [1.0, 1.5, "1", b"1", None, [1], float("nan"), Thing()], ids=repr)
def test_no_integers(cl100k: Tokenizer, token: Any) -> None:
    for decode in decoders(cl100k):
        with pytest.raises(errors.TokenTypeError, match="at index 1") as caught:
            decode([1, token])
        assert isinstance(caught.value, TypeError)
        with pytest.raises(errors.TokenTypeError):
            decode(iter([1, token]))
    with pytest.raises(errors.TokenTypeError, match="integer"):
        cl100k.decode_single_token_bytes(token)
    with pytest.raises(errors.TokenTypeError, match="integer"):
        cl100k.is_special_token(token)


@pytest.mark.parametrize("tokens", [None, 5, 1.5, Thing()], ids=repr)
def test_no_iterable(cl100k: Tokenizer, tokens: Any) -> None:
    for decode in decoders(cl100k):
        with pytest.raises(errors.TokenTypeError, match="iterable of token ids"):
            decode(tokens)
    with pytest.raises(errors.TokenTypeError, match="integer"):
        cl100k.decode("text")  # type: ignore[arg-type]


def test_buffers_of_other_things(cl100k: Tokenizer) -> None:
    for unfit in (array.array("d", [1.0, 2.0]), array.array("f", [1.0])):
        for decode in decoders(cl100k):
            with pytest.raises(errors.TokenTypeError):
                decode(unfit)
    np = pytest.importorskip("numpy")
    for unfit in (np.array([1.0, 2.0]), np.array(["a"]), np.array([[1.5]]), np.array([None])):
        for decode in decoders(cl100k):
            with pytest.raises(errors.TokenTypeError):
                decode(unfit)


def test_batches_say_where(cl100k: Tokenizer) -> None:
    with pytest.raises(KeyError) as caught:
        cl100k.decode_batch([[1], [2], [100256]])
    assert caught.value.__notes__ == ["in a batch, at index 2"]


# ---- ranks, special tokens, patterns


def from_ranks(**changes: Any) -> Tokenizer:
    arguments: dict[str, Any] = {"ranks": BYTES, "pattern": PATTERN, "special_tokens": {}}
    arguments |= changes
    return Tokenizer.from_ranks(arguments.pop("ranks"), **arguments)


@pytest.mark.parametrize(
    ("ranks", "message"),
    [
        ({}, "256 of the 256 bytes"),
        ({key: rank for key, rank in BYTES.items() if rank != 65}, "0x41"),
        (BYTES | {b"ab": 7}, "rank 7 is given twice"),
        (BYTES | {b"": 256}, "empty"),
        (BYTES | {b"ab": -1}, "b'ab'"),
        (BYTES | {b"ab": 2**32}, "b'ab'"),
        (BYTES | {b"ab": 2**32 - 1}, "b'ab'"),
    ],
)
def test_unfit_ranks(ranks: Any, message: str) -> None:
    with pytest.raises(errors.VocabularyError, match=message) as caught:
        from_ranks(ranks=ranks)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "ranks", [None, [(b"a", 1)], {"a": 1}, {b"a": "1"}, {b"a": 1.0}, {b"a": None}]
)
def test_ranks_of_another_type(ranks: Any) -> None:
    with pytest.raises(errors.TokenTypeError):
        from_ranks(ranks=ranks)


@pytest.mark.parametrize(
    ("special_tokens", "message"),
    [
        ({"": 300}, "empty"),
        ({"a": 300}, "'a' has the id 300"),
        ({"<x>": 97}, "which is the token b'a'"),
        ({"<x>": -1}, "'<x>'"),
        ({"<x>": 2**32}, "'<x>'"),
        ({"\ud800": 300}, "surrogate"),
    ],
)
def test_unfit_special_tokens(special_tokens: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(errors.VocabularyError, match=message) as caught:
        from_ranks(special_tokens=special_tokens)
    assert isinstance(caught.value, ValueError)
    path = tmp_path / "mine.tiktoken"
    path.write_bytes(rank_lines())
    with pytest.raises(errors.VocabularyError):
        bpe.load(path, pattern=PATTERN, special_tokens=special_tokens)


@pytest.mark.parametrize(
    ("special_tokens", "message"),
    [
        ({"": 300_000}, "empty"),
        ({"hello": 300_000}, "holds it as 15339"),
        ({"<x>": 15339}, "which is the token b'hello'"),
        ({"<|endoftext|>": 300_000}, "has it as 100257"),
    ],
)
def test_unfit_special_tokens_for_a_bundled_encoding(special_tokens: Any, message: str) -> None:
    with pytest.raises(errors.VocabularyError, match=message):
        bpe.load("cl100k_base", special_tokens=special_tokens)


@pytest.mark.parametrize(
    "special_tokens", [5, "x", ["x"], {5: 5}, {"x": "5"}, {"x": 1.5}, {"x": []}]
)
def test_special_tokens_of_another_type(special_tokens: Any) -> None:
    with pytest.raises(errors.TokenTypeError):
        from_ranks(special_tokens=special_tokens)
    with pytest.raises(errors.TokenTypeError):
        bpe.load("cl100k_base", special_tokens=special_tokens)


def test_a_special_token_may_be_its_own_entry() -> None:
    tokenizer = from_ranks(ranks=BYTES | {b"<x>": 256}, special_tokens={"<x>": 256})
    assert tokenizer.encode("<x>", allowed_special="all") == [256]
    assert tokenizer.decode([256]) == "<x>"


def test_a_high_id_takes_no_room(core: type[Any]) -> None:
    vocabulary = Vocabulary(
        name="high",
        pattern=PATTERN,
        special_tokens={"<x>": 2**32 - 2},
        ranks=BYTES | {b"ab": 2**31},
    )
    tokenizer = Tokenizer(vocabulary, core=core)
    assert tokenizer.encode("ab<x>", allowed_special="all") == [2**31, 2**32 - 2]
    assert tokenizer.decode([2**31, 2**32 - 2]) == "ab<x>"


@pytest.mark.parametrize("pattern", ["(", "[", "a{2,1}", "*", r"\p{Nonsense}", "(?P<a", "", ()])
def test_unfit_patterns(core: type[Any], pattern: Any) -> None:
    with pytest.raises(errors.PatternError) as caught:
        from_ranks(pattern=pattern)
    assert isinstance(caught.value, ValueError)
    if pattern:
        vocabulary = Vocabulary(name="x", pattern=pattern, special_tokens={}, ranks=BYTES)
        with pytest.raises(errors.PatternError):
            Tokenizer(vocabulary, core=core)


@pytest.mark.parametrize("pattern", [None, 5, b"a", ["a"], ("a", None)])
def test_patterns_of_another_type(pattern: Any) -> None:
    with pytest.raises(errors.TokenTypeError, match="pattern"):
        from_ranks(pattern=pattern)


# ---- files


def rank_lines() -> bytes:
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for token, rank in BYTES.items())


LINES = rank_lines()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"garbage",
        b"\x00\xff\xfe",
        LINES[:-4],  # cut in the last line
        LINES[: len(LINES) // 2],
        LINES[1:],
        LINES + b"YWI= 7\n",  # rank 7 twice
        LINES + b"YQ== 256\n",  # the token a twice
        LINES + b"YWI=\n",
        LINES + b"YWI= x\n",
        LINES + b"YWI= -1\n",
        LINES + b"YWI= 4294967296\n",
        LINES + b"YWI= 1.5\n",
        LINES + b"!!!! 256\n",
        LINES + b"YWI 256\n",
        LINES + b" 256\n",
        LINES + b"= 256\n",
        LINES.replace(b"QQ== 65\n", b""),  # a byte is missing
    ],
)
def test_corrupt_rank_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "corrupt.tiktoken"
    path.write_bytes(content)
    with pytest.raises(errors.VocabularyError, match=r"corrupt\.tiktoken") as caught:
        bpe.load(path, pattern=PATTERN)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"model": null}',
        b'{"model": {"type": "BPE"}}',
        b"\xff\xfe",
    ],
)
def test_corrupt_tokenizer_json(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "corrupt.json"
    path.write_bytes(content)
    with pytest.raises(errors.VocabularyError, match=r"corrupt\.json"):
        bpe.load(path)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "tokenizer.json").write_bytes(content)
    with pytest.raises(errors.VocabularyError, match=r"tokenizer\.json"):
        bpe.load(folder)


def test_deeply_nested_json(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_bytes(b"[" * 200_000)
    with pytest.raises(errors.VocabularyError, match=r"deep\.json"):
        bpe.load(path)


@pytest.mark.parametrize("name", ["missing.tiktoken", "missing.json", "missing/tokenizer.json"])
def test_missing_paths(tmp_path: Path, name: str) -> None:
    for form in (tmp_path / name, str(tmp_path / name)):
        with pytest.raises(errors.VocabularyFileNotFoundError, match="missing") as caught:
            bpe.load(form, pattern=PATTERN)
        assert isinstance(caught.value, FileNotFoundError)
        assert isinstance(caught.value, ValueError)
        assert caught.value.filename == str(tmp_path / name)


def test_a_folder_without_a_tokenizer(tmp_path: Path) -> None:
    for form in (tmp_path, str(tmp_path)):
        with pytest.raises(errors.VocabularyFileNotFoundError, match=r"no tokenizer\.json"):
            bpe.load(form)
    (tmp_path / "tokenizer.json").mkdir()
    with pytest.raises(errors.VocabularyFileNotFoundError):
        bpe.load(tmp_path)


def test_a_path_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(errors.VocabularyError):
        bpe.load("a\0b.tiktoken", pattern=PATTERN)
    (tmp_path / "folder.tiktoken").mkdir()
    with pytest.raises(errors.VocabularyError):
        bpe.load(tmp_path / "folder.tiktoken", pattern=PATTERN)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(errors.VocabularyError):
        bpe.load(tmp_path / "file" / "x.tiktoken", pattern=PATTERN)


def test_a_pattern_for_a_tokenizer_json(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"{}")
    with pytest.raises(errors.VocabularyError, match="pattern"):
        bpe.load(path, pattern=PATTERN)
