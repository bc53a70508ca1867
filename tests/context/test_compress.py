"""compress_context: what it promises, over generated conversations."""

from __future__ import annotations

import copy
import json
import warnings
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import bpe
from bpe.context import CompressedContext, Heuristic, count_breakdown, counter_for
from bpe.context.compress import compress_context, prune_tool_results
from bpe.errors import BudgetError, TokenCountError

_spec = spec_from_file_location("conversations", Path(__file__).with_name("conversations.py"))
assert _spec is not None
assert _spec.loader is not None
forms: Any = module_from_spec(_spec)
_spec.loader.exec_module(forms)

# A failing example may be long; it is to be shown all the same.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

Message = dict[str, Any]

STRATEGIES = ["window", "importance", "hybrid"]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    counter_for("claude-sonnet-4-5")  # which is estimated, and says so once

MODELS = ["gpt-4o", "gpt-4o", "gpt-4", "deepseek-chat", "claude-sonnet-4-5", "rule of thumb"]


def options_of(model: str) -> dict[str, Any]:
    if model == "rule of thumb":
        return {"model": "gpt-4o", "counter": Heuristic()}
    return {"model": model}


def need(messages: list[Any], tools: Any, model: str, counter: Any = None) -> float:
    """What a request must fit with: its count, with the errors of its parts if it is estimated."""
    found = count_breakdown(messages, model, tools, counter=counter)
    text = counter or counter_for(model)
    if getattr(text, "exact", True):
        return found.total
    each = found.messages
    rest = found.total - sum(message.tokens for message in each)
    apart = sum(message.tokens * message.error for message in each)
    total = sum(message.tokens * (1 + max(message.error, text.error)) for message in each)
    total += rest + max(found.total * found.error - apart, rest * text.error)
    # Nobody who computes it from the totals gets more.
    assert total >= found.total * (1 + max(found.error, text.error)) - 1e-6
    return total


def protected_of(messages: list[Message], groups: list[set[int]], last: int) -> set[int]:
    first = len(messages) - last
    chosen = [
        group
        for group in groups
        if max(group) >= first
        or any(messages[index]["role"] in ("system", "developer") for index in group)
    ]
    kept = set().union(*chosen)
    if not any(forms.says_something(messages[index]) for index in kept):
        users = [index for index, each in enumerate(messages) if forms.says_something(each)]
        if users:
            kept |= next(group for group in groups if users[-1] in group)
    return kept


def sequence(messages: list[Message], indices: set[int]) -> list[Message]:
    return [messages[index] for index in sorted(indices)]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Message], int, dict[str, Any], dict[str, Any]]:
    """A conversation, a budget round what it needs, arguments, and those of counting."""
    model = draw(st.sampled_from(MODELS))
    counting = options_of(model)
    messages = draw(forms.conversations(anthropic=model != "deepseek-chat"))
    tools = draw(st.sampled_from([None, None, forms.TOOLS]))
    try:
        whole = need(messages, tools, **counting)
    except TokenCountError:
        assume(False)
    budget = int(whole * draw(st.floats(0.05, 1.1))) + draw(st.integers(0, 30))
    arguments = {
        "preserve_last_n": draw(st.integers(0, 4)),
        "tools": tools,
        "strategy": draw(st.sampled_from(STRATEGIES)),
        "on_overflow": draw(st.sampled_from(["error", "truncate"])),
    }
    if draw(st.integers(0, 3)) == 0:
        arguments["target_tokens"] = int(budget * draw(st.floats(0.3, 1.0)))
    return messages, budget, arguments, counting


