"""Counters: any object that counts, and the one of a model."""

from __future__ import annotations

import threading
import warnings

import pytest

import bpe
from bpe import errors
from bpe.context import Counter, ModelCounter, counter_for
from bpe.context.accuracy import error_of
from bpe.context.counter import _told, wrapped


class Words:
    def count(self, text: str) -> int:
        return len(text.split())


def test_tokenizers_are_counters() -> None:
    assert isinstance(bpe.load("gpt2"), Counter)
    assert isinstance(Words(), Counter)
    assert not isinstance(object(), Counter)


def test_counter_for() -> None:
    made = counter_for("gpt-4o")
    assert made.counter is bpe.load("o200k_base")
    assert (made.model, made.encoding, made.exact, made.error) == ("gpt-4o", "o200k_base", True, 0)
    assert made.count("hello world") == 2
    assert made.count_batch(["hello world", ""]) == [2, 0]
    assert counter_for("gpt-4o") is made
    assert counter_for("cl100k_base").exact


def test_counters_of_ones_own() -> None:
    made = wrapped(Words(), "gpt-4o")
    assert (made.exact, made.error, made.encoding) == (True, 0.0, None)
    assert made.count_batch(["a b", "c"]) == [2, 1]
    assert wrapped(made, "gpt-4") is made
    assert wrapped(bpe.load("gpt2"), "gpt-4").encoding == "gpt2"
    assert made == ModelCounter("gpt-4o", made.counter, None, exact=True, error=0.0)


def test_estimates_carry_the_measured_error() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.EstimateWarning)
        for model, encoding in (
            ("claude-3-5-sonnet", "o200k_base"),
            ("nobody-knows-it", "o200k_base"),
            ("gpt-4-my-own", "cl100k_base"),
        ):
            made = counter_for(model)
            assert (made.encoding, made.exact) == (encoding, False)
            assert made.error == error_of(encoding) > 0


def test_without_any_encoding_a_rule_of_thumb_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    # As where no vocabulary is on board.
    monkeypatch.setattr("bpe.context.counter.list_encodings", list)
    monkeypatch.setattr("bpe.context.counter._known", {})
    monkeypatch.setattr("bpe.context.counter._told", set())
    with pytest.warns(errors.EstimateWarning, match="number of characters"):
        made = counter_for("claude-3-5-sonnet")
    assert made.count("hello world") == 4
    assert (made.encoding, made.exact, made.error) == (None, False, error_of(None))


def test_warnings_come_once_in_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpe.context.counter._told", set())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        threads = [threading.Thread(target=counter_for, args=("mistral-x",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(caught) == 1


def test_no_model() -> None:
    wrong: object
    for wrong in (None, 3, b"gpt-4o"):
        with pytest.raises(errors.TokenTypeError, match="model"):
            counter_for(wrong)  # type: ignore[arg-type]


def test_names_that_were_told_are_forgotten() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for i in range(3000):
            counter_for(f"nobody-knows-it-{i}")
    assert len(_told) <= 1024
