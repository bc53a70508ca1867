"""The table of measured errors: every encoding has a row, and the figures are those of today."""

from __future__ import annotations

import pytest

import bpe
from bpe.context.accuracy import PERCENTILES, error_of
from bpe.context.kinds import KINDS
from bpe.errors import ArgumentError


@pytest.mark.parametrize("encoding", [None, *bpe.list_encodings()])
def test_every_encoding_has_an_error(encoding: str | None) -> None:
    assert error_of(encoding) > 0.0
    for kind in KINDS:
        assert error_of(encoding, kind) > 0.0


def test_what_the_table_says() -> None:
    for row in PERCENTILES.values():
        assert len(row) == len(KINDS) + 1
        # The percentile of all kinds lies within those of the kinds.
        assert min(row[:-1]) <= row[-1] <= max(row[:-1])
    # A vocabulary of today is nearer than characters are, whatever the text.
    for encoding in ("cl100k_base", "o200k_base", "deepseek_v3"):
        for kind in KINDS:
            assert error_of(encoding, kind) < error_of(None, kind)
    assert error_of("o200k_harmony") == error_of("o200k_base")
    # Nothing says plus or minus 5 % of vocabularies that are not the model's.
    assert min(min(row) for row in PERCENTILES.values()) > 0.05


def test_errors_of_that_size_occur() -> None:
    """A Chinese text has many more tokens of cl100k_base than of deepseek_v3."""
    text = "模型的上下文窗口以词元计算，同一段文字在不同的词表里有不同的数目。" * 30
    truth = bpe.load("deepseek_v3").count(text)
    error = bpe.load("cl100k_base").count(text) / truth - 1
    assert error_of("cl100k_base", "cjk") < error < 1.5


@pytest.mark.parametrize("name", ["gpt-4o", "", "chars/5", ["o200k_base"], 5])
def test_unknown_names(name: object) -> None:
    with pytest.raises(ArgumentError, match="nothing was measured"):
        error_of(name)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="no kind of text"):
        error_of(None, "poetry")  # type: ignore[arg-type]