relaxed = settings(
    max_examples=100,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@relaxed
@given(cases())
def test_invariants(case: tuple[list[Message], int, dict[str, Any], dict[str, Any]]) -> None:
    messages, budget, arguments, counting = case
    tools = arguments["tools"]
    before = copy.deepcopy(messages)
    groups = forms.groups_by_id(messages)
    must = protected_of(messages, groups, arguments["preserve_last_n"])
    least = need(sequence(messages, must), tools, **counting)
    overflows = least > budget
    failed: BudgetError | None = None
    try:
        made = compress_context(messages, budget, **arguments, **counting)
    except BudgetError as error:
        failed = error
    assert messages == before
    if failed is not None:
        # Only if the protected part does not fit.
        assert overflows
        assert failed.available == budget
        assert failed.needed is not None
        assert failed.needed > budget
        if arguments["on_overflow"] == "error":
            assert least - 1e-3 <= failed.needed <= least + 1.01
        else:
            assert messages_cannot_shrink_to(budget, sequence(messages, must), tools, counting)
        return
    assert not (overflows and arguments["on_overflow"] == "error")
    check_result(messages, budget, arguments, counting, made, must, groups, overflows)


def messages_cannot_shrink_to(
    budget: int, messages: list[Message], tools: Any, counting: dict[str, Any]
) -> bool:
    """Whether they do not fit even with nothing left of any text but one token."""
    bare = copy.deepcopy(messages)
    for message in bare:
        if message["role"] in ("system", "developer"):
            continue
        if isinstance(message["content"], str):
            message["content"] = message["content"] and "…"
            continue
        for part in message["content"] or ():
            if part["type"] == "tool_result":
                part["content"] = "…"
            elif part["type"] == "text" and part["text"]:
                part["text"] = "…"
    return need(bare, tools, **counting) > budget


def check_result(
    messages: list[Message],
    budget: int,
    arguments: dict[str, Any],
    counting: dict[str, Any],
    made: CompressedContext,
    must: set[int],
    groups: list[set[int]],
    overflows: bool,
) -> None:
    tools = arguments["tools"]
    indices = made.selected_indices
    changed = {action.index for action in made.actions if action.kind != "removed"}

    # 1: it fits, by the public count.
    total = bpe.count_messages(
        made.messages, counting["model"], tools, counter=counting.get("counter")
    )
    assert made.total_tokens == total <= budget
    assert need(made.messages, tools, **counting) <= budget + 1e-6
    whole = bpe.count_messages(messages, counting["model"], tools, counter=counting.get("counter"))
    assert made.original_tokens == whole
    assert made.compression_ratio == pytest.approx(total / whole if whole else 1.0)

    # 2: order, whole groups, no new orphans.
    assert indices == sorted(set(indices))
    assert len(indices) == len(made.messages) == len(messages) - made.removed_count
    kept = set(indices)
    for group in groups:
        assert group <= kept or group.isdisjoint(kept)
    assert forms.orphans_of(made.messages) <= forms.orphans_of(messages)
    removed = {action.index for action in made.actions if action.kind == "removed"}
    assert removed == set(range(len(messages))) - kept
    assert [action.index for action in made.actions] == sorted(removed | changed)

    # 3: what is protected is there, and the same object, unless it could not fit.
    assert must <= kept
    for index, message in zip(indices, made.messages, strict=True):
        if index not in changed:
            assert message is messages[index]
    kinds = {action.kind for action in made.actions if action.index in must}
    assert kinds <= ({"shortened"} if overflows else set())
    for action in made.actions:
        if action.kind == "shortened":
            assert messages[action.index]["role"] not in ("system", "developer")
            after = made.messages[indices.index(action.index)]
            assert forms.calls_in(after) == forms.calls_in(messages[action.index])
            assert forms.results_in(after) == forms.results_in(messages[action.index])
            check_shortened(messages[action.index], after)
    if arguments["strategy"] != "hybrid":
        assert {action.kind for action in made.actions} <= {"removed", "shortened"}

    # 4: what fits stays; never longer; twice is once.
    if need(messages, tools, **counting) <= budget:
        assert kept == set(range(len(messages)))
        assert not made.actions
    assert total <= whole
    again = compress_context(made.messages, budget, **arguments, **counting)
    assert len(again.messages) == len(made.messages)
    for one, other in zip(again.messages, made.messages, strict=True):
        assert one is other

    # 5: no dropped group would still fit.
    limit = min(budget, arguments.get("target_tokens", budget))
    dropped = [group for group in groups if group.isdisjoint(kept)]
    if arguments["strategy"] == "window":
        dropped = dropped[-1:]
        if dropped and must | dropped[0] != kept:
            free = [group for group in groups if not group <= must]
            assert [group for group in free if group <= kept] == free[free.index(dropped[0]) + 1 :]
    now = dict(zip(indices, made.messages, strict=True))
    for group in dropped:
        more = {**now, **{index: messages[index] for index in group}}
        request = [more[index] for index in sorted(more)]
        assert need(request, tools, **counting) > limit - 1e-3


def check_shortened(before: Message, after: Message) -> None:
    old, new = before["content"], after["content"]
    if before["role"] != "tool" or not isinstance(old, str) or old == new:
        return
    try:
        json.loads(old)
    except ValueError:
        return
    if old.lstrip()[:1] in '{["':
        json.loads(new)


@relaxed
@given(
    forms.conversations(),
    st.floats(0.1, 1.2),
    st.sampled_from(STRATEGIES),
    st.integers(0, 3),
)
def test_orphans_dropped(messages: list[Message], part: float, strategy: str, last: int) -> None:
    whole = bpe.count_messages(messages, "gpt-4o")
    budget = int(whole * part) + 5
    arguments: dict[str, Any] = {"strategy": strategy, "preserve_last_n": last, "orphans": "drop"}
    try:
        made = compress_context(messages, budget, on_overflow="truncate", **arguments)
    except BudgetError:
        return
    assert not forms.orphans_of(made.messages)
    assert bpe.count_messages(made.messages, "gpt-4o") == made.total_tokens <= min(budget, whole)
    again = compress_context(made.messages, budget, **arguments)
    assert all(one is two for one, two in zip(again.messages, made.messages, strict=True))
    if whole > budget:
        return
    # Nothing but orphans went from what fits.
    lost = forms.orphans_of(messages)
    assert {action.kind for action in made.actions} <= {"orphaned"}
    for index, message in enumerate(messages):
        names = {*forms.calls_in(message), *forms.results_in(message)}
        if index not in made.selected_indices:
            assert names & lost
            assert not forms.says_something(message)
        elif not names & lost:
            assert made.messages[made.selected_indices.index(index)] is message


@relaxed
@given(forms.conversations(), st.integers(0, 5))
def test_prune_tool_results(messages: list[Message], keep_last: int) -> None:
    made = prune_tool_results(messages, keep_last)
    assert len(made.messages) == len(messages)
    assert made.total_tokens == bpe.count_messages(made.messages, "gpt-4o") <= made.original_tokens
    assert made.original_tokens - made.total_tokens == sum(each.saved for each in made.actions)
    changed = {action.index for action in made.actions}
    results = [index for index, each in enumerate(messages) for _ in forms.results_in(each)]
    assert changed <= set(results)
    if keep_last:
        assert changed.isdisjoint(results[-keep_last:])
    for index, (one, other) in enumerate(zip(messages, made.messages, strict=True)):
        assert (one is other) == (index not in changed)
    again = prune_tool_results(made.messages, keep_last)
    assert again.messages == made.messages
