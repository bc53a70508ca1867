"""What holds for every conversation, after each step and after all of them.

Every generated message has a key of its own, `mark`, which counting does not read: by it a message
is known again, however its text was changed.
"""

from __future__ import annotations

import asyncio
import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bpe import count_messages
from bpe.context import OptimizationResult, TokenOptimizationConfig, TokenOptimizer
from bpe.context.groups import groups_of
from bpe.context.steps import STEPS
from bpe.context.steps.conciseness import Conciseness, directive_at
from bpe.context.steps.summary import is_summary
from bpe.errors import BudgetError

MODEL = "gpt-4o"
Message = dict[str, Any]

SENTENCES = (
    "The build failed with error E1042 in src/app/main.py. ",
    "We decided to use port 8443 from now on. ",
    "All of this is only said to fill the page.\n",
    "Le café est fermé à 18 h. ",
    "数据库已经迁移完毕。",
    "مرحبا بالعالم. ",
    "🙂🙂 👩‍👩‍👧 ",
    "x" * 90,
    "<memory>The user lives in Lyon and likes tea, as he said in May.</memory> ",
    "# Examples\nOne of many.\n\n",
    "\n\n",
    "",
)
TEXT = st.lists(st.sampled_from(SENTENCES), max_size=40).map("".join)
LONG = TEXT.flatmap(lambda text: st.integers(1, 30).map(lambda times: text * times))
ROWS = st.lists(st.fixed_dictionaries({"id": st.integers(), "message": TEXT}), max_size=6)
RESULT = st.one_of(TEXT, LONG, ROWS.map(lambda rows: json.dumps({"status": "ok", "rows": rows})))
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": f"tool_{number}",
            "description": f"Does number {number}. It has many details. And some more.",
            "parameters": {
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "A path. Of a file.", "enum": ["a"]}
                },
                "required": ["path"],
            },
        },
    }
    for number in range(12)
]


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Chats with parallel calls, in both vendors' forms; orphans, empty, long and equal texts."""
    messages: list[Message] = []
    calls = 0

    def add(**fields: Any) -> None:
        messages.append({"mark": len(messages), **fields})

    if draw(st.booleans()):
        add(role=draw(st.sampled_from(("system", "developer"))), content=draw(LONG))
    kinds = ("user", "user", "assistant", "calls", "calls", "blocks", "parts", "orphan", "system")
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=14)):
        if kind in ("user", "assistant"):
            add(role=kind, content=draw(st.one_of(TEXT, LONG)))
        elif kind == "system":
            add(role="system", content=draw(TEXT))
        elif kind == "parts":
            image = {"type": "image_url", "image_url": {"url": "https://a/b.png", "detail": "low"}}
            text = {"type": "text", "text": draw(TEXT)}
            add(role="user", content=draw(st.permutations([text, image])))
        elif kind == "orphan":
            add(role="tool", tool_call_id=f"none{len(messages)}", content=draw(RESULT))
        else:
            number = draw(st.integers(1, 3))
            ids = [f"call{calls + at}" for at in range(number)]
            calls += number
            answered = draw(st.integers(0, number)) if draw(st.booleans()) else number
            names = draw(st.lists(st.sampled_from(range(12)), min_size=number, max_size=number))
            if kind == "calls":
                made = [
                    {
                        "id": each,
                        "type": "function",
                        "function": {"name": f"tool_{name}", "arguments": '{"path": "a"}'},
                    }
                    for each, name in zip(ids, names, strict=True)
                ]
                add(role="assistant", content=draw(st.one_of(st.none(), TEXT)), tool_calls=made)
                for each in ids[:answered]:
                    add(role="tool", tool_call_id=each, content=draw(RESULT))
            else:
                uses = [
                    {"type": "tool_use", "id": each, "name": f"tool_{name}", "input": {"path": "a"}}
                    for each, name in zip(ids, names, strict=True)
                ]
                add(role="assistant", content=[{"type": "text", "text": draw(TEXT)}, *uses])
                if answered:
                    results = [
                        {"type": "tool_result", "tool_use_id": each, "content": draw(RESULT)}
                        for each in ids[:answered]
                    ]
                    add(role="user", content=results)
    return messages


