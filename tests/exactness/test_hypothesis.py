"""Hypothesis looks for counter-examples; it shrinks what it finds, which the generators do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bpe import Tokenizer

from . import characters, oracles
from .oracles import DEEPSEEK, FAMILIES, thorough

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

pytestmark = pytest.mark.exact

# Derandomised: a run is the same run again, and a failure is one for everybody.
COMMON = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def _examples(core: type[Any]) -> int:
    return 2000 if thorough(core) else 300


parts = st.one_of(
    st.sampled_from(characters.EVENTS),
    st.sampled_from(characters.SPECIALS),
    st.sampled_from(characters.WHITESPACE),
    st.sampled_from(characters.CONTRACTIONS).map("'".__add__),
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.tuples(st.sampled_from(characters.FILLERS), st.integers(1, 70)).map(lambda t: t[0] * t[1]),
)
texts = st.lists(parts, max_size=10).map("".join)


@pytest.mark.parametrize("family", FAMILIES)
def test_text(family: str, core: type[Any], load: Callable[[str], Tokenizer]) -> None:
    pytest.importorskip("tokenizers" if family == DEEPSEEK else "tiktoken")
    tokenizer, reference = load(family), oracles.reference(family)

    @settings(COMMON, max_examples=_examples(core))
    @given(texts)
    def check(text: str) -> None:
        ids = tokenizer.encode_ordinary(text)
        assert ids == reference.ordinary(text)
        assert tokenizer.count(text) == len(ids)
        assert tokenizer.decode(ids) == text
        allowed = tokenizer.encode(text, allowed_special="all")
        assert allowed == reference.special(text)
        assert tokenizer.decode(allowed) == text

    check()


@pytest.mark.parametrize("family", FAMILIES)
def test_bytes(family: str, core: type[Any], load: Callable[[str], Tokenizer]) -> None:
    pytest.importorskip("tokenizers" if family == DEEPSEEK else "tiktoken")
    tokenizer, reference = load(family), oracles.reference(family)

    @settings(COMMON, max_examples=_examples(core) // 2)
    @given(st.one_of(st.binary(max_size=40), st.tuples(texts, st.binary(max_size=5)).map(_joined)))
    def check(data: bytes) -> None:
        ids = tokenizer.encode_bytes(data)
        assert tokenizer.decode_bytes(ids) == data
        if isinstance(reference, oracles.TiktokenOracle):
            assert ids == reference.encoding._encode_bytes(data)

    check()


def _joined(parts: tuple[str, bytes]) -> bytes:
    return parts[0].encode() + parts[1]
