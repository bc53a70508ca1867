"""Groups of messages: what stays or goes together, and what is an orphan."""

from __future__ import annotations

import gc
import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from bpe.context.groups import Group, groups_of, has_own_content, protected
from bpe.errors import ArgumentError, TokenTypeError

_spec = spec_from_file_location("conversations", Path(__file__).with_name("conversations.py"))
assert _spec is not None
assert _spec.loader is not None
forms: Any = module_from_spec(_spec)
_spec.loader.exec_module(forms)

# A failing example may be long; it is to be shown all the same.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

Message = dict[str, Any]


def calls(*ids: str) -> Message:
    made = [
        {"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for name in ids
    ]
    return {"role": "assistant", "content": None, "tool_calls": made}


def result(name: str) -> Message:
    return {"role": "tool", "tool_call_id": name, "content": "42"}


def user(text: str = "Hi") -> Message:
    return {"role": "user", "content": text}


def indices(messages: list[Any]) -> list[tuple[int, ...]]:
    return [group.indices for group in groups_of(messages)]


@settings(max_examples=80, deadline=None)
@given(forms.conversations())
def test_groups_are_those_of_the_ids(messages: list[Message]) -> None:
    groups = groups_of(messages)
    assert [{*group.indices} for group in groups] == forms.groups_by_id(messages)
    strays = set()
    for group in groups:
        assert [*group.indices] == sorted(group.indices)
        for stray in group.strays:
            message = messages[stray.index]
            if stray.place is None:
                strays.add(message["tool_call_id"])
            else:
                entry = message[stray.where][stray.place]
                strays.add(entry["id"] if stray.is_call else entry["tool_use_id"])
    assert strays == forms.orphans_of(messages)


def test_parallel_calls() -> None:
    messages = [user(), calls("a", "b"), result("b"), result("a"), user()]
    assert groups_of(messages) == [Group((0,)), Group((1, 2, 3), calls=True), Group((4,))]


def test_pending_and_orphaned_calls() -> None:
    (group,) = groups_of([calls("a", "b"), result("a")])
    assert group.pending
    assert not group.strays
    group, _ = groups_of([calls("a", "b"), result("a"), user()])
    assert not group.pending
    assert [(stray.index, stray.place, stray.is_call) for stray in group.strays] == [(0, 1, True)]


def test_a_second_result_goes_with_its_call_and_is_an_orphan() -> None:
    (group,) = groups_of([calls("a"), result("a"), result("a")])
    assert group.indices == (0, 1, 2)
    assert [stray.index for stray in group.strays] == [2]


def test_ids_may_be_used_again() -> None:
    messages = [calls("a"), result("a"), user(), calls("a"), result("a")]
    assert indices(messages) == [(0, 1), (2,), (3, 4)]
    # The later call has the result; the first was never answered.
    messages = [calls("a"), user(), calls("a"), result("a")]
    assert indices(messages) == [(0,), (1,), (2, 3)]
    assert groups_of(messages)[0].strays


def test_late_results() -> None:
    messages = [calls("a"), user(), result("a")]
    assert indices(messages) == [(0, 2), (1,)]


def test_one_message_that_answers_two_groups_joins_them() -> None:
    blocks = [{"type": "tool_result", "tool_use_id": name, "content": "1"} for name in "ab"]
    messages = [calls("a"), calls("b"), {"role": "user", "content": blocks}, user()]
    assert indices(messages) == [(0, 1, 2), (3,)]


def test_older_and_newer_forms() -> None:
    call = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": ""}}
    messages: list[Message] = [call, {"role": "function", "name": "f", "content": "1"}, user()]
    assert indices(messages) == [(0, 1), (2,)]
    items: list[Message] = [
        user(),
        {"type": "reasoning", "summary": []},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "b", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "1"},
        {"type": "function_call_output", "call_id": "b", "output": "2"},
    ]
    assert indices(items) == [(0,), (1, 2, 4), (3, 5)]
    assert not any(group.strays or group.pending for group in groups_of(items))


def test_what_is_no_message_is_a_group() -> None:
    messages: list[Any] = [5, None, {}, {"role": "tool"}, {"role": "assistant", "tool_calls": [7]}]
    assert indices(messages) == [(0,), (1,), (2,), (3,), (4,)]
    assert indices([{"role": ["x"], "content": []}, {"role": "user", "content": [3, None]}])


def test_own_content() -> None:
    answer = {"type": "tool_result", "tool_use_id": "a", "content": "x"}
    assert not has_own_content({"role": "user", "content": [answer]})
    assert not has_own_content({"role": "user", "content": [answer, {"type": "text", "text": ""}]})
    assert has_own_content({"role": "user", "content": [answer, {"type": "text", "text": "x"}]})
    assert has_own_content({"role": "user", "content": [{"type": "image", "source": {}}]})
    assert not has_own_content(user(""))
    assert not has_own_content(user(" \n"))
    assert not has_own_content(
        {"role": "user", "content": [answer, {"type": "text", "text": "\n"}]}
    )
    assert not has_own_content({"role": "assistant", "content": "x"})


def test_protected() -> None:
    messages = [
        {"role": "system", "content": "x"},
        user("first"),
        calls("a", "b"),
        result("a"),
        result("b"),
        {"role": "assistant", "content": "done"},
    ]
    groups = groups_of(messages)
    assert protected(messages, groups, 1) == [True, True, False, True]
    assert protected(messages, groups, 2) == [True, True, True, True]
    assert protected(messages, groups, 0) == [True, True, False, False]
    assert protected(messages, groups, 0, [4]) == [True, True, True, False]
    assert protected(messages, groups, 0, [-6]) == [True, True, False, False]
    with pytest.raises(ArgumentError):
        protected(messages, groups, 0, [6])
    with pytest.raises(ArgumentError):
        protected(messages, groups, -1)
    with pytest.raises(TokenTypeError):
        protected(messages, groups, 0, [0.5])  # type: ignore[list-item]


def test_it_is_linear() -> None:
    def seconds(turns: int) -> float:
        messages = [
            each for at in range(turns) for each in (user(), calls(f"{at}"), result(f"{at}"))
        ]
        gc.disable()  # it looks at all that the other tests have left
        started = time.process_time()
        groups_of(messages)
        taken = time.process_time() - started
        gc.enable()
        return taken

    small = min(seconds(1000) for _ in range(3))
    # Ten times as much: quadratic would be a hundred times.
    assert min(seconds(10_000) for _ in range(3)) < 40 * small + 0.02


def test_chains_of_merged_groups_are_linear() -> None:
    def work(n: int) -> int:
        calls = [{"type": "tool_use", "id": f"t{i}", "name": "f", "input": {}} for i in range(n)]
        answers = [{"type": "tool_result", "tool_use_id": f"t{i}", "content": ""} for i in range(n)]
        messages: list[dict[str, Any]] = [
            *({"role": "assistant", "content": [call]} for call in calls),
            {"role": "user", "content": answers[::-1]},
            *({"role": "user", "content": [answers[-1]]} for _ in range(n)),
        ]
        lines = 0

        def trace(*_: object) -> Any:
            nonlocal lines
            lines += 1
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            groups = groups_of(messages)
        finally:
            sys.settrace(before)
        assert len(groups) == 1
        return lines

    assert work(800) < 2.5 * work(400)
