"""compress_context: what it promises, over generated conversations, and what it refuses."""

from __future__ import annotations

import copy
import json
import time
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
from bpe.context.shorten import cleared
from bpe.errors import ArgumentError, BudgetError, TokenCountError, TokenTypeError

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


# ---- by example


def talk(count: int) -> list[Message]:
    return [{"role": "user", "content": f"This is message {at}."} for at in range(count)]


def agent(turns: int, length: int = 60) -> list[Message]:
    messages: list[Message] = [{"role": "system", "content": "You are an agent."}]
    messages.append({"role": "user", "content": "Fix the bug in parser.py."})
    for at in range(turns):
        function = {"name": "read", "arguments": json.dumps({"path": f"src/{at}.py"})}
        call = {"id": f"call_{at}", "type": "function", "function": function}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        content = f"line {at} of many\n" * length
        messages.append({"role": "tool", "tool_call_id": f"call_{at}", "content": content})
    return messages


def test_what_fits_is_returned() -> None:
    messages = agent(3)
    made = compress_context(messages, 10_000)
    assert [*map(id, made.messages)] == [*map(id, messages)]
    assert made.messages is not messages
    assert (made.removed_count, made.compression_ratio, made.actions) == (0, 1.0, [])
    assert made.selected_indices == [*range(len(messages))]


def test_nothing_at_all() -> None:
    made = compress_context([], 3)
    assert (made.messages, made.total_tokens, made.compression_ratio) == ([], 3, 1.0)
    with pytest.raises(BudgetError):
        compress_context([], 2)


def test_the_latest_user_message_stays() -> None:
    messages = agent(10)
    made = compress_context(messages, 1000)
    assert made.selected_indices[:2] == [0, 1]
    assert made.messages[-1] is messages[-1]


def test_a_message_of_results_only_is_no_user_message() -> None:
    messages: list[Message] = [{"role": "user", "content": "What is in the file?"}]
    for at in range(6):
        call = {"type": "tool_use", "id": f"t{at}", "name": "read", "input": {}}
        answer = {"type": "tool_result", "tool_use_id": f"t{at}", "content": "word " * 100}
        messages.append({"role": "assistant", "content": [call]})
        messages.append({"role": "user", "content": [answer]})
    made = compress_context(messages, 300)
    assert made.selected_indices == [0, 9, 10, 11, 12]


