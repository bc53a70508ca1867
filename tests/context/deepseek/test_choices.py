"""The choices of a request, and whose tokens are whose."""

from __future__ import annotations

from typing import Any

import pytest

from bpe import load
from bpe.context.breakdown import Breakdown
from bpe.context.deepseek import FORMATS, count_deepseek, render, total_deepseek

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
SYSTEM: dict[str, object] = {"role": "system", "content": "Be brief."}
USER: dict[str, object] = {"role": "user", "content": "Hello!"}
OLD = {"role": "assistant", "content": "Hi.", "reasoning_content": "Greet."}


def text(messages: object, form: str, **chosen: Any) -> str:
    return "".join(piece.text for piece in render(messages, format=form, **chosen))


def count(messages: object, form: str, **chosen: Any) -> Breakdown:
    return count_deepseek(messages, format=form, counter=load("deepseek_v3"), **chosen)


def test_thinking() -> None:
    off = {form for form in FORMATS if text([USER], form).endswith("</think>")}
    on = {form for form in FORMATS if text([USER], form).rstrip("\n").endswith("<think>")}
    assert on == {"r1", "v4-recipe", "v4.1"}
    assert off == {"v3.1", "v3.1-terminus", "v3.2", "v3.2-dense", "v4"}
    for form in off | on:
        assert text([USER], form, thinking=True).rstrip("\n").endswith("<think>")
    for form in (off | on) - {"r1"}:
        assert text([USER], form, thinking=False).endswith("</think>")


def test_effort() -> None:
    plain = text([USER], "v4", thinking=True)
    assert text([USER], "v4", thinking=True, effort="high") == plain
    assert "Absolute maximum" in text([USER], "v4", thinking=True, effort="max")
    assert text([USER], "v4", thinking=False, effort="max") == text([USER], "v4")
    assert text([USER], "v4-recipe", effort="low") == plain
    assert "Absolute maximum" in text([USER], "v4-recipe")
    assert "Beyond maximum" in text([USER], "v4-recipe", effort="max")
    assert text([USER], "v4-recipe", effort="none").endswith("</think>")
    assert "Effort: 75 (" in text([USER], "v4.1")
    assert "Effort: 100 (" in text([USER], "v4.1", effort="max")
    for form in ("v3", "r1", "v3.1", "v3.2"):
        assert text([USER], form, thinking=True, effort="max") == text([USER], form, thinking=True)


def test_dropped_reasoning() -> None:
    past = [USER, OLD, USER]
    for form in ("v4", "v4-recipe", "v4.1"):
        assert "Greet." not in text(past, form, thinking=True)
        assert "Greet." in text(past, form, thinking=True, drop_reasoning=False)
        assert "Greet." in text(past, form, thinking=True, tools=[TOOL])
        assert "Greet." not in text(past, form, thinking=False, drop_reasoning=False)
    for form in ("v3", "r1", "v3.1", "v3.2"):
        assert "Greet." not in text(past, form, thinking=True, drop_reasoning=False)
    assert "Greet." in text([USER, OLD], "v3.2", thinking=True)


def test_tools() -> None:
    for form in ("v3", "v3-2412", "r1", "r1-0528", "v3.1", "v3.1-terminus"):
        assert text([USER], form, tools=[TOOL]) == text([USER], form)
    for form in ("v3.2", "v3.2-dense", "v4", "v4-recipe", "v4.1"):
        plain = count([SYSTEM, USER], form)
        found = count([SYSTEM, USER], form, tools=[TOOL])
        assert found.tools > 200
        assert found.exact == (form != "v4.1")
        assert plain.tools == 0
        assert [message.role for message in found.messages] == ["system", "user"]
        assert found.total == found.tools + found.reply + sum(m.tokens for m in found.messages)
        assert count([SYSTEM, USER], form, tools=[TOOL], tool_choice="none").total == plain.total
        # Without a system message the definitions stand alone.
        alone = count([USER], form, tools=[TOOL])
        assert [message.index for message in alone.messages] == [0]
        assert alone.tools == pytest.approx(found.tools, abs=2)
        # A definition of another form is read, and the count no longer exact.
        assert not count([USER], form, tools=[TOOL["function"]]).exact


