"""The reference engines, fed with this project's own data.

For the OpenAI encodings tiktoken's own constructors run, so that its patterns and special tokens
are used and not ours; only the download is replaced: the rank file is written again from our ranks,
and must have the hash that tiktoken expects.  For deepseek_v3 a tokenizer.json is built from our
data for the `tokenizers` package, with the published pre-tokeniser spelled out here.

No network, no files.  `reference(name)` raises ImportError where the engine is not installed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from bpe.encodings import encoding_vocabulary

ENCODINGS = (
    "gpt2",
    "r50k_base",
    "p50k_base",
    "p50k_edit",
    "cl100k_base",
    "o200k_base",
    "o200k_harmony",
    "deepseek_v3",
)
# One encoding for each pattern and vocabulary: the others differ in special tokens alone.
FAMILIES = ("r50k_base", "p50k_base", "cl100k_base", "o200k_base", "deepseek_v3")
FAMILY_OF = {"gpt2": "r50k_base", "p50k_edit": "p50k_base", "o200k_harmony": "o200k_base"}
DEEPSEEK = "deepseek_v3"


# BPE_EXACT_FULL=1: both cores take everything, BPE_EXACT_FULL=0: neither does.
ASKED = os.environ.get("BPE_EXACT_FULL", "")
FULL = ASKED not in ("", "0")


def thorough(core: type[Any]) -> bool:
    """Whether a run on this core takes everything; otherwise it takes a tenth.

    The compiled core does, and the Python core, a hundred times slower, does not.
    """
    return FULL if ASKED else core.__name__ == "CompiledCore"


class Data(Protocol):
    """What an oracle needs of a tokenizer: its data, none of its algorithms."""

    @property
    def name(self) -> str: ...
    @property
    def ranks(self) -> Mapping[bytes, int]: ...
    @property
    def special_tokens(self) -> Mapping[str, int]: ...


class Oracle(Protocol):
    """A reference engine: ids of ordinary text, and with every special token allowed."""

    def ordinary(self, text: str) -> list[int]: ...

    def special(self, text: str) -> list[int]: ...

    def ordinary_batch(self, texts: Sequence[str]) -> list[list[int]]: ...

    def special_batch(self, texts: Sequence[str]) -> list[list[int]]: ...


def oracle(data: Data) -> Oracle:
    """The reference engine for a tokenizer of one of ENCODINGS."""
    return TokenizersOracle(data) if data.name == DEEPSEEK else TiktokenOracle(data)


@cache
def reference(name: str) -> Oracle:
    """The reference engine of a bundled encoding, made once."""
    return oracle(encoding_vocabulary(name))


class TiktokenOracle:
    """tiktoken; `encoding` is its Encoding object."""

    def __init__(self, data: Data) -> None:
        self.encoding = _tiktoken_encoding(data)
        self.ordinary = self.encoding.encode_ordinary

    def special(self, text: str) -> list[int]:
        ids: list[int] = self.encoding.encode(text, allowed_special="all")
        return ids

    # A thread pool costs more than such short strings do.

    def ordinary_batch(self, texts: Sequence[str]) -> list[list[int]]:
        return list(map(self.ordinary, texts))

    def special_batch(self, texts: Sequence[str]) -> list[list[int]]:
        return list(map(self.special, texts))


def _tiktoken_encoding(data: Data) -> Any:
    import tiktoken
    from tiktoken_ext import openai_public as published

    def ranks_of(url: str, expected_hash: str | None = None) -> dict[bytes, int]:
        ranks = dict(sorted(data.ranks.items(), key=lambda item: item[1]))
        lines = (b"%b %d\n" % (base64.b64encode(token), rank) for token, rank in ranks.items())
        if hashlib.sha256(b"".join(lines)).hexdigest() != expected_hash:
            raise AssertionError(f"the ranks of {data.name} are not those published at {url}")
        return ranks

    def gpt2_ranks(**_: object) -> dict[bytes, int]:
        # gpt2 is published in another format, with the ranks of r50k_base.
        return dict(data.ranks)

    saved = published.load_tiktoken_bpe, published.data_gym_to_mergeable_bpe_ranks
    published.load_tiktoken_bpe = ranks_of
    published.data_gym_to_mergeable_bpe_ranks = gpt2_ranks
    try:
        return tiktoken.Encoding(**published.ENCODING_CONSTRUCTORS[data.name]())
    finally:
        published.load_tiktoken_bpe, published.data_gym_to_mergeable_bpe_ranks = saved


class TokenizersOracle:
    """`tokenizers` without post-processor; once with the added tokens, once without."""

    def __init__(self, data: Data) -> None:
        import tokenizers

        content = tokenizer_json(data)
        self._special = tokenizers.Tokenizer.from_str(json.dumps(content))
        content["added_tokens"] = []
        self._ordinary = tokenizers.Tokenizer.from_str(json.dumps(content))

    def ordinary(self, text: str) -> list[int]:
        return self.ordinary_batch([text])[0]

    def special(self, text: str) -> list[int]:
        return self.special_batch([text])[0]

    def ordinary_batch(self, texts: Sequence[str]) -> list[list[int]]:
        return _ids(self._ordinary, texts)

    def special_batch(self, texts: Sequence[str]) -> list[list[int]]:
        return _ids(self._special, texts)


def _ids(engine: Any, texts: Sequence[str]) -> list[list[int]]:
    found: list[list[int]] = []
    # In parts: the engine keeps offsets and more for every token until a batch is done.
    for start in range(0, len(texts), 2000):
        part = [repaired(text) for text in texts[start : start + 2000]]
        encodings: Iterable[Any] = engine.encode_batch_fast(part, add_special_tokens=False)
        found.extend(encoding.ids for encoding in encodings)
    return found


def repaired(text: str) -> str:
    """Lone surrogates as U+FFFD, pairs of them as one character."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def decoded(name: str, text: str) -> str:
    """What decoding gives back: where two special tokens share an id, the first of them."""
    if name == "o200k_harmony":
        return text.replace("<|reserved_200018|>", "<|endofprompt|>")
    return text


