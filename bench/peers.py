"""One class for each tokenizer that is measured, behind one interface.

A peer's `entries` are its fastest public way to each kind of output; what it cannot do has no
entry.  Imports are lazy, so that a process holds only the peer that it measures.

| entry | call | result |
| --- | --- | --- |
| list | text | list of int |
| array | text | ids in one buffer of uint32 (for `tokenizers`, which has none, its list) |
| count | text | number of ids |
| encode, ordinary | text | list; default policy on special tokens, and none |
| str, bytes | list of int | decoded text |
| batch, flat, counts | list of texts, threads | one result a text; one buffer for all; numbers |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

ENCODINGS = ("cl100k_base", "o200k_base", "deepseek_v3", "gpt2")
# gpt2 has the ranks of r50k_base, and its pattern.
RANK_FILES = {
    "cl100k_base": "cl100k_base.tiktoken",
    "o200k_base": "o200k_base.tiktoken",
    "gpt2": "r50k_base.tiktoken",
}
JSON_FILES = {"deepseek_v3": "deepseek_v3.tokenizer.json"}
GPT2_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
BUNDLED = {"cl100k_base": "", "o200k_base": ""}


class Peer:
    """A tokenizer with one encoding loaded."""

    name: ClassVar[str]
    package: ClassVar[str]
    # encoding -> the published file that is loaded, "" where the package bundles it.
    files: ClassVar[dict[str, str]]

    def __init__(self, encoding: str, published: str) -> None:
        self.entries: dict[str, Callable[..., Any]] = {}

    @classmethod
    def snippet(cls, encoding: str, published: str) -> str:
        """Python source that imports, loads and binds `encode`: what the load section times."""
        raise NotImplementedError

    @classmethod
    def path(cls, encoding: str, published: str) -> str:
        return f"{published}/{cls.files[encoding]}"


class Bpe(Peer):
    name, package = "bpe", "cybpe"
    files: ClassVar = dict.fromkeys(ENCODINGS, "")

    def __init__(self, encoding: str, published: str) -> None:
        import bpe  # type: ignore[import-not-found,unused-ignore]

        t: Any = bpe.load(encoding)
        numpy = t.encode_to_numpy
        ordinary_batch, count_batch = t.encode_ordinary_batch, t.count_batch
        self.entries = {
            "list": t.encode_ordinary,
            "array": lambda text: numpy(text, disallowed_special=()),
            "count": t.count,
            "encode": t.encode,
            "ordinary": t.encode_ordinary,
            "str": t.decode,
            "bytes": t.decode_bytes,
            "batch": lambda texts, threads: ordinary_batch(texts, num_threads=threads),
            "counts": lambda texts, threads: count_batch(texts, num_threads=threads),
        }

    @classmethod
    def snippet(cls, encoding: str, published: str) -> str:
        return f"import bpe; encode = bpe.load({encoding!r}).encode_ordinary"


class Tiktoken(Peer):
    """Finds the published files through TIKTOKEN_CACHE_DIR, as its users do."""

    name, package, files = "tiktoken", "tiktoken", RANK_FILES

    def __init__(self, encoding: str, published: str) -> None:
        import tiktoken

        t = tiktoken.get_encoding(self.files[encoding].removesuffix(".tiktoken"))
        ordinary, numpy = t.encode_ordinary, t.encode_to_numpy
        self.entries = {
            "list": ordinary,
            "array": lambda text: numpy(text, disallowed_special=()),
            "count": lambda text: len(ordinary(text)),
            "encode": t.encode,
            "ordinary": ordinary,
            "str": t.decode,
            "bytes": t.decode_bytes,
            "batch": lambda texts, threads: t.encode_ordinary_batch(texts, num_threads=threads),
        }

    @classmethod
    def snippet(cls, encoding: str, published: str) -> str:
        name = cls.files[encoding].removesuffix(".tiktoken")
        return f"import tiktoken; encode = tiktoken.get_encoding({name!r}).encode_ordinary"


class Tokenizers(Peer):
    """encode_batch_fast computes no offsets and is its fastest way, for one text too."""

    name, package, files = "tokenizers", "tokenizers", JSON_FILES

    def __init__(self, encoding: str, published: str) -> None:
        from tokenizers import Tokenizer

        t: Any = Tokenizer.from_file(self.path(encoding, published))
        fast = t.encode_batch_fast

        def ids(text: str) -> Any:
            return fast([text], add_special_tokens=False)[0].ids

        self.entries = {
            "list": ids,
            "array": ids,
            "count": lambda text: len(fast([text], add_special_tokens=False)[0]),
            "encode": ids,
            "str": lambda tokens: t.decode(tokens, skip_special_tokens=False),
            "batch": lambda texts, threads: fast(texts, add_special_tokens=False),
        }

    @classmethod
    def snippet(cls, encoding: str, published: str) -> str:
        return (
            "from tokenizers import Tokenizer\n"
            f"t = Tokenizer.from_file({cls.path(encoding, published)!r})\n"
            "encode = lambda text: t.encode(text, add_special_tokens=False).ids"
        )


class Gigatoken(Peer):
    """Called on its backend, which spares it a Python frame; takes str as everybody here does."""

    name, package = "gigatoken", "gigatoken"
    files: ClassVar = {**RANK_FILES, **JSON_FILES}

    def __init__(self, encoding: str, published: str) -> None:
        import gigatoken

        path = self.path(encoding, published)
        ranks = encoding in RANK_FILES
        t: Any = gigatoken.Tokenizer.from_tiktoken(path) if ranks else gigatoken.Tokenizer(path)
        backend = t.backend
        encode, lists, decode = backend.encode, backend.encode_batch_list, backend.decode
        self.entries = {
            "list": lambda text: lists([text], parallel=False)[0],
            "array": encode,
            "count": lambda text: len(encode(text)),
            "str": lambda tokens: decode(tokens).decode("utf-8", "replace"),
            "bytes": decode,
            "batch": lambda texts, threads: lists(texts, parallel=threads > 1),
            "flat": lambda texts, threads: backend.encode_batch(texts, parallel=threads > 1),
        }
        if ranks:
            compatible = t.as_tiktoken()
            self.entries["encode"] = compatible.encode
            self.entries["ordinary"] = compatible.encode_ordinary

    @classmethod
    def snippet(cls, encoding: str, published: str) -> str:
        call = "Tokenizer.from_tiktoken" if encoding in RANK_FILES else "Tokenizer"
        path = cls.path(encoding, published)
        return f"import gigatoken; encode = gigatoken.{call}({path!r}).backend.encode"


class GigatokenToList(Gigatoken):
    """The same by its other way to a list, the array's tolist: which is faster varies."""

    name = "gigatoken-tolist"

    def __init__(self, encoding: str, published: str) -> None:
        super().__init__(encoding, published)
        encode = self.entries["array"]
        self.entries = {"list": lambda text: encode(text).tolist()}