def test_required_calls() -> None:
    for form, block in (("v4-recipe", "tool_calls"), ("v4.1", " calls")):
        chosen: dict[str, Any] = {"tools": [TOOL], "thinking": False}
        free = text([USER], form, **chosen)
        for choice in ("required", {"type": "function", "function": {"name": "f"}}):
            assert text([USER], form, tool_choice=choice, **chosen) == (
                f"{free}\n\n<｜DSML｜{block}>\n"
            )


def test_what_a_message_may_hold_itself() -> None:
    """Of v4: tools, a response format, a task, and to be left open."""
    assert text([{**SYSTEM, "tools": [TOOL]}, USER], "v4") == text(
        [SYSTEM, USER], "v4", tools=[TOOL]
    )
    assert "## Response Format:" in text([{**SYSTEM, "response_format": {"a": 1}}, USER], "v4")
    assert text([{**USER, "task": "title"}], "v4").endswith("Hello!<｜title｜>")
    assert text([{**USER, "task": "action"}], "v4").endswith("<｜Assistant｜></think><｜action｜>")
    assert text([USER, {**OLD, "wo_eos": True}], "v4").endswith("Hi.")
    developer = {"role": "developer", "content": "Do it."}
    assert "<｜User｜>Do it.<｜Assistant｜>" in text([developer], "v4")
    assert "# The user's message is: Do it." in text([developer], "v3.2")


def test_typed_markers() -> None:
    typed = [{"role": "user", "content": "a<｜User｜>b"}]
    for form in FORMATS:
        as_text = count(typed, form)
        special = count(typed, form, markers="special")
        assert as_text.total > special.total
        assert as_text.reply == special.reply
        assert sum(part.tokens for part in special.messages[0].parts if part.kind == "text") == 3


def test_whose_tokens() -> None:
    found = count([SYSTEM, USER, OLD, USER], "v4", thinking=True, drop_reasoning=False)
    assert [message.tokens for message in found.messages] == [3, 3, 9, 3]
    assert {part.kind: part.tokens for part in found.messages[2].parts} == {
        "framing": 4,
        "thinking": 3,
        "text": 2,
    }
    assert found.reply == 3  # the first token, and what opens the answer
    assert found.model == "deepseek-v4"


def test_a_run_of_several_owners_is_shared_out_by_where_tokens_begin() -> None:
    # Two line feeds become one token with the one before them, or with what follows.
    messages = [{"role": "system", "content": "a\n"}, {"role": "system", "content": "\nb"}, USER]
    tokenizer = load("deepseek_v3")
    found = count(messages, "v3")
    joined = "a\n\n\n\nb"
    _, offsets = tokenizer.decode_with_offsets(tokenizer.encode_ordinary(joined))
    first = sum(start < 2 for start in offsets)
    assert first + found.messages[1].tokens == tokenizer.count(joined)
    assert found.messages[0].tokens == first


def test_work_is_linear() -> None:
    """Each character is counted once for the total, and at most twice more for the shares."""
    tokenizer = load("deepseek_v3")
    asked = 0

    class Counting:
        def count(self, text: str) -> int:
            nonlocal asked
            asked += len(text)
            return tokenizer.count(text)

    messages: list[dict[str, object]] = [SYSTEM] * 50
    for at in range(100):
        call = {**CALL, "id": str(at)}
        messages += [
            USER,
            {"role": "assistant", "content": "x" * 50, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": str(at), "content": "y" * 50},
        ]
    for form in FORMATS:
        given = [
            {**message, "content": None}
            if form == "v3-2412" and "tool_calls" in message
            else message
            for message in messages
        ]
        segments = render(given, format=form, tools=[TOOL])
        plain = sum(len(segment.text) for segment in segments if not segment.markup)
        asked = 0
        total_deepseek(given, format=form, counter=Counting(), tools=[TOOL])
        assert asked == plain
        asked = 0
        count_deepseek(given, format=form, counter=Counting(), tools=[TOOL])
        assert asked <= 2 * plain
