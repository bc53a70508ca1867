"""Tokenizer's methods and their edges, on both cores."""

from __future__ import annotations

import array
import copy
import pickle
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

import bpe
from bpe import Tokenizer
from bpe.errors import MissingDependencyError, TokenTypeError, UnknownTokenError
from bpe.vocabulary import Vocabulary

Load = Callable[[str], Tokenizer]

# Three tokens in cl100k_base.
EMOJI = "👍"


@pytest.fixture
def cl100k(load: Load) -> Tokenizer:
    return load("cl100k_base")


def ranks_of_bytes() -> dict[bytes, int]:
    return {bytes((byte,)): byte for byte in range(256)}


class Text(str):
    """A str that lies about itself, as a subclass may."""

    __slots__ = ()

    def __str__(self) -> str:
        return "lies"

    def encode(self, *args: Any, **kwargs: Any) -> bytes:
        return b"lies"


# ---- text to ids


def test_the_main_job(cl100k: Tokenizer) -> None:
    assert cl100k.encode("hello world") == [15339, 1917]
    assert cl100k.encode_ordinary("hello world") == [15339, 1917]
    assert cl100k.decode([15339, 1917]) == "hello world"
    assert cl100k.count("hello world") == 2


def test_empty(cl100k: Tokenizer) -> None:
    assert cl100k.encode("") == []
    assert cl100k.encode("", allowed_special="all") == []
    assert cl100k.encode_ordinary("") == []
    assert cl100k.encode_bytes(b"") == []
    assert cl100k.count("") == 0
    assert cl100k.decode([]) == ""
    assert cl100k.decode_bytes([]) == b""
    assert cl100k.decode_with_offsets([]) == ("", [])
    assert cl100k.decode_tokens_bytes([]) == []
    for batch in (cl100k.encode_batch, cl100k.encode_ordinary_batch, cl100k.count_batch):
        assert batch([]) == []
    assert cl100k.decode_batch([]) == []
    assert cl100k.decode_bytes_batch([]) == []


def test_batches(cl100k: Tokenizer) -> None:
    texts = ["hello world", "", "goodbye world"]
    ids = [[15339, 1917], [], [19045, 29474, 1917]]
    for num_threads in (None, 1, 2, 8):
        assert cl100k.encode_batch(texts, num_threads=num_threads) == ids
        assert cl100k.encode_ordinary_batch(texts, num_threads=num_threads) == ids
        assert cl100k.count_batch(texts, num_threads=num_threads) == [2, 0, 3]
        assert cl100k.decode_batch(ids, num_threads=num_threads) == texts
        assert cl100k.decode_bytes_batch(ids, num_threads=num_threads) == [
            text.encode() for text in texts
        ]
    assert cl100k.encode_batch(iter(texts)) == ids
    assert cl100k.encode_batch(tuple(texts)) == ids
    assert cl100k.count_batch(text for text in texts) == [2, 0, 3]


def test_surrogates_in_every_method(cl100k: Tokenizer) -> None:
    joined = cl100k.encode(EMOJI)
    pair = EMOJI.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    split = "\ud83d\udc4d"
    assert pair == EMOJI
    lone = cl100k.encode("\ufffd")
    for text, ids in ((split, joined), ("\ud83d", lone), ("\udc4d", lone)):
        assert cl100k.encode(text) == ids
        assert cl100k.encode(text, disallowed_special=()) == ids
        assert cl100k.encode(text, allowed_special="all") == ids
        assert cl100k.encode_ordinary(text) == ids
        assert cl100k.encode_batch([text, "a"]) == [ids, [64]]
        assert cl100k.encode_ordinary_batch(["a", text]) == [[64], ids]
        assert cl100k.count(text) == len(ids)
        assert cl100k.count(text, allowed_special="all") == len(ids)
        assert cl100k.count_batch([text]) == [len(ids)]
        if find_spec("numpy"):
            assert cl100k.encode_to_numpy(text).tolist() == ids
    assert cl100k.encode_single_token("\ud800") == cl100k.encode_single_token("\ufffd")
    assert cl100k.encode("a\ud800b") == cl100k.encode("a\ufffdb")


