"""Committed texts and ids: the exactness that needs no other engine to be installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bpe import Tokenizer

from .oracles import ENCODINGS, FAMILIES, FAMILY_OF, decoded, describe

pytestmark = pytest.mark.exact

Vector = tuple[str, list[list[int] | None], dict[str, list[int]]]


@cache
def _file() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(__file__).with_name("vectors.json").read_text())
    return content


def _ordinary(name: str) -> list[tuple[str, list[int], list[int]]]:
    """Text, its ids as ordinary text, its ids with special tokens."""
    content = _file()
    place = content["families"].index(FAMILY_OF.get(name, name))
    vectors: list[Vector] = content["vectors"]
    found = []
    for text, rows, allowed in vectors:
        ids = rows[place]
        if ids is None:
            ids = rows[0]
        assert ids is not None
        found.append((text, ids, allowed.get(name, ids)))
    return found


@pytest.mark.parametrize("name", ENCODINGS)
def test_vectors(name: str, load: Callable[[str], Tokenizer]) -> None:
    tokenizer = load(name)
    vectors = _ordinary(name)
    assert len(vectors) > 1500
    for text, expected, allowed in vectors:
        ids = tokenizer.encode_ordinary(text)
        assert ids == expected, describe(text, ids, expected)
        assert tokenizer.decode(ids) == text
        assert tokenizer.count(text) == len(ids)
        ids = tokenizer.encode(text, allowed_special="all")
        assert ids == allowed, describe(text, ids, allowed)
        assert tokenizer.decode(ids) == decoded(name, text)
    assert any(ids != allowed for _, ids, allowed in vectors)
    texts = [text for text, _, _ in vectors]
    assert tokenizer.encode_ordinary_batch(texts) == [ids for _, ids, _ in vectors]


@pytest.mark.parametrize("name", FAMILIES)
def test_bytes(name: str, load: Callable[[str], Tokenizer]) -> None:
    tokenizer = load(name)
    vectors: list[tuple[str, list[list[int]]]] = _file()["bytes"]
    assert len(vectors) > 200
    place = FAMILIES.index(name)
    for hexadecimal, rows in vectors:
        data = bytes.fromhex(hexadecimal)
        ids = tokenizer.encode_bytes(data)
        assert tokenizer.decode_bytes(ids) == data
        # tiktoken, which defines these, has no deepseek_v3.
        if place < len(rows):
            assert ids == rows[place], data
