"""Estimators: the rule of thumb to the letter, the exact one exact, and one factory for all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpe
from bpe.context import Counter
from bpe.context.accuracy import error_of
from bpe.context.counting import count_messages
from bpe.context.estimate import Calibrated, Exact, Heuristic, estimator
from bpe.errors import (
    ArgumentError,
    EstimateWarning,
    ModelNotSupportedError,
    TokenCountError,
    TokenTypeError,
)

MESSAGES = [
    {"role": "user", "content": "What is the weather in Paris?"},
    {"role": "assistant", "content": "Sunny, 21 degrees."},
]
TOOLS = [{"type": "function", "function": {"name": "now", "description": "The time"}}]


@settings(deadline=None)
@given(st.text())
def test_heuristic_is_characters_by_three(text: str) -> None:
    tokens = Heuristic().count(text)
    assert 3 * (tokens - 1) < len(text) <= 3 * tokens
    assert Heuristic(4).count(text) == -(-len(text) // 4)
    assert Heuristic().count_up_to(text, 5) == min(tokens, 6)


def test_heuristic_says_what_it_is() -> None:
    heuristic = Heuristic()
    assert isinstance(heuristic, Counter)
    assert not heuristic.exact
    assert heuristic.error == error_of(None)
    assert heuristic.count_batch(["", "a", "abcd"]) == [0, 1, 2]
    assert repr(heuristic) == "Heuristic(chars_per_token=3)"


@settings(deadline=None)
@given(st.lists(st.text(max_size=50), max_size=8), st.text(max_size=50))
def test_the_conservative_total(texts: list[str], system: str) -> None:
    messages = [{"role": "user", "content": text} for text in texts]
    content = sum(-(-len(text) // 3) for text in texts)
    expected = -(-3 * content // 2) + -(-len(system) // 3) + 12 * len(texts) + 48
    assert Heuristic().count_request(messages, system) == expected


def test_the_conservative_total_of_calls_and_tools() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "abc", "arguments": "abcdef"}}
    messages = [{"role": "assistant", "content": None, "tool_calls": [call]}]
    assert Heuristic().count_request(messages) == 5 + 12 + 48  # ceil(1.5 * (1 + 2)) = 5
    with_tools = Heuristic().count_request(messages, tools=TOOLS)
    assert with_tools > Heuristic().count_request(messages)
    # It is meant to be no less than the real number.
    for model in ("gpt-4o", "gpt-4"):
        real = count_messages([{"role": "system", "content": "Be brief."}, *MESSAGES], model, TOOLS)
        assert Heuristic().count_request(MESSAGES, "Be brief.", TOOLS) >= real


@pytest.mark.parametrize("chars", [0, -1, 2.5, None, True])
def test_heuristic_refuses(chars: object) -> None:
    with pytest.raises(ArgumentError):
        Heuristic(chars)  # type: ignore[arg-type]


@pytest.mark.parametrize("made", [Heuristic(), Calibrated("gpt-4o"), Exact("gpt-4o")])
def test_only_text_is_counted(made: Counter) -> None:
    for wrong in (b"bytes", None, ["a"]):
        with pytest.raises(TokenTypeError):
            made.count(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["heuristic", "exact", "calibrated"])
def test_requests_name_what_is_wrong(kind: str) -> None:
    made = estimator(kind)  # type: ignore[arg-type]
    with pytest.raises(TokenCountError, match="system_prompt"):
        made.count_request(MESSAGES, None)  # type: ignore[arg-type]
    for system in ("", "Be brief."):
        with pytest.raises(TokenCountError) as caught:
            made.count_request([*MESSAGES, {"content": "no role"}], system)
        # The index is the caller's, system prompt or not.
        assert caught.value.index == 2
        assert caught.value.path == "messages[2].role"


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4", "deepseek-chat"])
def test_exact(model: str) -> None:
    exact = Exact(model)
    text = "Ein Text, 文字と <|endoftext|> def f(x): return x ** 2"
    assert exact.exact
    assert exact.error == 0.0
    tokens = bpe.load(model).count(text)
    assert exact.count(text) == tokens
    assert exact.count_batch([text, ""]) == [tokens, 0]
    assert [exact.count_up_to(text, limit) for limit in (2, tokens - 1, tokens, tokens + 1)] == [
        3,
        tokens,
        tokens,
        tokens,
    ]
    assert exact.count_request(MESSAGES) == count_messages(MESSAGES, model)
    assert exact.count_request(MESSAGES, "Be brief.") == count_messages(
        [{"role": "system", "content": "Be brief."}, *MESSAGES], model
    )
    assert repr(exact) == f"Exact({model!r})"


def test_exact_refuses_to_estimate() -> None:
    with pytest.raises(ModelNotSupportedError):
        Exact("no such model")
    with pytest.raises(ModelNotSupportedError):
        estimator("exact", "no such model")


def test_factory() -> None:
    assert isinstance(estimator(), Heuristic)
    exact = estimator("exact", model="gpt-4")
    assert isinstance(exact, Exact)
    assert exact.model == "gpt-4"
    calibrated = estimator("calibrated", model="gpt-4", every=7)
    assert isinstance(calibrated, Calibrated)
    assert (calibrated.model, calibrated.every) == ("gpt-4", 7)
    assert estimator("calibrated", counter=Heuristic()).count("abcd") == 2
    for made in (estimator(), exact, calibrated):
        assert isinstance(made, Counter)
    with pytest.raises(ArgumentError, match="guess"):
        estimator("guess")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError):
        estimator("exact", counter=Heuristic())


def test_a_model_that_is_not_known_warns() -> None:
    with pytest.warns(EstimateWarning):
        made = estimator("calibrated", "a model that nobody ever estimated")
    assert not made.exact
