"""TokenCounter: the counts of one model, and the rule by which a conversation is compressed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpe
from bpe.context import Counter, TokenCounter
from bpe.context.counting import count_messages
from bpe.errors import EstimateWarning, ModelNotSupportedError, TokenCountError, TokenTypeError

MESSAGES = [
    {"role": "user", "content": "What is the weather in Paris?"},
    {"role": "assistant", "content": "Sunny, 21 degrees."},
]
MODELS = ["gpt-4o-mini", "gpt-4", "gpt-3.5-turbo-0301", "deepseek-chat"]


def test_the_default_model() -> None:
    counter = TokenCounter()
    assert counter.model == "gpt-4o-mini"
    assert counter.count_tokens_messages([]) == 3
    assert counter.get_model_limits() == bpe.get_model_limits("gpt-4o-mini")
    assert list(counter.get_model_limits()) == ["context_window", "max_completion"]
    assert repr(counter) == "TokenCounter('gpt-4o-mini')"


@pytest.mark.parametrize("model", MODELS)
def test_counts(model: str) -> None:
    counter = TokenCounter(model)
    assert isinstance(counter, Counter)
    assert counter.exact
    assert counter.error == 0.0
    text = "Ein Text, 文字と <|endoftext|>"
    assert counter.count_tokens(text) == counter.count(text) == bpe.load(model).count(text)
    assert counter.count_tokens_messages(MESSAGES) == count_messages(MESSAGES, model)
    assert counter.count_tokens_messages(iter(MESSAGES)) == count_messages(MESSAGES, model)


@pytest.mark.parametrize("model", MODELS)
def test_context_size(model: str) -> None:
    counter = TokenCounter(model)
    prompt = count_messages(MESSAGES, model)
    assert counter.estimate_context_size(MESSAGES) == {
        "prompt_tokens": prompt,
        "completion_tokens": 1000,
        "total_tokens": prompt + 1000,
    }
    system = [{"role": "system", "content": "Be brief."}]
    prompt = count_messages([*system, *MESSAGES], model)
    sizes = counter.estimate_context_size(iter(MESSAGES), "Be brief.", max_tokens=5)
    assert sizes == {
        "prompt_tokens": prompt,
        "completion_tokens": 5,
        "total_tokens": prompt + 5,
    }
    assert list(sizes) == ["prompt_tokens", "completion_tokens", "total_tokens"]


def test_an_empty_context() -> None:
    sizes = TokenCounter().estimate_context_size([])
    assert sizes == {"prompt_tokens": 3, "completion_tokens": 1000, "total_tokens": 1003}


@pytest.mark.parametrize("system", ["", "Be brief."])
def test_errors_name_the_callers_index(system: str) -> None:
    bad: list[Any] = [*MESSAGES, {"role": "user", "content": 5}]
    with pytest.raises(TokenCountError) as caught:
        TokenCounter().estimate_context_size(bad, system)
    assert caught.value.index == 2
    assert caught.value.path == "messages[2].content"
    with pytest.raises(TokenCountError, match="system_prompt"):
        TokenCounter().estimate_context_size(MESSAGES, None)  # type: ignore[arg-type]
    with pytest.raises(TokenTypeError):
        TokenCounter().count_tokens(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("current", "limit", "threshold", "expected"),
    [
        (800, 1000, 0.8, True),
        (799, 1000, 0.8, False),
        (801, 1000, 0.8, True),
        (2000, 1000, 0.8, True),
        (0, 1000, 0.8, False),
        (0, 0, 0.8, False),
        (10, 0, 0.8, False),
        (10, -5, 0.8, False),
        (7, 100, 0.07, True),  # 0.07 * 100 is more than 7
        (29, 100, 0.29, True),
        (500, 1000, 0.5, True),
        (0, 10, 0.0, True),
    ],
)
def test_should_compress(current: int, limit: int, threshold: float, expected: bool) -> None:
    assert TokenCounter().should_compress(current, limit, threshold) is expected
    if threshold == 0.8:
        assert TokenCounter().should_compress(current, limit) is expected


@settings(deadline=None)
@given(st.integers(0, 10**7), st.integers(1, 10**7), st.integers(1, 100))
def test_the_threshold_is_met_exactly(current: int, limit: int, percent: int) -> None:
    counter = TokenCounter()
    # As the decimal number says, not as its nearest float does.
    expected = Fraction(current, limit) >= Fraction(percent, 100)
    assert counter.should_compress(current, limit, percent / 100) is expected


def test_a_counter_of_ones_own() -> None:
    class Letters:
        def count(self, text: str) -> int:
            return len(text)

    counter = TokenCounter("gpt-4o", counter=Letters())
    assert counter.count_tokens("abc") == 3
    assert counter.count_tokens_messages([{"role": "user", "content": "abc"}]) == 3 + 4 + 3 + 3


def test_models_that_are_not_known() -> None:
    with pytest.raises(ModelNotSupportedError):
        TokenCounter("no such model", strict=True)
    with pytest.warns(EstimateWarning):
        counter = TokenCounter("a model that nobody ever counted for")
    assert not counter.exact
    assert counter.error > 0
    assert counter.get_model_limits() == {"context_window": 8000, "max_completion": 2000}


def test_context_size_of_what_is_none() -> None:
    counter = TokenCounter("gpt-4o")
    wrong: Any
    for wrong in ("x", None, 1.5, True):
        with pytest.raises(TokenTypeError, match="max_tokens"):
            counter.estimate_context_size([], max_tokens=wrong)
    for wrong in (None, {"role": "user", "content": "x"}, "x", 5):
        with pytest.raises(TokenCountError) as expected:
            counter.count_tokens_messages(wrong)
        with pytest.raises(TokenCountError) as caught:
            counter.estimate_context_size(wrong)
        assert str(caught.value) == str(expected.value)


def test_should_compress_of_any_numbers() -> None:
    counter = TokenCounter("gpt-4o")
    assert counter.should_compress(10**400, 1)
    assert not counter.should_compress(1, 10**400)
    wrong: Any
    for wrong in (None, "x", True):
        with pytest.raises(TokenTypeError):
            counter.should_compress(wrong, 1)
        with pytest.raises(TokenTypeError):
            counter.should_compress(1, wrong)
        with pytest.raises(TokenTypeError):
            counter.should_compress(1, 1, wrong)
