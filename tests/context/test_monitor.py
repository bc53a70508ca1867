"""ContextMonitor: always what a full count says, at the cost of what has changed."""

from __future__ import annotations

import copy
import gc
import random
from collections.abc import Callable, Iterator
from threading import Barrier, Thread
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpe
from bpe.context import ContextMonitor, ContextUsage, TokenCounter
from bpe.context.counting import count_messages
from bpe.context.estimate import Calibrated, Heuristic
from bpe.errors import ArgumentError, BudgetError, TokenCountError, TokenTypeError
from bpe.text.measure import Measure

Message = dict[str, Any]
SYSTEM = "You are a helpful assistant."
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a place",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            },
        },
    }
]


class Spy:
    """A Counter of characters that adds up what it was given to count."""

    def __init__(self, model: str | None = None) -> None:
        self.characters = 0
        self.model = model

    def count(self, text: str) -> int:
        self.characters += len(text)
        return len(text)

    def asked(self) -> int:
        """Characters since the last time."""
        found, self.characters = self.characters, 0
        return found


def conversation(n: int) -> list[Message]:
    messages: list[Message] = []
    for i in range(n):
        if i % 4 == 1:
            call = {
                "id": f"call_{i}",
                "type": "function",
                "function": {"name": "get_weather", "arguments": f'{{"city": "city {i}"}}'},
            }
            messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        elif i % 4 == 2:
            result = {"role": "tool", "tool_call_id": f"call_{i - 1}", "content": f"{i} degrees"}
            messages.append(result)
        else:
            role = "assistant" if i % 4 else "user"
            messages.append({"role": role, "content": f"This is message number {i}. " * 5})
    return messages


def full(messages: list[Any], model: str, system: str = "", **options: Any) -> int:
    """What a count of everything says."""
    before = [{"role": "system", "content": system}] if system else []
    return count_messages([*before, *messages], model, **options)


# ---- what it reports


def test_usage() -> None:
    monitor = ContextMonitor("gpt-4o", max_tokens=100)
    messages = [{"role": "user", "content": "hello world"}]
    known = monitor.usage
    assert known is None
    usage = monitor.check_usage(messages)
    assert usage == ContextUsage(
        prompt_tokens=9,
        completion_tokens=16_384,
        total_tokens=9 + 16_384,
        max_tokens=100,
        usage_ratio=0.09,
        should_compress=False,
    )
    assert monitor.usage == usage
    # Above the budget the ratio stays 1.
    usage = monitor.check_usage([{"role": "user", "content": "hello world " * 100}])
    assert usage.prompt_tokens > 100
    assert usage.usage_ratio == 1.0
    assert usage.should_compress