def test_last_n_is_widened_to_whole_groups() -> None:
    ids = ["a", "b", "c"]
    calls = [
        {"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for name in ids
    ]
    messages: list[Message] = [
        *talk(5),
        {"role": "assistant", "content": None, "tool_calls": calls},
    ]
    messages += [{"role": "tool", "tool_call_id": name, "content": "x " * 50} for name in ids]
    made = compress_context(messages, 200, 1)
    assert set(made.selected_indices) >= {4, 5, 6, 7, 8}


def test_pinned() -> None:
    messages = agent(10)
    made = compress_context(messages, 1200, pinned=[3, -20])
    assert {2, 3} <= set(made.selected_indices)
    with pytest.raises(ArgumentError, match="no message 99"):
        compress_context(messages, 1200, pinned=[99])
    with pytest.raises(TokenTypeError):
        compress_context(messages, 1200, pinned=[True])


def test_target_lasts_for_several_turns() -> None:
    messages = agent(20)
    whole = bpe.count_messages(messages, "gpt-4o")
    limit = whole - 1
    made = compress_context(messages, limit, target_tokens=whole // 2)
    assert made.total_tokens <= whole // 2
    grown = [*made.messages, {"role": "user", "content": "Go on, please."}]
    assert compress_context(grown, limit).removed_count == 0
    # What does not need to be cut is not cut down to the target.
    assert compress_context(messages, whole, target_tokens=10).removed_count == 0


def test_hybrid_clears_before_it_drops() -> None:
    messages = agent(12)
    whole = bpe.count_messages(messages, "gpt-4o")
    made = compress_context(messages, whole * 2 // 3, strategy="hybrid")
    assert made.removed_count == 0
    assert {action.kind for action in made.actions} == {"cleared"}
    assert made.messages[3]["content"].startswith("[cleared: ")
    # The oldest first, and no more than needed.
    indices = [action.index for action in made.actions]
    assert indices == [3 + 2 * at for at in range(len(indices))]
    assert whole - sum(action.saved for action in made.actions[:-1]) > whole * 2 // 3


def test_hybrid_refers_to_the_newest_of_equal_results() -> None:
    messages = agent(8)
    for message in messages:
        if message["role"] == "tool":
            message["content"] = "the same lines\n" * 60
    whole = bpe.count_messages(messages, "gpt-4o")
    made = compress_context(messages, whole - 100, strategy="hybrid")
    assert [action.kind for action in made.actions] == ["deduplicated"]
    assert made.messages[3]["content"] == "[same as the newer result of call_7]"


def test_importance_keeps_what_went_wrong() -> None:
    messages = agent(60)
    messages[9]["content"] = "error: " + messages[9]["content"][7:]
    whole = bpe.count_messages(messages, "gpt-4o")
    by_importance = compress_context(messages, whole // 2, strategy="importance")
    assert 9 in by_importance.selected_indices
    assert 9 not in compress_context(messages, whole // 2).selected_indices


def test_of_equal_cuts_the_latest() -> None:
    # All alike and all old: the beginning stays as it was, for the sake of caches.
    messages = [{"role": "assistant", "content": "word " * 20} for _ in range(200)]
    made = compress_context(messages, 150 * 24, strategy="importance")
    # 96 of those that may go are recent enough to be in a tier above.
    assert [action.index for action in made.actions] == [*range(len(made.messages) - 98, 102)]


def test_truncate() -> None:
    messages = agent(1, 500)
    messages[1]["content"] = "Why? " * 100
    with pytest.raises(BudgetError) as caught:
        compress_context(messages, 600)
    assert caught.value.available == 600
    assert caught.value.needed == bpe.count_messages(messages, "gpt-4o")
    made = compress_context(messages, 600, on_overflow="truncate")
    # The result of the call is enough.
    assert [(action.kind, action.index) for action in made.actions] == [("shortened", 3)]
    assert made.messages[1] is messages[1]
    assert "tokens left out" in made.messages[3]["content"]
    assert 550 < made.total_tokens <= 600
    made = compress_context(messages, 100, on_overflow="truncate")
    assert [action.index for action in made.actions] == [1, 3]
    assert made.messages[0] is messages[0]
    assert made.messages[2] is messages[2]
    assert 80 < made.total_tokens <= 100
    with pytest.raises(BudgetError, match="all texts shortened") as caught:
        compress_context(messages, 30, on_overflow="truncate")
    assert caught.value.needed is not None
    assert caught.value.needed > 30


def test_orphans_by_example() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    other = {**call, "id": "b"}
    messages: list[Message] = [
        {"role": "tool", "tool_call_id": "lost", "content": "?"},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Both.", "tool_calls": [call, other]},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "user", "content": "And?"},
        {"role": "assistant", "content": None, "tool_calls": [{**call, "id": "c"}]},
    ]
    made = compress_context(messages, 1000, orphans="drop")
    assert made.selected_indices == [1, 2, 3, 4, 5]
    assert made.messages[1] == {"role": "assistant", "content": "Both.", "tool_calls": [call]}
    assert [(action.kind, action.index) for action in made.actions] == [
        ("orphaned", 0),
        ("orphaned", 2),
    ]
    assert sum(action.saved for action in made.actions) == made.original_tokens - made.total_tokens
    # The call at the end is pending, and becomes an orphan when the conversation goes on.
    made = compress_context([*messages, {"role": "user", "content": "x"}], 1000, orphans="drop")
    assert made.selected_indices == [1, 2, 3, 4, 6]
    assert len(compress_context(messages, 1000).messages) == 6


def test_objects_of_an_sdk() -> None:
    class Dumped:
        def __init__(self, **fields: Any) -> None:
            self.fields = fields

        def model_dump(self) -> dict[str, Any]:
            return self.fields

    messages = [Dumped(**message) for message in agent(10)]
    made = compress_context(messages, 1000)
    assert all(message in messages for message in made.messages)
    assert made.selected_indices == compress_context(agent(10), 1000).selected_indices


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"max_tokens": -1}, ArgumentError),
        ({"max_tokens": 1.5}, TokenTypeError),
        ({"max_tokens": True}, TokenTypeError),
        ({"preserve_last_n": -1}, ArgumentError),
        ({"preserve_last_n": None}, TokenTypeError),
        ({"strategy": "newest"}, ArgumentError),
        ({"orphans": "adopt"}, ArgumentError),
        ({"on_overflow": "ignore"}, ArgumentError),
        ({"target_tokens": -5}, ArgumentError),
        ({"target_tokens": "5"}, TokenTypeError),
        ({"messages": "hello"}, TokenCountError),
        ({"messages": {"role": "user", "content": "x"}}, TokenCountError),
        ({"messages": [{"role": "user"}, 5]}, TokenCountError),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        compress_context(**{"messages": talk(3), "max_tokens": 20, **arguments})
    with pytest.raises(ArgumentError):
        prune_tool_results([], -1)


def test_cleared_says_how_much() -> None:
    messages = agent(4)
    made = prune_tool_results(messages, keep_last=1)
    tokens = bpe.count_tokens(messages[3]["content"], "gpt-4o")
    assert made.messages[3]["content"] == cleared(tokens)
    assert [action.index for action in made.actions] == [3, 5, 7]


@pytest.mark.parametrize("model", ["gpt-4o", "deepseek-chat"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_it_is_linear(model: str, strategy: Any) -> None:
    if bpe.core_name() == "python":
        pytest.skip("counting takes the time")

    def seconds(turns: int) -> float:
        messages = agent(turns, 4)
        budget = bpe.count_messages(messages, model) // 2
        started = time.process_time()
        compress_context(messages, budget, model=model, strategy=strategy)
        return time.process_time() - started

    seconds(10)
    small = min(seconds(150) for _ in range(3))
    # Ten times as much: quadratic would be a hundred times.
    assert min(seconds(1500) for _ in range(3)) < 40 * small + 0.05


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_tokens": -(10**5000)},
        {"preserve_last_n": -(10**5000)},
        {"target_tokens": -(10**5000)},
        {"pinned": [10**5000]},
        {"pinned": [0, -(10**5000)]},
        {"strategy": 10**5000},
    ],
)
def test_numbers_too_long_to_be_written(arguments: dict[str, Any]) -> None:
    talk = [{"role": "user", "content": f"This is message {n}."} for n in range(10)]
    with pytest.raises(ArgumentError, match="an integer of 166"):
        compress_context(talk, **{"max_tokens": 40, **arguments})
    with pytest.raises(ArgumentError, match="an integer of 166"):
        prune_tool_results(talk, -(10**5000))
