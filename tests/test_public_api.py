"""What is public is pinned: a name that comes or goes does so on purpose."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import bpe
from bpe import Tokenizer

PUBLIC = [
    "BPEError",
    "Tokenizer",
    "__version__",
    "compress_context",
    "core_name",
    "count_messages",
    "count_tokens",
    "count_tokens_batch",
    "encoding_name_for_model",
    "errors",
    "estimate_json_tokens",
    "get_model_limits",
    "list_encodings",
    "load",
    "register_model",
]

TOKENIZER = [
    "chunks",
    "count",
    "count_batch",
    "count_up_to",
    "counter",
    "decode",
    "decode_batch",
    "decode_bytes",
    "decode_bytes_batch",
    "decode_single_token_bytes",
    "decode_tokens_bytes",
    "decode_with_offsets",
    "encode",
    "encode_batch",
    "encode_bytes",
    "encode_ordinary",
    "encode_ordinary_batch",
    "encode_single_token",
    "encode_to_numpy",
    "eot_token",
    "fits",
    "from_ranks",
    "is_special_token",
    "max_token_value",
    "n_vocab",
    "name",
    "pattern",
    "ranks",
    "special_tokens",
    "special_tokens_set",
    "token_byte_values",
    "truncate",
    "vocabulary",
]


def test_all() -> None:
    assert bpe.__all__ == PUBLIC
    for name in PUBLIC:
        assert hasattr(bpe, name)
    assert set(PUBLIC) <= set(dir(bpe))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        bpe.nothing  # noqa: B018


def test_tokenizer() -> None:
    assert sorted(name for name in dir(Tokenizer) if not name.startswith("_")) == TOKENIZER


def test_every_public_name_is_documented() -> None:
    for name in PUBLIC:
        assert inspect.getdoc(getattr(bpe, name)), name
    for name in TOKENIZER:
        assert inspect.getdoc(getattr(Tokenizer, name)), name


def test_version_is_a_plain_literal() -> None:
    source = Path(bpe.__file__).read_text(encoding="utf-8")
    found = re.findall(r'^__version__ = "(.*)"$', source, re.MULTILINE)
    assert found == [bpe.__version__]
    assert re.fullmatch(r"\d+\.\d+\.\d+", bpe.__version__)


def test_list_encodings() -> None:
    assert sorted(bpe.list_encodings()) == sorted(
        [
            "gpt2",
            "r50k_base",
            "p50k_base",
            "p50k_edit",
            "cl100k_base",
            "o200k_base",
            "o200k_harmony",
            "deepseek_v3",
        ]
    )


def test_core_name() -> None:
    assert bpe.core_name() in ("compiled", "python")