def test_should_compress_at_the_threshold() -> None:
    messages = [{"role": "user", "content": "x" * 1000}]
    tokens = ContextMonitor(Spy()).check_usage(messages).prompt_tokens
    for budget, expected in ((tokens, True), (tokens * 5 // 4, True), (tokens * 5 // 4 + 1, False)):
        monitor = ContextMonitor(Spy(), max_tokens=budget)
        assert monitor.check_usage(messages).should_compress is expected
    monitor = ContextMonitor(Spy(), max_tokens=2 * tokens, threshold=0.5)
    assert monitor.check_usage(messages).should_compress


@pytest.mark.parametrize(
    ("model", "budget", "reserve"),
    [
        ("gpt-4o", 128_000 - 16_384, 16_384),
        ("claude-3-5-sonnet", 200_000 - 8_192, 8_192),
        ("gemini-1.5-pro", 2_000_000 - 8_192, 8_192),
        # A model that may write more than a quarter of its window.
        ("gpt-4", None, None),
    ],
)
@pytest.mark.filterwarnings("ignore::bpe.errors.EstimateWarning")
def test_the_budget_of_a_model(model: str, budget: int | None, reserve: int | None) -> None:
    limits = bpe.get_model_limits(model)
    window = limits["context_window"]
    expected = min(limits["max_completion"], window // 4)
    usage = ContextMonitor(model).check_usage([])
    assert usage.completion_tokens == expected
    assert usage.max_tokens == window - expected
    if budget is not None:
        assert (usage.max_tokens, usage.completion_tokens) == (budget, reserve)


def test_the_reserve_enters_nowhere_else() -> None:
    messages = conversation(8)
    usage = ContextMonitor("gpt-4o", max_tokens=1000).check_usage(messages)
    assert usage.prompt_tokens == full(messages, "gpt-4o")
    assert usage.usage_ratio == usage.prompt_tokens / 1000
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4", "deepseek-chat"])
def test_what_counts(model: str) -> None:
    messages = conversation(7)
    expected = full(messages, model, SYSTEM)
    for counter in (model, TokenCounter(model)):
        monitor = ContextMonitor(counter)
        assert monitor.check_usage(messages, SYSTEM).prompt_tokens == expected
        assert monitor.check_usage(iter(messages), SYSTEM).prompt_tokens == expected
        assert monitor.check_usage(tuple(messages), SYSTEM).prompt_tokens == expected
    assert ContextMonitor(model).check_usage([]).prompt_tokens == full([], model)


def test_any_counter() -> None:
    messages = conversation(7)
    expected = full(messages, "gpt-4o", counter=Heuristic())
    assert ContextMonitor(Heuristic()).check_usage(messages).prompt_tokens == expected
    # Nothing is known of the limits of a Counter without a model.
    assert ContextMonitor(Heuristic()).max_tokens == 6000
    assert ContextMonitor(Spy("gpt-4o")).max_tokens == 128_000 - 16_384
    assert ContextMonitor(Calibrated("gpt-4o")).max_tokens == 128_000 - 16_384
    exact = ContextMonitor(Calibrated("gpt-4o", every=1)).check_usage(messages)
    assert exact.prompt_tokens == full(messages, "gpt-4o")
    assert ContextMonitor(bpe.load("gpt-4o")).check_usage(messages).prompt_tokens == full(
        messages, "gpt-4o"
    )


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4", "deepseek-v3.2"])
def test_tools(model: str) -> None:
    messages = conversation(7)
    monitor = ContextMonitor(model)
    tools = copy.deepcopy(TOOLS)
    choice: dict[str, Any] = {"type": "function", "function": {"name": "get_weather"}}
    for system in ("", SYSTEM):
        for chosen in (None, choice):
            usage = monitor.check_usage(messages, system, tools=tools, tool_choice=chosen)
            assert usage.prompt_tokens == full(
                messages, model, system, tools=tools, tool_choice=chosen
            )
    before = monitor.check_usage(messages, tools=tools).prompt_tokens
    tools[0]["function"]["parameters"]["properties"]["days"]["type"] = "array"  # type: ignore[index]
    after = monitor.check_usage(messages, tools=tools).prompt_tokens
    assert after == full(messages, model, tools=tools)
    assert monitor.check_usage(messages).prompt_tokens == full(messages, model) < min(before, after)
    for wrong in ("tools", {"type": "function"}, 5):
        with pytest.raises(TokenCountError, match="tools"):
            monitor.check_usage(messages, tools=wrong)  # type: ignore[arg-type]


# ---- only what changed is encoded


def test_only_an_appended_message_is_encoded() -> None:
    spy = Spy("gpt-4o")
    monitor = ContextMonitor(spy)
    messages = conversation(200)
    monitor.check_usage(messages, SYSTEM, tools=TOOLS)
    assert spy.asked() > 10_000
    for i in range(20):
        monitor.check_usage(messages, SYSTEM, tools=TOOLS)
        assert spy.asked() == 0
        text = f"A new message, the {i}th of them"
        messages.append({"role": "user", "content": text})
        usage = monitor.check_usage(messages, SYSTEM, tools=TOOLS)
        assert spy.asked() == len("user") + len(text)
        assert usage.prompt_tokens == full(
            messages, "gpt-4o", SYSTEM, tools=TOOLS, counter=Spy("gpt-4o")
        )


def test_only_new_text_is_encoded_where_messages_depend_on_each_other() -> None:
    spy = Spy("deepseek-chat")
    monitor = ContextMonitor(spy)
    messages = [{"role": ("user", "assistant")[i % 2], "content": f"Text {i}"} for i in range(100)]
    monitor.check_usage(messages, SYSTEM)
    spy.asked()
    for i in range(10):
        monitor.check_usage(messages, SYSTEM)
        assert spy.asked() == 0
        text = f"A new message, the {i}th of them"
        messages.append({"role": ("user", "assistant")[i % 2], "content": text})
        usage = monitor.check_usage(messages, SYSTEM)
        assert spy.asked() == len(text)
        counted = full(messages, "deepseek-chat", SYSTEM, counter=Spy())
        assert usage.prompt_tokens == counted


def test_the_same_messages_in_other_objects_are_not_encoded_again() -> None:
    spy = Spy("gpt-4o")
    monitor = ContextMonitor(spy)
    messages = conversation(50)
    monitor.check_usage(messages)
    spy.asked()
    monitor.check_usage(copy.deepcopy(messages))
    monitor.check_usage([{**message} for message in messages])
    assert spy.asked() == 0


EDITS: dict[str, tuple[Callable[[list[Message]], object], int]] = {
    "swapped": (lambda m: m.insert(3, m.pop(0)), 0),
    "reversed": (lambda m: m.reverse(), 0),
    "first ones removed": (lambda m: m.__delitem__(slice(0, 8)), 0),
    "one removed": (lambda m: m.pop(17), 0),
    "middle replaced": (
        lambda m: m.__setitem__(slice(1, 30), [{"role": "user", "content": "new"}]),
        len("usernew"),
    ),
    "window slid": (
        lambda m: m.__setitem__(slice(1, 40), [*m[9:], {"role": "user", "content": "new"}]),
        len("usernew"),
    ),
    "one replaced": (
        lambda m: m.__setitem__(4, {"role": "user", "content": "new"}),
        len("usernew"),
    ),
    "all removed": (lambda m: m.clear(), 0),
}


@pytest.mark.parametrize("edit", EDITS)
def test_messages_that_move_are_not_encoded_again(edit: str) -> None:
    change, characters = EDITS[edit]
    spy = Spy("gpt-4o")
    monitor = ContextMonitor(spy)
    messages = conversation(40)
    monitor.check_usage(messages)
    spy.asked()
    change(messages)
    usage = monitor.check_usage(messages)
    assert spy.asked() == characters
    assert usage.prompt_tokens == full(messages, "gpt-4o", counter=Spy())


# ---- changes in place


def rich() -> list[Message]:
    return [
        {"role": "user", "content": "text", "name": "ann"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "part"},
                {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
                {"type": "unheard_of", "values": {"a": 1, "b": [True, None, 0.0]}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "refusal": "no",
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "f", "arguments": {"x": 1, "y": {"z": [1, 2]}}},
                },
            ],
        },
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "t1", "name": "g", "input": {"k": 1, "l": 2}}],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "content": [{"type": "text", "text": "r"}],
                }
            ],
        },
    ]