CONFIGS = st.builds(
    TokenOptimizationConfig,
    context_window_tokens=st.integers(300, 4000),
    tool_result_max_tokens=st.sampled_from((1, 20, 100)),
    max_history_tokens=st.sampled_from((100, 4096)),
    max_summary_tokens=st.sampled_from((10, 64)),
    max_profile_prompt_tokens=st.just(20),
    conciseness_pressure_threshold=st.sampled_from((0.0, 0.7, 1.0)),
)
LAST = st.integers(0, 4)
COMMON = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def own(messages: list[Message]) -> list[Message]:
    """Without what the optimizer may add."""
    return [message for message in messages if "mark" in message]


def protected_marks(messages: list[Message], last: int) -> set[int]:
    """As the issue of compression words it, and in another way than the package does it."""
    groups = [group.indices for group in groups_of(messages)]
    stay = set(range(max(0, len(messages) - last), len(messages)))

    def says_something(message: Message) -> bool:
        content = message["content"]
        if message["role"] != "user" or not content:
            return False
        if isinstance(content, str):
            return bool(content.strip())
        return any(
            part["type"] != "tool_result" and part.get("text", "x").strip() for part in content
        )

    stay = {at for group in groups if stay & {*group} for at in group}
    users = [at for at, message in enumerate(messages) if says_something(message)]
    if users and not stay & {*users}:
        stay.add(users[-1])
    return stay


def check_order_and_groups(original: list[Message], made: list[Message], last: int) -> None:
    marks = [message["mark"] for message in own(made)]
    assert marks == sorted(set(marks)), "order"
    left = {*marks}
    for group in groups_of(original):
        inside = left & {*group.indices}
        assert not inside or inside == {*group.indices}, "a group was torn apart"
    by_mark = {message["mark"]: message for message in own(made)}
    for mark in protected_marks(original, last):
        # The very object, not one that is equal.
        if original[mark]["role"] not in ("system", "developer"):
            assert by_mark.get(mark) is original[mark], "a protected message changed"
    for message in original:
        if message["role"] in ("system", "developer"):
            assert message["mark"] in left, "a system message is gone"
    for mark, message in by_mark.items():
        before = original[mark]
        assert {key: message[key] for key in message if key != "content"} == {
            key: before[key] for key in before if key != "content"
        }, "more than the content changed"
        assert calls_of(message) == calls_of(before)
        for text, old in zip(results_of(message), results_of(before), strict=True):
            if text != old and is_json(old):
                assert is_json(text) or text.startswith("[cleared"), text


def calls_of(message: Message) -> list[Any]:
    content = message["content"]
    parts = content if isinstance(content, list) else []
    return [part for part in parts if part["type"] in ("tool_use", "image_url")]


def results_of(message: Message) -> list[str]:
    content = message["content"]
    if message["role"] == "tool":
        return [content]
    if not isinstance(content, list):
        return []
    return [part["content"] for part in content if part["type"] == "tool_result"]


def is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), (dict, list))
    except ValueError:
        return False


def check_result(
    original: list[Message],
    tools: list[Any] | None,
    optimizer: TokenOptimizer,
    result: OptimizationResult,
) -> None:
    config, plan = optimizer.config, result.plan
    before, after = (
        count_messages(original, MODEL, tools),
        count_messages(result.conversation, MODEL, result.tools),
    )
    assert (plan.original_tokens, plan.optimized_tokens) == (before, after)
    assert after <= config.prompt_budget
    assert sum(step.saved for step in plan.steps) == before - after
    order = [step.name for step in STEPS]
    assert [*plan.fired] == sorted(plan.fired, key=order.index)
    for step, following in zip(plan.steps, plan.steps[1:], strict=False):
        assert step.after == following.before
    for step in plan.steps:
        assert step.saved >= 0 or step.name == "conciseness"
    check_order_and_groups(original, result.conversation, optimizer.preserve_last_n)
    added = [message for message in result.conversation if "mark" not in message]
    assert len(added) <= 2
    for message in added:
        assert is_summary(message) or directive_at([message]) is not None
    if not plan.steps:
        assert result.conversation is original
        assert result.tools is tools
        return
    # The history is at its target, or nothing is left of it that may go.
    target = int(plan.history_cap * config.compaction_trigger_ratio + 1e-6)
    stay = protected_marks(original, optimizer.preserve_last_n)
    pending = {at for group in groups_of(original) if group.pending for at in group.indices}
    rest = [
        message
        for message in own(result.conversation)
        if message["mark"] not in stay | pending and message["role"] not in ("system", "developer")
    ]
    assert plan.history_tokens <= target or not rest