class Quicktok(Peer):
    name, package, files = "quicktok", "quicktok-v1", BUNDLED

    def __init__(self, encoding: str, published: str) -> None:
        import quicktok

        t: Any = quicktok.get_encoding(encoding)
        self.entries = {
            "list": t.encode_ordinary,
            "array": lambda text: t.encode_batch([text], 1)[0],
            "count": t.count,
            "encode": t.encode,
            "ordinary": t.encode_ordinary,
            "str": t.decode,
            "bytes": t.decode_bytes,
            "flat": t.encode_batch,
            "counts": lambda texts, threads: quicktok.count_batch(t, texts, threads),
        }

    @classmethod
    def snippet(cls, encoding: str, published: str) -> str:
        return f"import quicktok; encode = quicktok.get_encoding({encoding!r}).encode_ordinary"


class RsBpe(Peer):
    name, package, files = "rs-bpe", "rs-bpe", BUNDLED

    def __init__(self, encoding: str, published: str) -> None:
        from rs_bpe import openai

        t: Any = getattr(openai, encoding)()
        options: Any = openai.ParallelOptions(1, 100, 2)  # smallest batch, chunk, threads
        self.entries = {
            "list": t.encode,
            "count": t.count,
            "str": t.decode,
            "batch": lambda texts, threads: t.encode_batch_parallel(texts, options)[0],
        }

    @classmethod
    def snippet(cls, encoding: str, published: str) -> str:
        return f"from rs_bpe import openai; encode = openai.{encoding}().encode"


class BpeOpenai(Peer):
    """By its binding: the class in front refuses a million characters and 200,000 tokens."""

    name, package, files = "bpe-openai", "bpe-openai", BUNDLED

    def __init__(self, encoding: str, published: str) -> None:
        from bpe_openai import _bindings

        t: Any = _bindings.tokenizer_for_encoding(encoding)
        self.entries = {"list": t.encode, "count": t.count, "str": t.decode}

    @classmethod
    def snippet(cls, encoding: str, published: str) -> str:
        return (
            "from bpe_openai import _bindings; "
            f"encode = _bindings.tokenizer_for_encoding({encoding!r}).encode"
        )


