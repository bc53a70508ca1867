"""The table of models, and how a name is found in it."""

from __future__ import annotations

import pytest

import bpe
from bpe.errors import TokenTypeError, UnknownEncodingError
from bpe.models import MODELS, PREFIXES, find_model, model_names


def test_all_of_tiktokens_table() -> None:
    model = pytest.importorskip("tiktoken.model")
    for name, encoding in model.MODEL_TO_ENCODING.items():
        assert bpe.encoding_name_for_model(name) == encoding
        assert name in MODELS
    for prefix, encoding in model.MODEL_PREFIX_TO_ENCODING.items():
        assert prefix in PREFIXES
        assert bpe.encoding_name_for_model(prefix + "x") == encoding


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4", "cl100k_base"),
        ("gpt-4-0613", "cl100k_base"),
        ("gpt-4o", "o200k_base"),
        ("gpt-4o-2024-08-06", "o200k_base"),
        ("gpt-4.1-mini", "o200k_base"),
        ("gpt-5", "o200k_base"),
        ("gpt-5.1-codex", "o200k_base"),
        ("gpt-5-mini", "o200k_base"),
        ("gpt-oss", "o200k_harmony"),
        ("gpt-oss-120b", "o200k_harmony"),
        ("o4", "o200k_base"),
        ("o4-mini-2025-04-16", "o200k_base"),
        ("gpt-realtime", "o200k_base"),
        ("gpt-realtime-mini", "o200k_base"),
        ("codex-mini", "o200k_base"),
        ("codex-mini-latest", "o200k_base"),
        ("ft:gpt-4o:org::id", "o200k_base"),
        ("ft:gpt-4:org::id", "cl100k_base"),
        ("deepseek-chat", "deepseek_v3"),
        ("deepseek-reasoner", "deepseek_v3"),
        ("deepseek-v3", "deepseek_v3"),
        ("deepseek-v3.1", "deepseek_v3"),
        ("deepseek-r1", "deepseek_v3"),
        ("deepseek-r1-0528", "deepseek_v3"),
        ("deepseek-v4", "deepseek_v3"),
        ("deepseek-v4-pro", "deepseek_v3"),
        ("text-embedding-3-small", "cl100k_base"),
    ],
)
def test_models(model: str, encoding: str) -> None:
    assert bpe.encoding_name_for_model(model) == encoding
    assert bpe.encoding_name_for_model(f"provider/{model}") == encoding
    assert bpe.encoding_name_for_model(f"gateway/provider/{model.upper()}") == encoding


def test_the_longest_prefix_wins() -> None:
    row = find_model("ft:gpt-4o-mini-2024-07-18:org::id")
    assert row is not None
    assert row.encoding == "o200k_base"
    assert bpe.encoding_name_for_model("ft:gpt-4-0613:org::id") == "cl100k_base"


@pytest.mark.parametrize(
    "model", ["deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "DeepSeek-R1-0528-Qwen3-8B"]
)
def test_models_with_anothers_vocabulary_are_refused(model: str) -> None:
    with pytest.raises(UnknownEncodingError, match="not bundled"):
        bpe.encoding_name_for_model(model)


@pytest.mark.parametrize("model", ["", "gpt", "claude", "gpt-4p", "cl100k_base", "o200k_base", "/"])
def test_unknown(model: str) -> None:
    with pytest.raises(KeyError, match=r"no known model|no model but an encoding"):
        bpe.encoding_name_for_model(model)
    with pytest.raises(ValueError, match=r"no known model|no model but an encoding"):
        bpe.encoding_name_for_model(model)


def test_near_matches_are_named() -> None:
    with pytest.raises(UnknownEncodingError, match="gpt-4o") as caught:
        bpe.encoding_name_for_model("gpt4o")
    assert "gpt-4o" in caught.value.near
    assert caught.value.name == "gpt4o"


def test_not_a_str() -> None:
    for unfit in (None, 4, b"gpt-4"):
        with pytest.raises(TokenTypeError, match="model name"):
            bpe.encoding_name_for_model(unfit)  # type: ignore[arg-type]


def test_rows_name_encodings_that_exist() -> None:
    encodings = set(bpe.list_encodings())
    for row in (*MODELS.values(), *PREFIXES.values()):
        assert row.encoding is None or row.encoding in encodings
    for name in model_names():
        assert name == name.lower()
        assert "/" not in name