CHANGES: dict[str, Callable[[list[Any]], object]] = {
    "content": lambda m: m[0].update(content="another text"),
    "name": lambda m: m[0].update(name="bob and ann"),
    "name removed": lambda m: m[0].pop("name"),
    "role": lambda m: m[0].update(role="assistant and more"),
    "content to parts": lambda m: m[0].update(content=[{"type": "text", "text": "much longer"}]),
    "content to none": lambda m: m[0].update(content=None),
    "text of a part": lambda m: m[1]["content"][0].update(text="a longer part"),
    "part appended": lambda m: m[1]["content"].append({"type": "text", "text": "more"}),
    "part removed": lambda m: m[1]["content"].pop(),
    "detail": lambda m: m[1]["content"][1]["image_url"].update(detail="high"),
    "1 to 1.0": lambda m: m[1]["content"][2]["values"].update(a=1.0),
    "1 to True": lambda m: m[1]["content"][2]["values"].update(a=True),
    "True to 1": lambda m: m[1]["content"][2]["values"]["b"].__setitem__(0, 1),
    "None to False": lambda m: m[1]["content"][2]["values"]["b"].__setitem__(1, False),
    "0.0 to -0.0": lambda m: m[1]["content"][2]["values"]["b"].__setitem__(2, -0.0),
    "0.0 to 0": lambda m: m[1]["content"][2]["values"]["b"].__setitem__(2, 0),
    "refusal": lambda m: m[2].update(refusal="certainly not"),
    "name of a call": lambda m: m[2]["tool_calls"][0]["function"].update(name="function"),
    "argument": lambda m: m[2]["tool_calls"][0]["function"]["arguments"].update(x=100_000),
    "nested argument": lambda m: m[2]["tool_calls"][0]["function"]["arguments"]["y"]["z"].append(3),
    "arguments as text": lambda m: m[2]["tool_calls"][0]["function"].update(arguments="{}"),
    "call appended": lambda m: m[2]["tool_calls"].append(m[2]["tool_calls"][0].copy()),
    "calls removed": lambda m: m[2].pop("tool_calls"),
    "input": lambda m: m[3]["content"][0]["input"].update(k=[1, 2, 3]),
    "keys of input": lambda m: m[3]["content"][0].update(input={"l": 2, "kk": 1}),
    "result": lambda m: m[4]["content"][0]["content"][0].update(text="a longer result"),
}