class Kitoken(Peer):
    name, package = "kitoken", "kitoken"
    files: ClassVar = {**RANK_FILES, **JSON_FILES}

    @classmethod
    def _call(cls, encoding: str) -> str:
        return "from_tiktoken_file" if encoding in RANK_FILES else "from_tokenizers_file"

    def __init__(self, encoding: str, published: str) -> None:
        import kitoken

        t: Any = getattr(kitoken.Kitoken, self._call(encoding))(self.path(encoding, published))
        self.entries = {
            "list": t.encode,
            "count": lambda text: len(t.encode(text)),
            "str": lambda tokens: t.decode(tokens).decode("utf-8", "replace"),
            "bytes": t.decode,
            "batch": lambda texts, threads: t.encode_all(texts),
        }

    @classmethod
    def snippet(cls, encoding: str, published: str) -> str:
        path = cls.path(encoding, published)
        return (
            f"from kitoken import Kitoken; encode = Kitoken.{cls._call(encoding)}({path!r}).encode"
        )


class Tokie(Peer):
    name, package, files = "tokie", "tokie", JSON_FILES

    def __init__(self, encoding: str, published: str) -> None:
        import tokie

        t: Any = tokie.Tokenizer.from_json(self.path(encoding, published))
        one, many, flat = t.encode, t.encode_batch, t.encode_batch_flat
        self.entries = {
            "list": lambda text: one(text, add_special_tokens=False).ids,
            "array": lambda text: flat([text], add_special_tokens=False)[0],
            "count": t.count_tokens,
            "str": t.decode,
            "bytes": t.decode_bytes,
            "batch": lambda texts, threads: many(texts, add_special_tokens=False),
            "flat": lambda texts, threads: flat(texts, add_special_tokens=False),
            "counts": lambda texts, threads: t.count_tokens_batch(texts),
        }

    @classmethod
    def snippet(cls, encoding: str, published: str) -> str:
        return (
            "import tokie\n"
            f"t = tokie.Tokenizer.from_json({cls.path(encoding, published)!r})\n"
            "encode = lambda text: t.encode(text, add_special_tokens=False).ids"
        )


class Fastokens(Peer):
    name, package = "fastokens", "fastokens"
    files: ClassVar = {**RANK_FILES, **JSON_FILES}

    @classmethod
    def _call(cls, encoding: str, published: str) -> str:
        path = cls.path(encoding, published)
        if encoding in RANK_FILES:
            return f"Tokenizer.from_tiktoken({path!r}, **{cls._rules(encoding)!r})"
        return f"Tokenizer.from_file({path!r})"

    @classmethod
    def _rules(cls, encoding: str) -> dict[str, str]:
        """What goes with a rank file: two encodings go by name, gpt2 by its pattern."""
        return {"pattern": GPT2_PATTERN} if encoding == "gpt2" else {"encoding": encoding}

    def __init__(self, encoding: str, published: str) -> None:
        from fastokens import Tokenizer

        path = self.path(encoding, published)
        t: Any = (
            Tokenizer.from_tiktoken(path, **self._rules(encoding))
            if encoding in RANK_FILES
            else Tokenizer.from_file(path)
        )
        ordinary, flat = t.encode_ordinary, t.encode_batch_flat
        self.entries = {
            "list": lambda text: ordinary(text).ids,
            "array": lambda text: flat([text])[0],
            "count": lambda text: len(ordinary(text)),
            "encode": lambda text: t.encode(text).ids,
            "str": t.decode,
            "batch": lambda texts, threads: t.encode_batch(texts),
            "flat": lambda texts, threads: flat(texts),
        }

    @classmethod
    def snippet(cls, encoding: str, published: str) -> str:
        return (
            "from fastokens import Tokenizer\n"
            f"t = {cls._call(encoding, published)}\n"
            "encode = lambda text: t.encode_ordinary(text).ids"
        )


PEERS: dict[str, type[Peer]] = {
    peer.name: peer
    for peer in (
        Bpe,
        Tiktoken,
        Tokenizers,
        Gigatoken,
        GigatokenToList,
        Quicktok,
        RsBpe,
        BpeOpenai,
        Kitoken,
        Tokie,
        Fastokens,
    )
}
REFERENCES = dict.fromkeys(RANK_FILES, "tiktoken") | {"deepseek_v3": "tokenizers"}