def test_a_special_token_is_found_beside_surrogates(cl100k: Tokenizer) -> None:
    with pytest.raises(ValueError, match="endoftext"):
        cl100k.encode("\ud800<|endoftext|>")
    assert cl100k.encode("\ud800<|endoftext|>", allowed_special="all")[-1] == 100257


def test_str_subclasses_are_their_text(cl100k: Tokenizer) -> None:
    text = Text("hello world")
    assert cl100k.encode(text) == [15339, 1917]
    assert cl100k.encode_ordinary(text) == [15339, 1917]
    assert cl100k.encode(text, allowed_special="all") == [15339, 1917]
    assert cl100k.count(text) == 2
    assert cl100k.encode_batch([text]) == [[15339, 1917]]
    assert cl100k.count_batch([text]) == [2]
    assert cl100k.encode_single_token(Text("hello")) == 15339


def test_encode_to_numpy(cl100k: Tokenizer) -> None:
    np = pytest.importorskip("numpy")
    ids = cl100k.encode_to_numpy("hello world")
    assert ids.dtype == np.uint32
    assert ids.tolist() == [15339, 1917]
    assert cl100k.encode_to_numpy("").tolist() == []
    assert cl100k.encode_to_numpy("<|endoftext|>", allowed_special="all").tolist() == [100257]
    with pytest.raises(ValueError, match="endoftext"):
        cl100k.encode_to_numpy("<|endoftext|>")
    assert cl100k.decode(ids) == "hello world"
    with pytest.raises(TokenTypeError):
        cl100k.encode_to_numpy(b"hello")  # type: ignore[arg-type]