class Weighing:
    """A Counter to which no two texts are alike, so that no change hides."""

    model = "gpt-4o"

    def count(self, text: str) -> int:
        return sum(place * ord(character) for place, character in enumerate(text, 7))


@pytest.mark.parametrize("change", CHANGES)
def test_changes_in_place_are_noticed(change: str) -> None:
    messages = rich()
    monitor = ContextMonitor(Weighing())
    before = monitor.check_usage(messages).prompt_tokens
    assert before == full(messages, "gpt-4o", counter=Weighing())
    CHANGES[change](messages)
    after = monitor.check_usage(messages).prompt_tokens
    assert after == full(messages, "gpt-4o", counter=Weighing())
    assert after != before
    # And the way back.
    assert monitor.check_usage(rich()).prompt_tokens == before


@pytest.mark.parametrize("place", ["arguments", "input", "values"])
def test_the_order_of_keys_is_noticed_where_it_counts(place: str) -> None:
    messages = rich()
    holders: dict[str, Any] = {
        "arguments": messages[2]["tool_calls"][0]["function"],
        "input": messages[3]["content"][0],
        "values": messages[1]["content"][2],
    }
    monitor = ContextMonitor(Weighing())
    before = monitor.check_usage(messages).prompt_tokens
    holder = holders[place]
    holder[place] = dict(reversed(holder[place].items()))
    after = monitor.check_usage(messages).prompt_tokens
    assert after == full(messages, "gpt-4o", counter=Weighing()) != before


