"""compress_context by example: what stays, what goes, what is refused."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

import bpe
from bpe.context.compress import compress_context, prune_tool_results
from bpe.context.shorten import cleared
from bpe.errors import ArgumentError, BudgetError, TokenCountError, TokenTypeError

Message = dict[str, Any]

STRATEGIES = ["window", "importance", "hybrid"]


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
