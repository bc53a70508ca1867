"""Equality with litellm's token_counter, but for what is explained in bpe/context/openai.py."""

from __future__ import annotations

import importlib.util
import json
import os
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import bpe

HERE = Path(__file__).parent
VECTORS = json.loads((HERE / "litellm_vectors.json").read_text(encoding="utf-8"))["vectors"]


def names_and_ids(messages: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """The names of called functions, which only we count, and the ids, which only litellm does."""
    names, ids = [], []
    for message in messages:
        calls = [each["function"] for each in message.get("tool_calls") or ()]
        names += [call["name"] for call in [*calls, *filter(None, [message.get("function_call")])]]
        ids += [message["tool_call_id"]] if "tool_call_id" in message else []
    return names, ids


def as_litellm_counts(request: dict[str, Any]) -> int:
    names, ids = names_and_ids(request["messages"])
    model = request["model"]
    return (
        bpe.count_messages(**request)
        - sum(bpe.count_tokens_batch(names, model))
        + sum(bpe.count_tokens_batch(ids, model))
    )


@pytest.mark.parametrize("number", range(len(VECTORS)))
def test_committed_figures(number: int) -> None:
    request = dict(VECTORS[number])
    expected = request.pop("n_tokens")
    assert as_litellm_counts(request) == expected


def test_the_vectors_cover_what_they_should() -> None:
    written = json.dumps(VECTORS)
    for needed in ("tool_calls", "function_call", "tool_call_id", "enum", "items", "input_schema"):
        assert f'"{needed}"' in written
    assert len({vector["model"] for vector in VECTORS}) == 8


@pytest.fixture(scope="module")
def oracle() -> ModuleType:
    # Else it asks the network for prices.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("litellm")
    spec = importlib.util.spec_from_file_location(
        "litellm_vectors", HERE.parent / "oracle" / "litellm_vectors.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_conversations(oracle: ModuleType) -> None:
    compared = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(10_000, 12_000):
            request = oracle.conversation(seed)
            expected = oracle.litellm_count(request)
            if expected is not None:
                assert as_litellm_counts(request) == expected, f"seed {seed}"
                compared += 1
    assert compared > 1_000