class Sdk:
    """A message as a vendor's SDK returns it."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def model_dump(self) -> Message:
        return self.fields


def test_objects_and_mappings() -> None:
    spy = Spy("gpt-4o")
    monitor = ContextMonitor(spy)
    held = {"role": "user", "content": "mapped"}
    call = Sdk(id="c", type="function", function={"name": "f", "arguments": "{}"})
    messages: list[Any] = [
        Sdk(role="user", content="hello", name=None),
        MappingProxyType(held),
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    for change in (
        lambda: None,
        lambda: messages[0].fields.update(content="hello there"),
        lambda: held.update(content="mapped anew"),
        lambda: call.fields["function"].update(arguments='{"a": 1}'),
    ):
        change()
        usage = monitor.check_usage(messages)
        assert usage.prompt_tokens == full(messages, "gpt-4o", counter=Spy())
        spy.asked()
        monitor.check_usage(messages)
        assert spy.asked() == 0


# ---- equality with a full count, over edits

TEXT = st.text(st.sampled_from("ab é文<|>\n"), max_size=12)
CALL = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["c1", "c2"]),
        "type": st.just("function"),
        "function": st.fixed_dictionaries(
            {
                "name": st.sampled_from(["f", "get_weather"]),
                "arguments": st.one_of(
                    st.just('{"a": 1}'),
                    st.dictionaries(
                        st.sampled_from("abc"), st.one_of(st.integers(0, 1), st.booleans(), TEXT)
                    ),
                ),
            }
        ),
    }
)
MESSAGE = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": TEXT}),
    st.fixed_dictionaries(
        {
            "role": st.just("user"),
            "content": st.lists(
                st.fixed_dictionaries({"type": st.just("text"), "text": TEXT}), max_size=3
            ),
        }
    ),
    st.fixed_dictionaries(
        {
            "role": st.just("assistant"),
            "content": st.none(),
            "tool_calls": st.lists(CALL, min_size=1, max_size=2),
        }
    ),
    st.fixed_dictionaries(
        {"role": st.just("tool"), "content": TEXT, "tool_call_id": st.sampled_from(["c1", "c2"])}
    ),
)


def edited(messages: list[Message], draw: Callable[[Any], Any]) -> list[Message]:
    """The conversation after one edit, in the same list or in another."""
    edit = draw(st.sampled_from(["append", "insert", "delete", "swap", "mutate", "copy", "move"]))
    at = draw(st.integers(0, max(0, len(messages) - 1)))
    if edit == "append":
        messages.append(draw(MESSAGE))
    elif edit == "insert":
        messages.insert(at, draw(MESSAGE))
    elif edit == "copy":
        return copy.deepcopy(messages)
    elif not messages:
        pass
    elif edit == "delete":
        del messages[at : at + draw(st.integers(1, 3))]
    elif edit == "swap":
        messages[at], messages[-1] = messages[-1], messages[at]
    elif edit == "move":
        messages.append(messages.pop(at))
    else:
        message = messages[at]
        content = message["content"]
        if isinstance(content, list) and content:
            content[0]["text"] = draw(TEXT)
        elif "tool_calls" in message:
            function = message["tool_calls"][-1]["function"]
            if isinstance(function["arguments"], dict):
                function["arguments"]["a"] = draw(st.sampled_from([0, False, 1, True, "x"]))
            else:
                function["arguments"] = draw(TEXT)
        else:
            message["content"] = draw(TEXT)
    return messages


@pytest.mark.parametrize("model", ["gpt-4o", "deepseek-chat"])
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_every_check_equals_a_full_count(model: str, data: st.DataObject) -> None:
    monitor = ContextMonitor(model)
    messages = data.draw(st.lists(MESSAGE, max_size=6))
    for _ in range(data.draw(st.integers(1, 8))):
        system = data.draw(st.sampled_from(["", SYSTEM]))
        tools = data.draw(st.sampled_from([None, TOOLS])) if model == "gpt-4o" else None
        expected = full(messages, model, system, tools=tools)
        for _ in range(2):
            usage = monitor.check_usage(messages, system, tools=tools)
            assert usage.prompt_tokens == expected
        messages = edited(messages, data.draw)


# ---- what is kept


def test_memory_is_that_of_one_conversation() -> None:
    monitor = ContextMonitor(Spy("gpt-4o"))
    sizes = []
    for turn in range(6):
        for i in range(30):
            messages = [
                {"role": "user", "content": f"turn {turn}, conversation {i}, message {j}"}
                for j in range(20)
            ]
            monitor.check_usage(messages, f"system {i}", tools=TOOLS)
            del messages
        gc.collect()
        sizes.append(len(gc.get_objects()))
    assert max(sizes[2:]) - min(sizes[2:]) < 50
    assert len(monitor._history) == 20
    assert len(monitor._memo._last) + len(monitor._memo._now) < 10


@pytest.mark.parametrize("model", ["gpt-4o", "deepseek-chat"])
def test_checks_that_fail_leave_nothing_behind(model: str) -> None:
    monitor = ContextMonitor(Spy(model))
    for i in range(50):
        bad: list[Any] = [{"role": "user", "content": f"text {i}"}, {"role": "user", "content": 5}]
        with pytest.raises(TokenCountError):
            monitor.check_usage(bad, f"system {i}")
    assert len(monitor._history) == 0
    assert len(monitor._memo._last) + len(monitor._memo._now) < 10


def test_an_error_leaves_what_was_known() -> None:
    spy = Spy("gpt-4o")
    monitor = ContextMonitor(spy)
    messages = conversation(20)
    usage = monitor.check_usage(messages, SYSTEM)
    spy.asked()
    bad: list[Any] = [*messages, {"content": "no role"}]
    with pytest.raises(TokenCountError) as caught:
        monitor.check_usage(bad, SYSTEM)
    assert (caught.value.index, caught.value.path) == (20, "messages[20].role")
    for wrong, match in ((5, "messages"), ("text", "messages"), ({"role": "user"}, "messages")):
        with pytest.raises(TokenCountError, match=match):
            monitor.check_usage(wrong, SYSTEM)  # type: ignore[arg-type]
    with pytest.raises(TokenCountError, match="system_prompt"):
        monitor.check_usage(messages, None)  # type: ignore[arg-type]
    assert monitor.usage == usage
    spy.asked()
    assert monitor.check_usage(messages, SYSTEM) == usage
    assert spy.asked() == 0


def test_a_message_that_became_wrong_is_noticed() -> None:
    for model in ("gpt-4o", "deepseek-chat"):
        monitor = ContextMonitor(model)
        messages: list[Any] = conversation(4)
        monitor.check_usage(messages)
        cycle: dict[str, Any] = {}
        cycle["me"] = cycle
        for wrong in (5, cycle, [cycle], object()):
            messages[3]["content"] = wrong
            with pytest.raises(TokenCountError) as caught:
                monitor.check_usage(messages)
            assert caught.value.index == 3


def test_fields_that_do_not_count_may_hold_anything() -> None:
    loop: list[Any] = []
    loop += [loop, loop, {"x": loop}]
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    messages: list[Message] = [
        {"role": "user", "content": "hello world", "metadata": loop},
        {"role": "user", "content": "hello", "metadata": deep},
        {"role": "user", "content": "hello", "metadata": {1: {2, 3}, "f": print}},
    ]
    monitor = ContextMonitor("gpt-4o")
    for _ in range(2):
        assert monitor.check_usage(messages).prompt_tokens == full(messages, "gpt-4o")
    np = pytest.importorskip("numpy")
    messages.append({"role": "user", "content": "hello", "metadata": np.array([1, 2])})
    for _ in range(2):
        assert monitor.check_usage(messages).prompt_tokens == full(messages, "gpt-4o")
    messages[0]["content"] = np.array([1, 2])
    with pytest.raises(TokenCountError):
        monitor.check_usage(messages)


def test_reset() -> None:
    spy = Spy("gpt-4o")
    monitor = ContextMonitor(spy, max_tokens=10)
    calls: list[ContextUsage] = []
    monitor.on_threshold(0.5, calls.append)
    messages = conversation(4)
    monitor.check_usage(messages)
    asked = spy.asked()
    monitor.reset()
    assert monitor.usage is None
    monitor.check_usage(messages)
    assert spy.asked() == asked
    assert len(calls) == 2


# ---- callbacks


def filled(tokens: int) -> list[Message]:
    """A conversation of so many tokens, to a Counter of characters: 10 of them are framing."""
    return [{"role": "user", "content": "x" * (tokens - 10)}]


def test_callbacks_hear_each_upward_crossing_once() -> None:
    monitor = ContextMonitor(Spy(), max_tokens=100)
    heard: list[tuple[str, int]] = []
    monitor.on_threshold(0.8, lambda usage: heard.append(("high", usage.prompt_tokens)))
    monitor.on_threshold(0.5, lambda usage: heard.append(("half", usage.prompt_tokens)))
    expected: dict[int, list[str]] = {}
    for step, (tokens, names) in enumerate(
        [
            (49, []),
            (50, ["half"]),  # at the threshold
            (60, []),
            (60, []),  # nothing has changed
            (79, []),
            (80, ["high"]),
            (300, []),
            (70, []),  # re-arms the upper one only
            (90, ["high"]),
            (20, []),
            (90, ["half", "high"]),  # both, by rising ratio
            (49, []),
            (50, ["half"]),
        ]
    ):
        heard.clear()
        usage = monitor.check_usage(filled(tokens))
        assert usage.prompt_tokens == tokens
        assert heard == [(name, tokens) for name in names], step
        expected[tokens] = names


def test_a_full_budget_crosses_one() -> None:
    monitor = ContextMonitor(Spy(), max_tokens=100)
    heard: list[ContextUsage] = []
    monitor.on_threshold(1, heard.append)
    monitor.check_usage(filled(99))
    assert not heard
    usage = monitor.check_usage(filled(100))
    assert heard == [usage]


def test_who_comes_late_is_called_at_the_next_check() -> None:
    monitor = ContextMonitor(Spy(), max_tokens=100)
    messages = filled(90)
    monitor.check_usage(messages)
    heard: list[ContextUsage] = []
    remove = monitor.on_threshold(0.8, heard.append)
    assert not heard
    monitor.check_usage(messages)
    monitor.check_usage(messages)
    assert len(heard) == 1
    remove()
    remove()  # twice does no harm
    monitor.check_usage(filled(20))
    monitor.check_usage(messages)
    assert len(heard) == 1


def test_the_same_callback_twice() -> None:
    monitor = ContextMonitor(Spy(), max_tokens=100)
    heard: list[ContextUsage] = []
    remove = monitor.on_threshold(0.5, heard.append)
    monitor.on_threshold(0.5, heard.append)
    remove()
    monitor.check_usage(filled(90))
    assert len(heard) == 1


def test_the_error_of_a_callback_comes_when_all_is_noted() -> None:
    monitor = ContextMonitor(Spy(), max_tokens=100)
    heard: list[ContextUsage] = []

    def fails(usage: ContextUsage) -> None:
        raise LookupError("callback")

    monitor.on_threshold(0.5, fails)
    monitor.on_threshold(0.8, heard.append)
    with pytest.raises(LookupError, match="callback"):
        monitor.check_usage(filled(90))
    # The others were called, the check is noted, and the crossing is over.
    assert monitor.usage is not None
    assert monitor.usage.prompt_tokens == 90
    assert heard == [monitor.usage]
    assert monitor.check_usage(filled(90)) == monitor.usage
    assert len(heard) == 1
    # Several at once.
    monitor.on_threshold(0.6, fails)
    monitor.check_usage(filled(20))
    with pytest.raises(ExceptionGroup) as caught:
        monitor.check_usage(filled(90))
    assert [type(error) for error in caught.value.exceptions] == [LookupError, LookupError]
    assert len(heard) == 2


def test_what_is_no_error_ends_at_once() -> None:
    monitor = ContextMonitor(Spy(), max_tokens=100)

    def stops(usage: ContextUsage) -> None:
        raise KeyboardInterrupt

    monitor.on_threshold(0.5, stops)
    with pytest.raises(KeyboardInterrupt):
        monitor.check_usage(filled(90))
    assert monitor.check_usage(filled(90)).prompt_tokens == 90


def test_a_callback_may_check_again() -> None:
    monitor = ContextMonitor(Spy(), max_tokens=100)
    messages = filled(90)
    heard: list[int] = []

    def compress(usage: ContextUsage) -> None:
        heard.append(usage.prompt_tokens)
        messages[:] = filled(20)
        assert monitor.check_usage(messages).prompt_tokens == 20

    monitor.on_threshold(0.8, compress)
    assert monitor.check_usage(messages).prompt_tokens == 90  # what it was
    assert heard == [90]
    monitor.check_usage(filled(95))
    assert heard == [90, 95]


@pytest.mark.parametrize("ratio", [0, -0.1, 1.1, float("nan"), float("inf")])
def test_ratios_that_make_no_sense(ratio: float) -> None:
    monitor = ContextMonitor(Spy())
    with pytest.raises(ArgumentError):
        monitor.on_threshold(ratio, print)
    with pytest.raises(ArgumentError):
        ContextMonitor(Spy(), threshold=ratio)


def test_arguments() -> None:
    for budget in (0, -1):
        with pytest.raises(BudgetError) as caught:
            ContextMonitor("gpt-4o", max_tokens=budget)
        assert (caught.value.needed, caught.value.available) == (1, budget)
    for wrong in (10.0, "10", True):
        with pytest.raises(TokenTypeError):
            ContextMonitor("gpt-4o", max_tokens=wrong)  # type: ignore[arg-type]
    with pytest.raises(TokenTypeError):
        ContextMonitor(object())  # type: ignore[arg-type]
    with pytest.raises(TokenTypeError):
        ContextMonitor(Spy()).on_threshold(0.5, None)  # type: ignore[arg-type]
    with pytest.raises(TokenTypeError):
        ContextMonitor(Spy()).on_threshold("0.5", print)  # type: ignore[arg-type]


# ---- threads


def test_threads() -> None:
    monitor = ContextMonitor(Spy("gpt-4o"), max_tokens=2000)
    conversations = [conversation(n) for n in (3, 10, 30, 60)]
    expected = [full(messages, "gpt-4o", counter=Spy()) for messages in conversations]
    crossings: list[ContextUsage] = []
    monitor.on_threshold(0.5, crossings.append)
    start = Barrier(4)
    failures: list[BaseException] = []

    def work(seed: int) -> Iterator[None]:
        choose = random.Random(seed)
        start.wait()
        for _ in range(100):
            which = choose.randrange(4)
            usage = monitor.check_usage(conversations[which])
            assert usage.prompt_tokens == expected[which]
            yield

    def run(seed: int) -> None:
        try:
            for _ in work(seed):
                pass
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=run, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert all(usage.prompt_tokens >= 1000 for usage in crossings)


def test_one_crossing_is_heard_by_one_thread() -> None:
    for _ in range(20):
        monitor = ContextMonitor(Spy(), max_tokens=100)
        heard: list[ContextUsage] = []
        monitor.on_threshold(0.8, heard.append)
        start = Barrier(4)

        def run(monitor: ContextMonitor = monitor, start: Barrier = start) -> None:
            start.wait()
            for _ in range(5):
                monitor.check_usage(filled(90))

        threads = [Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(heard) == 1


class Encoded:
    """Adds up the characters that a tokenizer is given, whichever way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.characters = 0
        for owner in (bpe.Tokenizer, Measure):
            monkeypatch.setattr(owner, "count", self.noting(owner.count))

    def noting(self, count: Callable[[Any, str], int]) -> Callable[[Any, str], int]:
        def noted(owner: Any, text: str) -> int:
            self.characters += len(text)
            return count(owner, text)

        return noted

    def asked(self) -> int:
        found, self.characters = self.characters, 0
        return found


