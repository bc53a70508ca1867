"""What is accepted of messages, and how what is malformed is named."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import pytest

from bpe import count_messages, load
from bpe.context.deepseek import FORMATS, count_deepseek, render, token_ids, total_deepseek
from bpe.errors import ArgumentError, ModelNotSupportedError, TokenCountError

CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
USER = {"role": "user", "content": "q"}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "r"}


def text(messages: object, form: str = "v3.1", **chosen: Any) -> str:
    return "".join(piece.text for piece in render(messages, format=form, **chosen))


def answer(**fields: object) -> dict[str, object]:
    return {"role": "assistant", "content": "", **fields}


@pytest.mark.parametrize(
    ("messages", "index", "path"),
    [
        ("hello", None, "messages"),
        ({"role": "user"}, None, "messages"),
        (7, None, "messages"),
        ([USER, "hello"], 1, "messages[1]"),
        ([USER, {"content": "x"}], 1, "messages[1].role"),
        ([{"role": 3, "content": "x"}], 0, "messages[0].role"),
        ([{"role": "user", "content": 3}], 0, "messages[0].content"),
        ([{"role": "user", "content": {"type": "text"}}], 0, "messages[0].content"),
        ([{"role": "user", "content": [3]}], 0, "messages[0].content[0]"),
        ([{"role": "user", "content": [{}]}], 0, "messages[0].content[0].type"),
        ([{"role": "user", "content": [{"type": "text"}]}], 0, "messages[0].content[0].text"),
        ([{"role": "user", "content": None}], 0, "messages[0].content"),
        ([USER, answer(reasoning_content=3)], 1, "messages[1].reasoning_content"),
        ([USER, answer(tool_calls="x")], 1, "messages[1].tool_calls"),
        ([USER, answer(tool_calls=[3])], 1, "messages[1].tool_calls[0]"),
        ([USER, answer(tool_calls=[{"function": 3}])], 1, "messages[1].tool_calls[0].function"),
        (
            [USER, answer(tool_calls=[CALL, {"function": {}}])],
            1,
            "messages[1].tool_calls[1].function.name",
        ),
        (
            [USER, answer(tool_calls=[{"function": {"name": "f", "arguments": {"x": {1}}}}])],
            1,
            "messages[1].tool_calls[0].function.arguments",
        ),
        (
            [USER, answer(content=[{"type": "tool_use", "name": "f", "input": float("nan")}])],
            1,
            "messages[1].content[0].input",
        ),
        (
            [{"role": "user", "content": [{"type": "tool_result", "content": [{"type": "text"}]}]}],
            0,
            "messages[0].content[0].content[0].text",
        ),
    ],
)
def test_malformed_messages(messages: object, index: int | None, path: str) -> None:
    with pytest.raises(TokenCountError) as caught:
        text(messages)
    assert (caught.value.index, caught.value.path) == (index, path)
    assert str(caught.value).startswith(f"{path} ")


def test_cycles_and_depth() -> None:
    cycle: dict[str, object] = {}
    cycle["self"] = cycle
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for arguments in (cycle, deep):
        calls = [{"function": {"name": "f", "arguments": arguments}}]
        for form in FORMATS:
            if form in ("v4-recipe", "v4.1"):
                continue  # these refuse the request before: its call is not answered
            messages = [USER, answer(tool_calls=calls, content=None if form == "v3-2412" else "")]
            with pytest.raises(TokenCountError, match="arguments"):
                text(messages, form)
    tools = [{"type": "function", "function": cycle}]
    with pytest.raises(TokenCountError, match=r"^tools\[0\]\.function "):
        text([USER], "v4", tools=tools)
    # Text that claims to be JSON may be anything.
    claim = {"function": {"name": "f", "arguments": "[" * 100_000}}
    assert "[[[" in text([USER, answer(tool_calls=[claim])], "v4")


@pytest.mark.parametrize("tools", ["x", 3, {"type": "function"}, [3], [{"function": 3}]])
def test_malformed_tools(tools: object) -> None:
    for form in ("v3.2", "v4", "v4-recipe"):
        with pytest.raises(TokenCountError) as caught:
            text([USER], form, tools=tools)
        assert caught.value.path is not None
        assert caught.value.path.startswith("tools")


def test_wrong_arguments() -> None:
    with pytest.raises(ArgumentError, match="v5"):
        text([USER], "v5")
    with pytest.raises(ArgumentError, match="effort"):
        text([USER], "v4", effort="enormous")
    with pytest.raises(ArgumentError, match="markers"):
        total_deepseek([USER], format="v4", counter=load("deepseek_v3"), markers="both")
    assert text([USER], "deepseek-v4") == text([USER], "v4")


def test_roles_that_a_format_does_not_know() -> None:
    messages = [USER, {"role": "critic", "content": "x"}]
    assert text(messages, "v3") == text([USER], "v3")
    assert text(messages, "v3.1") == text([USER], "v3.1")
    for form in ("v3.2", "v4", "v4-recipe", "v4.1"):
        with pytest.raises(TokenCountError) as caught:
            text(messages, form)
        assert (caught.value.index, caught.value.path) == (1, "messages[1].role")


def test_objects_and_generators() -> None:
    message = SimpleNamespace(model_dump=lambda: {**USER, "tool_calls": None})
    assert text([message]) == text([USER]) == text(message for _ in range(1))
    call = SimpleNamespace(model_dump=lambda: CALL)
    assert text([answer(tool_calls=[call])]) == text([answer(tool_calls=[CALL])])


def test_calls_that_are_none() -> None:
    none: tuple[object, ...] = (None, [])
    for calls in none:
        for form in FORMATS:
            messages = [USER, answer(content="x", tool_calls=calls)]
            assert text(messages, form) == text([USER, answer(content="x")], form)


def counted(messages: object, form: str, **chosen: Any) -> tuple[int, bool]:
    found = count_deepseek(messages, format=form, counter=load("deepseek_v3"), **chosen)
    assert found.exact == (found.error == 0.0)
    return found.total, found.exact


def test_arguments_that_are_no_text() -> None:
    """A dict counts as its JSON; exact only where the format takes one."""
    call = {"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}
    for form in FORMATS:
        if form == "v4":
            continue
        given = [USER, answer(tool_calls=[call], content="x"), RESULT]
        known = [USER, answer(tool_calls=[CALL], content="x"), RESULT]
        total, exact = counted(given, form)
        assert total == counted(known, form)[0]
        assert exact == (form in ("v3.2", "v3.2-dense") or form == "v3-2412")
    # v4's encoder takes only text to be JSON, and shows the rest as one value.
    assert '<｜DSML｜parameter name="arguments" string="false">{"x": 1}<' in text(
        [USER, answer(tool_calls=[call])], "v4"
    )


@pytest.mark.parametrize(
    ("arguments", "v4", "v3_2"),
    [
        ("no json", True, False),
        ("", True, False),
        ("[1]", False, False),
        ("null", False, False),
        ('{"x": NaN}', True, True),
    ],
)
def test_arguments_that_are_no_object(arguments: str, v4: bool, v3_2: bool) -> None:
    call = {"id": "a", "function": {"name": "f", "arguments": arguments}}
    messages = [USER, answer(tool_calls=[call]), RESULT]
    assert counted(messages, "v4")[1] == v4
    assert counted(messages, "v3.2")[1] == v3_2
    assert counted(messages, "v4-recipe")[1]
    assert counted(messages, "v3")[1]


def test_orphans() -> None:
    """Results that answer nothing are counted, except by the package's own formats."""
    for form in FORMATS:
        if form in ("v4-recipe", "v4.1"):
            with pytest.raises(TokenCountError, match="tool_call_id"):
                text([USER, RESULT], form)
        else:
            total, exact = counted([USER, RESULT], form)
            assert total > counted([USER], form)[0]
            assert exact == (form not in ("v3.2", "v3.2-dense"))
    assert text([USER, RESULT, RESULT], "v3.2").endswith(
        "\n\n<function_results>\n<result>r</result>\n<result>r</result>\n</function_results>\n\n"
        "</think>"
    )