def test_encode_to_numpy_without_numpy(cl100k: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    class Absent:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "numpy":
                raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

    import sys

    monkeypatch.delitem(sys.modules, "numpy", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    with pytest.raises(MissingDependencyError, match="pip install numpy"):
        cl100k.encode_to_numpy("hello")


def test_encode_bytes(cl100k: Tokenizer) -> None:
    assert cl100k.encode_bytes(b"hello world") == [15339, 1917]
    for data in (
        b"\xff",
        b"\x80\x80",
        b"abc\xe2\x82",
        bytes(range(256)),
        b"\xed\xa0\x80",
        b" \xf0",
    ):
        assert cl100k.decode_bytes(cl100k.encode_bytes(data)) == data
    assert cl100k.encode_bytes(bytearray(b"hello")) == [15339]
    assert cl100k.encode_bytes(memoryview(b"hello")) == [15339]


def test_encode_single_token(cl100k: Tokenizer) -> None:
    assert cl100k.encode_single_token("hello") == 15339
    assert cl100k.encode_single_token(b"hello") == 15339
    assert cl100k.encode_single_token("<|endoftext|>") == 100257
    assert cl100k.encode_single_token(b"<|endoftext|>") == 100257
    assert cl100k.encode_single_token(bytearray(b"hello")) == 15339
    for unknown in ("hello world", "", b"", b"\xff\xff\xff", "日本語日本語"):
        with pytest.raises(UnknownTokenError) as caught:
            cl100k.encode_single_token(unknown)
        assert repr(unknown) in str(caught.value)


def test_encode_single_token_knows_tokens_that_are_no_pieces(cl100k: Tokenizer) -> None:
    not_utf8 = [token for token in cl100k.ranks if not _is_utf8(token)]
    assert len(not_utf8) == 773
    for token in not_utf8:
        assert cl100k.encode_single_token(token) == cl100k.ranks[token]


def _is_utf8(token: bytes) -> bool:
    try:
        token.decode()
    except UnicodeDecodeError:
        return False
    return True


# ---- ids to text


@pytest.mark.parametrize(
    "form",
    [list, tuple, iter, array.array, "signed", "long", "numpy", "numpy64", "strided", "memoryview"],
    ids=str,
)
def test_decode_takes_any_integers(cl100k: Tokenizer, form: Any) -> None:
    ids = [15339, 1917]

    def tokens() -> Any:
        if form is array.array:
            return array.array("I", ids)
        if form == "signed":
            return array.array("i", ids)
        if form == "long":
            return array.array("Q", ids)
        if form == "memoryview":
            return memoryview(array.array("I", ids))
        if isinstance(form, str):
            np = pytest.importorskip("numpy")
            if form == "strided":
                return np.array([15339, 0, 1917, 0], dtype=np.uint32)[::2]
            return np.array(ids, dtype=np.uint32 if form == "numpy" else np.int64)
        return form(ids)

    assert cl100k.decode(tokens()) == "hello world"
    assert cl100k.decode_bytes(tokens()) == b"hello world"
    assert cl100k.decode_tokens_bytes(tokens()) == [b"hello", b" world"]
    assert cl100k.decode_with_offsets(tokens()) == ("hello world", [0, 5])
    assert cl100k.decode_batch([tokens()]) == ["hello world"]


def test_numpy_integers_are_ids(cl100k: Tokenizer) -> None:
    np = pytest.importorskip("numpy")
    assert cl100k.decode([np.int64(15339), np.uint32(1917)]) == "hello world"
    assert cl100k.decode_single_token_bytes(np.uint16(15339)) == b"hello"
    assert cl100k.is_special_token(np.int64(100257))


def test_decode_errors_argument(cl100k: Tokenizer) -> None:
    half = cl100k.encode(EMOJI)[:1]
    assert cl100k.decode(half).endswith("\ufffd")
    assert cl100k.decode(half, "ignore") == ""
    with pytest.raises(UnicodeDecodeError):
        cl100k.decode(half, errors="strict")
    assert cl100k.decode_batch([half], errors="ignore") == [""]


def test_decode_special_tokens(cl100k: Tokenizer) -> None:
    assert cl100k.decode([15339, 100257]) == "hello<|endoftext|>"
    assert cl100k.decode_single_token_bytes(100257) == b"<|endoftext|>"


def test_offsets(cl100k: Tokenizer) -> None:
    # The values are tiktoken's.
    for text, offsets in (
        ("hello world", [0, 5]),
        ("hello world<|endoftext|> green cow", [0, 5, 11, 24, 30]),
        ("我非常渴望与人工智能一起工作", [0, 1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12, 13]),
        ("நடிகர் சூர்யா", [0, 0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9, 9, 10, 11, 12, 12]),
        (" Ġ除", [0, 1]),
    ):
        ids = cl100k.encode(text, allowed_special="all")
        decoded, found = cl100k.decode_with_offsets(ids)
        assert decoded == text
        assert found == offsets


def test_offsets_of_invalid_utf8(cl100k: Tokenizer) -> None:
    with pytest.raises(UnicodeDecodeError):
        cl100k.decode_with_offsets(cl100k.encode(EMOJI)[:1])


def test_offsets_against_the_definition(cl100k: Tokenizer) -> None:
    text = "Grüße, 世界 👩‍👩‍👧‍👦 — naïve 日本語テキスト\n\tx"
    ids = cl100k.encode(text)
    decoded, offsets = cl100k.decode_with_offsets(ids)
    assert decoded == text
    begin = 0
    for token, offset in zip(ids, offsets, strict=True):
        # The character that holds the token's first byte.
        assert len(text.encode()[:begin].decode("utf-8", "ignore")) == offset
        begin += len(cl100k.decode_single_token_bytes(token))


# ---- what it is made of


def test_sizes(load: Load) -> None:
    for name, size in (
        ("r50k_base", 50257),
        ("p50k_base", 50281),
        ("cl100k_base", 100277),
        ("o200k_base", 200019),
    ):
        tokenizer = load(name)
        assert tokenizer.n_vocab == size
        assert tokenizer.max_token_value == size - 1


def test_tables(cl100k: Tokenizer) -> None:
    assert cl100k.name == "cl100k_base"
    assert repr(cl100k) == "<Tokenizer 'cl100k_base'>"
    assert isinstance(cl100k.pattern, str)
    assert cl100k.eot_token == 100257
    assert cl100k.special_tokens["<|fim_prefix|>"] == 100258
    assert cl100k.special_tokens_set == set(cl100k.special_tokens)
    assert cl100k.is_special_token(100257)
    assert not cl100k.is_special_token(15339)
    assert not cl100k.is_special_token(-1)
    assert len(cl100k.ranks) == 100256
    assert cl100k.ranks[b"hello"] == 15339
    assert cl100k.token_byte_values() == sorted(cl100k.ranks)
    with pytest.raises(TypeError):
        cl100k.ranks[b"x"] = 1  # type: ignore[index]
    with pytest.raises(TypeError):
        cl100k.special_tokens["x"] = 1  # type: ignore[index]
    with pytest.raises(AttributeError):
        cl100k.name = "other"  # type: ignore[misc]


def test_every_id_decodes_and_comes_back(cl100k: Tokenizer) -> None:
    for token, rank in list(cl100k.ranks.items())[::97]:
        assert cl100k.decode_single_token_bytes(rank) == token
        assert cl100k.encode_single_token(token) == rank


def test_no_eot_token(core: type[Any]) -> None:
    plain = Vocabulary(name="tiny", pattern=r"\w+|\W", special_tokens={}, ranks=ranks_of_bytes())
    tokenizer = Tokenizer(plain, core=core)
    with pytest.raises(KeyError, match="tiny"):
        tokenizer.eot_token  # noqa: B018
    named = Vocabulary(
        name="tiny",
        pattern=r"\w+|\W",
        special_tokens={"</s>": 300},
        ranks=ranks_of_bytes(),
        eot_token="</s>",
    )
    assert Tokenizer(named, core=core).eot_token == 300
    assert Tokenizer(named, core=core).n_vocab == 301


def test_from_ranks() -> None:
    ranks = ranks_of_bytes() | {b"ab": 256, b"abc": 258}
    tokenizer = Tokenizer.from_ranks(
        ranks, pattern=r"\w+|\W", special_tokens={"<|end|>": 300}, name="mine"
    )
    assert tokenizer.name == "mine"
    assert tokenizer.encode("abcab<|end|>", allowed_special="all") == [258, 256, 300]
    assert tokenizer.decode([258, 300]) == "abc<|end|>"
    assert tokenizer.n_vocab == 301
    with pytest.raises(KeyError):
        tokenizer.decode([257])
    ranks[b"zz"] = 999
    assert b"zz" not in tokenizer.ranks


def test_from_ranks_of_a_bundled_encoding_is_equal() -> None:
    cl100k = bpe.load("cl100k_base")
    twin = Tokenizer.from_ranks(
        cl100k.ranks, pattern=cl100k.pattern, special_tokens=cl100k.special_tokens, name="twin"
    )
    text = "Hello, wörld! 日本語 12345 <|endoftext|>"
    assert twin.encode(text, allowed_special="all") == cl100k.encode(text, allowed_special="all")
    assert twin == cl100k
    assert hash(twin) == hash(cl100k)


# ---- equality, pickling, copies


def tiny(core: type[Any], **changes: Any) -> Tokenizer:
    arguments: dict[str, Any] = {
        "name": "tiny",
        "pattern": r"\w+|\W",
        "special_tokens": {"<|end|>": 300},
        "ranks": ranks_of_bytes() | {b"ab": 256},
    }
    return Tokenizer(Vocabulary(**arguments | changes), core=core)


def test_equality_and_hash_are_by_content(core: type[Any]) -> None:
    one = tiny(core)
    assert one == tiny(core)
    assert hash(one) == hash(tiny(core))
    assert {one: 1}[tiny(core)] == 1
    assert one != tiny(core, pattern=r"\w+|\W|x")
    assert one != tiny(core, special_tokens={"<|end|>": 301})
    assert one != tiny(core, ranks=ranks_of_bytes())
    assert one != "tiny"


def test_bundled_come_back_as_themselves() -> None:
    cl100k = bpe.load("cl100k_base")
    data = pickle.dumps(cl100k)
    assert len(data) < 200
    assert pickle.loads(data) is cl100k
    assert copy.deepcopy(cl100k) is cl100k
    assert copy.copy(cl100k) is cl100k
    assert copy.deepcopy({"t": [cl100k]})["t"][0] is cl100k


def test_others_come_back_by_content(core: type[Any]) -> None:
    one = tiny(core)
    for twin in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one), copy.copy(one)):
        assert twin == one
        assert type(twin._core) is core
        assert twin.encode("abab<|end|>", allowed_special="all") == [256, 256, 300]


def test_one_that_only_has_a_bundled_name_is_not_confused(core: type[Any]) -> None:
    impostor = tiny(core, name="cl100k_base")
    twin = pickle.loads(pickle.dumps(impostor))
    assert twin == impostor
    assert twin != bpe.load("cl100k_base")
