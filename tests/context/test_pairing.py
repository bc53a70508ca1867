"""validate_messages: calls and results that belong together."""

from __future__ import annotations

from typing import Any

import pytest

import bpe
from bpe import errors
from bpe.context import validate_messages

USER: dict[str, Any] = {"role": "user", "content": "go on"}


def calls(*ids: Any) -> dict[str, Any]:
    function = {"name": "f", "arguments": "{}"}
    listed = [{"id": each, "type": "function", "function": function} for each in ids]
    return {"role": "assistant", "content": None, "tool_calls": listed}


def result(call_id: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "done"}


def uses(*ids: Any) -> dict[str, Any]:
    blocks = [{"type": "tool_use", "id": each, "name": "f", "input": {}} for each in ids]
    return {"role": "assistant", "content": [{"type": "text", "text": "hm"}, *blocks]}


def results(*ids: Any) -> dict[str, Any]:
    blocks = [{"type": "tool_result", "tool_use_id": each, "content": "x"} for each in ids]
    return {"role": "user", "content": blocks}


def item(call_id: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": "f", "arguments": "{}"}


def output(call_id: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": "x"}


LEGACY = {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}
ANSWER = {"role": "function", "name": "f", "content": "x"}


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [USER],
        [USER, calls("a"), result("a"), USER],
        [calls("a", "b"), result("b"), result("a")],
        [calls("a"), result("a"), calls("a"), result("a")],  # some providers use ids again
        [LEGACY, ANSWER, LEGACY, ANSWER],
        [uses("a", "b"), results("a", "b"), USER],
        [uses("a"), results("a"), uses("a"), results("a")],
        [item("a"), item("b"), USER, output("b"), output("a")],
        [{"role": "assistant", "content": [{"type": "server_tool_use", "id": "s", "name": "f"}]}],
    ],
)
def test_paired(messages: list[Any]) -> None:
    validate_messages(messages)
    validate_messages(iter(messages))


@pytest.mark.parametrize(
    ("messages", "path", "problem"),
    [
        ([USER, calls("a")], "messages[1].tool_calls[0].id", "without a result"),
        ([calls("a", "b"), result("a"), USER], "messages[0].tool_calls[1].id", r"messages\[2\]"),
        ([calls("a"), USER, result("a")], "messages[0].tool_calls[0].id", "without a result"),
        ([result("a")], "messages[0].tool_call_id", "answers no call"),
        ([calls("a"), result("b")], "messages[1].tool_call_id", "answers no call"),
        ([calls("a"), result("a"), result("a")], "messages[2].tool_call_id", "again"),
        ([calls("a"), result(None)], "messages[1].tool_call_id", "is missing"),
        ([calls(None)], "messages[0].tool_calls[0].id", "is missing"),
        ([calls("a", "a")], "messages[0].tool_calls[1].id", "earlier call"),
        ([LEGACY, USER], "messages[0].function_call.name", "without a result"),
        ([ANSWER], "messages[0].name", "answers no call"),
        ([uses("a"), USER], "messages[0].content[1].id", "without a result"),
        ([uses("a", "b"), results("a")], "messages[0].content[2].id", "without a result"),
        ([results("a")], "messages[0].content[0].tool_use_id", "answers no call"),
        ([uses("a"), results("a", "a")], "messages[1].content[1].tool_use_id", "again"),
        ([item("a"), USER], "messages[0].call_id", "without a result"),
        ([output("a"), item("a")], "messages[0].call_id", "answers no call"),
        ([USER, {"role": "user", "content": 3}], "messages[1].content", "must be"),
    ],
)
def test_unpaired(messages: list[Any], path: str, problem: str) -> None:
    with pytest.raises(errors.TokenCountError, match=problem) as caught:
        validate_messages(messages)
    assert caught.value.path == path
    assert caught.value.index == int(path[len("messages[")])


def test_counting_accepts_orphans() -> None:
    assert bpe.count_messages([result("a"), calls("b"), results("c")], "gpt-4o") > 0