def run(
    messages: list[Message], tools: list[Any] | None, optimizer: TokenOptimizer
) -> OptimizationResult | None:
    given_messages, given_tools = copy.deepcopy(messages), copy.deepcopy(tools)
    result: OptimizationResult | None
    try:
        result = optimizer.optimize_with_tools(messages, tools)
    except BudgetError as error:
        result, refused = None, error
    if result is None:
        needed = refused.needed or 0
        assert refused.available == optimizer.config.prompt_budget < needed
        # What must stay does not fit indeed.
        stay = protected_marks(messages, optimizer.preserve_last_n)
        stay |= {at for group in groups_of(messages) if group.pending for at in group.indices}
        kept = [
            message
            for at, message in enumerate(messages)
            if at in stay or message["role"] in ("system", "developer")
        ]
        assert needed <= count_messages(kept, MODEL, tools)
    assert (messages, tools) == (given_messages, given_tools), "the input was changed"
    return result


@given(messages=conversations(), config=CONFIGS, last=LAST, tools=st.sampled_from((None, TOOLS)))
@COMMON
def test_together(
    messages: list[Message],
    config: TokenOptimizationConfig,
    last: int,
    tools: list[Any] | None,
) -> None:
    optimizer = TokenOptimizer(config, model=MODEL, preserve_last_n=last)
    result = run(messages, tools, optimizer)
    if result is None:
        return
    check_result(messages, tools, optimizer, result)
    # Once more: the directive is not added again, and nothing grows.
    again = optimizer.optimize_with_tools(result.conversation, result.tools)
    assert again.plan.optimized_tokens <= result.plan.optimized_tokens or (
        "conciseness" in again.plan.fired and "conciseness" not in result.plan.fired
    )
    assert sum(directive_at([message]) is not None for message in again.conversation) <= 1
    assert asyncio.run(optimizer.aoptimize_with_tools(messages, tools)) == result


def summarize(text: str, max_tokens: int) -> str:
    return f"Notes on {len(text)} characters."


def fail(text: str, max_tokens: int) -> str:
    raise RuntimeError("no model here")


@given(
    messages=conversations(),
    config=CONFIGS,
    last=LAST,
    summarizer=st.sampled_from((summarize, fail, lambda text, most: text * 2)),
)
@COMMON
def test_together_with_a_summariser(
    messages: list[Message], config: TokenOptimizationConfig, last: int, summarizer: Any
) -> None:
    optimizer = TokenOptimizer(config, model=MODEL, preserve_last_n=last, summarizer=summarizer)
    result = run(messages, None, optimizer)
    if result is None:
        return
    check_result(messages, None, optimizer, result)
    if summarizer is fail:
        plain = TokenOptimizer(config, model=MODEL, preserve_last_n=last)
        assert plain.optimize(messages).conversation == result.conversation


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
@given(messages=conversations(), config=CONFIGS, last=LAST)
@settings(COMMON, max_examples=40)
def test_step_by_step(
    step: Any, messages: list[Message], config: TokenOptimizationConfig, last: int
) -> None:
    optimizer = TokenOptimizer(config, model=MODEL, preserve_last_n=last)
    state = optimizer._state(messages, TOOLS)
    before = state.total
    assert before == count_messages(messages, MODEL, TOOLS)
    step(state)
    assert state.total == count_messages(state.messages, MODEL, state.tools)
    system = [each for each in state.messages if each["role"] in ("system", "developer")]
    assert state.system_tokens == count_messages(system, MODEL) - 3
    assert state.total <= before or isinstance(step, Conciseness)
    check_order_and_groups(messages, state.messages, last)
    assert state.changed == (state.messages != messages or state.tools != TOOLS)
