"""Counts, options, and the record that is logged."""

from __future__ import annotations

import io
import logging
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpe
from bpe.errors import ArgumentError
from bpe.transcripts import Mode, Options, Stats, compress

LOG = b'{"type":"user","content":"hello"}\n{"type":"system"}\n'

COUNTS = st.builds(
    Stats,
    **{
        field.name: st.booleans() if field.name == "tokens_exact" else st.integers(0, 1 << 40)
        for field in fields(Stats)
    },
)


class Letters:
    exact = True

    def __init__(self) -> None:
        self.asked: list[str] = []

    def count(self, text: str) -> int:
        self.asked.append(text)
        return len(text)


@settings(deadline=None)
@given(st.lists(COUNTS, max_size=4))
def test_sums(runs: list[Stats]) -> None:
    total = Stats()
    for run in runs:
        assert total.add(run) is total
    for field in fields(Stats):
        if field.name != "tokens_exact":
            assert getattr(total, field.name) == sum(getattr(run, field.name) for run in runs)
    read = [run.tokens_exact for run in runs if run.bytes_in]
    if read:
        assert total.tokens_exact == all(read)


def test_shares() -> None:
    stats = Stats(bytes_in=200, bytes_out=50, tokens_in=10, tokens_out=9)
    assert stats.reduction() == 0.75
    assert stats.token_reduction() == pytest.approx(0.1)
    assert Stats().reduction() == Stats().token_reduction() == 0.0


def test_entries_must_add_up() -> None:
    Stats(entries_in=5, entries_out=1, header_dropped=1, system_dropped=1, tools_dropped=2).check()
    with pytest.raises(AssertionError, match="do not add up"):
        Stats(entries_in=1).check()


def test_tokens() -> None:
    counter = Letters()
    stats = compress(io.BytesIO(LOG), io.BytesIO(), Options(counter=counter))
    assert (stats.tokens_in, stats.tokens_out) == (len(LOG), LOG.index(b"\n") + 1)
    assert stats.tokens_exact
    assert "".join(counter.asked) == LOG.decode(), "a line that is kept is counted once"
    real = compress(io.BytesIO(LOG), io.BytesIO(), Options(counter=bpe.load("gpt2")))
    first = LOG.splitlines(keepends=True)[0].decode()
    assert real.tokens_out == bpe.load("gpt2").count(first)
    none = compress(io.BytesIO(LOG), io.BytesIO())
    assert (none.tokens_in, none.tokens_out, none.tokens_exact) == (0, 0, False)


def test_tokens_that_are_not_exact() -> None:
    counter = Letters()
    assert not compress(io.BytesIO(b"\xff\n"), io.BytesIO(), Options(counter=counter)).tokens_exact
    counter.exact = False
    assert not compress(io.BytesIO(LOG), io.BytesIO(), Options(counter=counter)).tokens_exact


def test_one_record_with_fields(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "bpe.transcripts"):
        stats = compress(io.BytesIO(LOG), io.BytesIO())
    (record,) = caplog.records
    assert record.name == "bpe.transcripts"
    for name, value in stats.as_dict().items():
        assert getattr(record, name) == value
    assert record.__dict__["reduction"] == stats.reduction()
    assert str(stats.bytes_in) in record.getMessage()


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "lossless"},
        {"large_read_max_lines": -1},
        {"large_read_keep_lines": 1.5},
        {"tool_result_lru_size": True},
        {"tool_result_min_bytes": None},
        {"counter": len},
        {"adapter": "nonsense"},
        {"adapter": 3},
    ],
)
def test_wrong_options_are_named(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(ArgumentError, match=name):
        Options(**wrong)


def test_options() -> None:
    assert Options() == Options(Mode.CONVERSATION_ONLY, 120, 40, 1024, 512, None, None)
    with pytest.raises(ArgumentError, match="Options"):
        compress(io.BytesIO(), io.BytesIO(), Mode.LOSSLESS)  # type: ignore[arg-type]