DEEPSEEK_PATTERNS = (
    r"\p{N}{1,3}",
    "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
    (
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
        "|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*"
        "|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
    ),
)


def tokenizer_json(data: Data) -> dict[str, Any]:
    """A tokenizer.json of a deepseek-like tokenizer: merges in id order, no post-processor.

    The published merges are, for each token in id order, the two parts that the merges before it
    leave of its bytes; they are found here by plain merging, not taken from our tables.
    """
    ranks = data.ranks
    shown = _byte_letters()
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if len(token) > 1:
            left, right = _parts(token, ranks, rank)
            merges.append([_spelled(left, shown), _spelled(right, shown)])
    split = {"type": "Split", "behavior": "Isolated", "invert": False}
    return {
        "version": "1.0",
        "added_tokens": [
            {
                "id": number,
                "content": text,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": False,
            }
            for text, number in data.special_tokens.items()
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                *({**split, "pattern": {"Regex": pattern}} for pattern in DEEPSEEK_PATTERNS),
                {
                    "type": "ByteLevel",
                    "add_prefix_space": False,
                    "trim_offsets": True,
                    "use_regex": False,
                },
            ],
        },
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "BPE",
            "vocab": {_spelled(token, shown): rank for token, rank in ranks.items()}
            | dict(data.special_tokens),
            "merges": merges,
        },
    }


def _byte_letters() -> list[str]:
    """How the byte-level alphabet spells each byte."""
    letters = [chr(b) if chr(b).isprintable() and b != 0x20 else "" for b in range(256)]
    spare = map(chr, range(256, 512))
    return [letter or next(spare) for letter in letters]


def _spelled(token: bytes, letters: Sequence[str]) -> str:
    return "".join(letters[byte] for byte in token)


def _parts(token: bytes, ranks: Mapping[bytes, int], limit: int) -> tuple[bytes, bytes]:
    """The last two parts of a token under the merges below `limit`, by the plain algorithm."""
    parts = [token[i : i + 1] for i in range(len(token))]
    while len(parts) > 2:
        best, place = min(
            (ranks.get(parts[i] + parts[i + 1], limit), i) for i in range(len(parts) - 1)
        )
        if best >= limit:
            break
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    left, right = parts
    return left, right


def first_difference(
    texts: Sequence[str], found: Sequence[Sequence[int]], expected: Sequence[Sequence[int]]
) -> str:
    """What to say of the first text whose ids differ; empty if none does."""
    for text, ours, theirs in zip(texts, found, expected, strict=True):
        if list(ours) != list(theirs):
            return describe(text, ours, theirs)
    return ""


def describe(text: str, ours: Sequence[int], theirs: Sequence[int]) -> str:
    """A difference, cut to what can be read."""
    same = 0
    while same < min(len(ours), len(theirs)) and ours[same] == theirs[same]:
        same += 1
    start = max(0, same - 2)
    return (
        f"{text[:400]!a} ({len(text)} characters) differs at token {same}:\n"
        f"  got      ...{list(ours[start : same + 8])}\n"
        f"  expected ...{list(theirs[start : same + 8])}"
    )