def results(n: int) -> tuple[list[Message], Message]:
    calls = [
        {"id": f"call_{i}", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for i in range(n)
    ]
    before: list[Message] = [
        {"role": "user", "content": "Do it all."},
        {"role": "assistant", "content": None, "tool_calls": calls},
    ]
    return before, {"role": "tool", "content": "The result of this call, in words. " * 17}


@pytest.mark.parametrize(
    ("model", "role"),
    [
        ("deepseek-v3.2", "tool"),
        ("deepseek-v4", "tool"),
        ("deepseek-v4", "user"),
        ("deepseek-v4", "system"),
        ("deepseek-v3.1", "system"),
        ("deepseek-v3.1", "tool"),
    ],
)
def test_only_new_text_is_encoded_of_a_run_of_messages(
    model: str, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = Encoded(monkeypatch)
    monitor = ContextMonitor(model)
    if role == "tool":
        messages, message = results(50)
    else:
        messages, message = [], {"role": role, "content": "Some words for everyone. " * 25}
    monitor.check_usage(messages)
    for i in range(50):
        each = {**message, "tool_call_id": f"call_{i}"} if role == "tool" else {**message}
        messages.append({**each, "content": f"{i}: {each['content']}"})
        encoded.asked()
        usage = monitor.check_usage(messages)
        assert encoded.asked() <= 2 * len(messages[-1]["content"]) + 600
        assert usage.prompt_tokens == full(messages, model)


@given(
    texts=st.lists(st.text("ab \n\u4e2d\ud83d'1", max_size=40), max_size=8),
    cut=st.integers(0, 8),
    model=st.sampled_from(["deepseek-v3.1", "deepseek-v3.2", "deepseek-v4"]),
    roles=st.lists(st.sampled_from(["user", "system"]), min_size=8, max_size=8),
)
@settings(deadline=None, max_examples=60)
def test_runs_that_grow_and_shrink_count_as_they_are(
    texts: list[str], cut: int, model: str, roles: list[str]
) -> None:
    monitor = ContextMonitor(model)
    messages: list[Message] = []
    for role, text in zip(roles, texts, strict=False):
        messages.append({"role": role, "content": text})
        assert monitor.check_usage(messages).prompt_tokens == full(messages, model)
    del messages[cut:]
    assert monitor.check_usage(messages).prompt_tokens == full(messages, model)
    messages.insert(0, {"role": "system", "content": "First."})
    assert monitor.check_usage(messages).prompt_tokens == full(messages, model)