def test_parts() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    messages = [{"role": "user", "content": parts}]
    assert "<｜User｜>a\nb<" in text(messages, "v3")
    assert "<｜User｜>a\nb<" in text(messages, "v3.2")
    assert "<｜User｜>a\n\nb<" in text(messages, "v4")
    assert "<｜User｜>a\n\nb<" in text(messages, "v4-recipe")
    assert not counted(messages, "v3")[1]
    assert counted(messages, "v4-recipe")[1]
    one = [{"role": "user", "content": parts[:1]}]
    assert counted(one, "v3") == counted([{"role": "user", "content": "a"}], "v3")
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    with_image = [{"role": "user", "content": [*parts[:1], image]}]
    for form in FORMATS:
        assert "[Unsupported image_url]" in text(with_image, form)
        assert not counted(with_image, form)[1]


def test_blocks_of_another_vendor() -> None:
    blocks = [
        USER,
        answer(
            content=[
                {"type": "thinking", "thinking": "Hm.", "signature": "x"},
                {"type": "text", "text": "Look:"},
                {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
            ]
        ),
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "r"},
                {"type": "text", "text": "So?"},
            ],
        },
    ]
    plain = [
        USER,
        answer(content="Look:", reasoning_content="Hm.", tool_calls=[CALL]),
        RESULT,
        {"role": "user", "content": "So?"},
    ]
    for form in FORMATS:
        assert text(blocks, form, thinking=True) == text(plain, form, thinking=True)
        found = count_deepseek(blocks, format=form, counter=load("deepseek_v3"))
        assert [message.role for message in found.messages] == ["user", "assistant", "user"]
        assert not found.exact
        assert "tool_result" in [part.kind for part in found.messages[2].parts]


def test_refusals_and_older_calls() -> None:
    refusal = [USER, {"role": "assistant", "content": None, "refusal": "No."}]
    assert text(refusal, "v3") == text([USER, answer(content="No.")], "v3")
    older = answer(function_call={"name": "f", "arguments": '{"x": 1}'})
    for form in ("v3", "r1", "v3.1", "v3.2", "v4"):
        assert text([USER, older], form) == text([USER, answer(tool_calls=[CALL])], form)
        assert not counted([USER, older], form)[1]


def test_another_vocabulary_is_not_exact() -> None:
    found = count_deepseek([USER], format="v4", counter=load("o200k_base"))
    assert not found.exact
    assert found.error > 0
    assert found.encoding == "o200k_base"
    assert found.total == 6 - 1 - 1 + 1  # as many special tokens, one for the text
    with pytest.raises(ModelNotSupportedError, match="begin"):
        token_ids(render([USER], format="v4"), load("o200k_base"))


@pytest.mark.parametrize("model", ["deepseek-v4", "deepseek-v4.1"])
def test_a_task_of_a_wrong_type(model: str) -> None:
    task: Any
    for task in (["action"], {"a": 1}, 5):
        messages = [{"role": "user", "content": "x", "task": task}]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(TokenCountError) as caught:
                count_messages(messages, model)
        assert (caught.value.index, caught.value.path) == (0, "messages[0].task")
