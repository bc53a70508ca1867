"""Budgets: numbers that do not contradict each other, and parts that sum to the whole."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpe import get_model_limits
from bpe.context.budget import PARTS, Budget, apportioned
from bpe.errors import BudgetError, TokenTypeError

NUMBERS: dict[str, int] = {
    "window": 1000,
    "output": 200,
    "margin": 50,
    "trigger": 600,
    "target": 400,
    "system": 50,
    "tools": 100,
    "rag": 200,
    "history": 400,
    "headroom": 250,
}


def budget(**changed: Any) -> Budget:
    return Budget(**{**NUMBERS, **changed})


def test_what_it_says() -> None:
    made = budget()
    assert made.prompt == 750
    assert made.shares == {
        "system": 50,
        "tools": 100,
        "rag": 200,
        "history": 400,
        "headroom": 250,
    }
    assert sum(made.shares.values()) == made.window
    assert hash(made) == hash(budget())
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.window = 2000  # type: ignore[misc]


def test_fits_and_over() -> None:
    made = budget()
    assert [made.fits(tokens) for tokens in (0, 749, 750, 751)] == [True, True, True, False]
    assert [made.over(tokens) for tokens in (0, 750, 751, 1000)] == [0, 0, 1, 250]
    made.require(750)
    with pytest.raises(BudgetError) as caught:
        made.require(751)
    assert (caught.value.needed, caught.value.available) == (751, 750)


def test_trigger_and_target() -> None:
    made = budget()
    assert [made.should_compress(tokens) for tokens in (0, 599, 600, 601)] == [
        False,
        False,
        True,
        True,
    ]
    # What is freed leads to the target, which does not trigger again.
    assert [made.to_free(tokens) for tokens in (0, 599, 600, 800)] == [0, 0, 200, 400]
    assert not made.should_compress(made.target)


@pytest.mark.parametrize(
    ("changed", "needed", "available"),
    [
        ({"system": 51}, 1001, 1000),
        ({"history": 399}, 999, 1000),
        ({"output": 950, "margin": 50}, 1001, 1000),
        ({"trigger": 751}, 751, 750),
        ({"trigger": 0, "target": 0}, 0, 750),
        ({"target": 600}, 600, 599),
        ({"target": 700}, 700, 599),
        ({"headroom": 249, "history": 401}, 250, 249),
    ],
)
def test_contradictions(changed: dict[str, int], needed: int, available: int) -> None:
    with pytest.raises(BudgetError) as caught:
        budget(**changed)
    assert (caught.value.needed, caught.value.available) == (needed, available)


@pytest.mark.parametrize("name", list(NUMBERS))
@pytest.mark.parametrize("value", [-1, 10.0, "10", None, True])
def test_only_natural_numbers(name: str, value: object) -> None:
    with pytest.raises(BudgetError, match=name):
        budget(**{name: value})


def test_for_model() -> None:
    made = Budget.for_model("gpt-4o")
    assert (made.window, made.output) == (128_000, 16_384)
    assert made.margin == 2560
    assert made.trigger == int(0.8 * made.prompt)
    assert made.target == int(0.5 * made.prompt)
    limits = get_model_limits("no such model")
    unknown = Budget.for_model("no such model")
    assert unknown.window == limits["context_window"]
    assert unknown.output == min(limits["max_completion"], limits["context_window"] // 4)


def test_for_window_takes_tokens_and_parts() -> None:
    made = Budget.for_window(10_000, output=1000, margin=0, trigger=7000, target=0.25)
    assert (made.trigger, made.target) == (7000, 2250)
    made = Budget.for_window(10_000, output=0, margin=0, shares={"history": 3, "rag": 1})
    assert made.shares == {
        "system": 0,
        "tools": 0,
        "rag": 2500,
        "history": 7500,
        "headroom": 0,
    }


@pytest.mark.parametrize(
    "bad",
    [
        {"shares": {"memory": 1}},
        {"shares": {}},
        {"shares": {"rag": 0}},
        {"shares": {"rag": -1, "history": 2}},
        {"shares": {"rag": float("nan")}},
        {"shares": {"rag": float("inf")}},
        {"shares": {"rag": True}},
        {"shares": {"rag": "1"}},
        {"trigger": 1.5},
        {"trigger": float("nan")},
        {"trigger": -0.5},
        {"target": 0.9},
        {"target": None},
        {"output": 1000},
        {"output": 0.5},
        {"margin": -1},
    ],
)
def test_for_window_refuses(bad: dict[str, Any]) -> None:
    with pytest.raises(BudgetError):
        Budget.for_window(1000, **bad)


@pytest.mark.parametrize("window", [0, -1, 1, 2])
def test_windows_without_room(window: int) -> None:
    with pytest.raises(BudgetError):
        Budget.for_window(window)


WEIGHT = st.one_of(
    st.integers(0, 10**12), st.floats(0, 1e12, allow_nan=False, allow_subnormal=True)
)


@settings(deadline=None)
@given(
    st.integers(0, 10**9),
    st.dictionaries(st.sampled_from(PARTS), WEIGHT, min_size=1).filter(lambda w: any(w.values())),
)
def test_apportioned(total: int, weights: dict[str, float]) -> None:
    parts = apportioned(total, weights)
    assert list(parts) == list(weights)
    assert sum(parts.values()) == total
    whole = sum(map(Fraction, weights.values()))
    remainders = {}
    for name, weight in weights.items():
        quota = Fraction(weight) * total / whole
        # Every part is its quota, rounded down or up.
        assert quota - 1 < parts[name] < quota + 1
        remainders[name] = quota - int(quota), parts[name] > quota
    # No token went to a smaller remainder than that of a part which got none.
    given_to = [remainder for remainder, up in remainders.values() if up]
    not_to = [remainder for remainder, up in remainders.values() if not up]
    assert not given_to or not not_to or min(given_to) >= max(not_to)


@settings(deadline=None)
@given(
    st.integers(10, 3_000_000),
    st.floats(0, 0.5),
    st.floats(0, 0.2),
    st.floats(0.5, 1),
    st.floats(0, 0.4),
)
def test_for_window_sums(
    window: int, output: float, margin: float, trigger: float, target: float
) -> None:
    made = Budget.for_window(
        window,
        output=int(output * window),
        margin=int(margin * window),
        trigger=trigger,
        target=target,
    )
    assert sum(made.shares.values()) == window
    assert made.prompt + made.output + made.margin == window
    assert made.target < made.trigger <= made.prompt
    assert made.headroom >= made.output + made.margin
    assert made.fits(made.prompt)
    assert not made.fits(made.prompt + 1)


@pytest.mark.parametrize(
    "number", [10**400, 10**5000, -(10**5000)], ids=["large", "larger", "negative"]
)
def test_numbers_beyond_any_window(number: int) -> None:
    with pytest.raises(BudgetError):
        Budget.for_window(number)
    with pytest.raises(BudgetError):
        Budget.for_window(1000, output=number)
    with pytest.raises(BudgetError):
        Budget.for_window(1000, trigger=number)
    with pytest.raises(BudgetError):
        Budget.for_window(1000, shares={"system": number})


def test_tokens_that_are_no_number() -> None:
    budget = Budget.for_window(1000)
    wrong: Any
    for wrong in ("a", None, True):
        for ask in (budget.fits, budget.over, budget.require, budget.should_compress):
            with pytest.raises(TokenTypeError):
                ask(wrong)
        with pytest.raises(TokenTypeError):
            budget.to_free(wrong)
    assert not budget.fits(10**400)
