"""Generated conversations: orderly ones, as an API accepts, and ugly ones."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

# What touches the joints between markup and text: spaces, newlines, angles, markers.
FRAGMENTS = [
    *("a", " b", "word ", "Hello, world!", "12345", " 7 ", "don't", "x=1;", "<", ">", "</", "/>"),
    *("\n", "\n\n", " \n", "\r\n", "\t", "  ", "\u3000", "\u200b", "\u00a0", "{", "}", '"', "```"),
    *(
        "你好",
        "世界。",
        "ＡＢＣ",
        "「",
        "é",
        "e\u0301",
        "שלום",
        "😀",
        "👩\u200d👧",
        "\U0001f1eb\U0001f1f7",
    ),
    *("<think>", "</think>", "<｜User｜>", "<｜Assistant｜>", "｜DSML｜", "<｜end▁of▁sentence｜>"),
    *("<tool_result>", "</tool_result>", "｜", "▁", "<｜", "｜>", "<｜/table>", "## Tools"),
]
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join)
some_text = st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=6).map("".join)
names = st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True)
# Smaller fractions are written differently by different programs.
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(0.001, 1e30) | st.floats(-1e30, -0.001)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def arguments(draw: st.DrawFn) -> str:
    if draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from(["", "not json", "[1]", '"s"', "null", '{"a": NaN}', "{", "7"]))
    value = draw(st.dictionaries(texts, values, max_size=3))
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    described = st.fixed_dictionaries(
        {"type": st.sampled_from(("string", "number", "array"))},
        optional={"description": texts, "enum": st.lists(values, min_size=1, max_size=3)},
    )
    parameters = {
        "type": "object",
        "properties": draw(st.dictionaries(names, described, max_size=3)),
    }
    function: dict[str, Any] = {"name": draw(names)}
    if draw(st.booleans()):
        function["description"] = draw(texts)
    function["parameters"] = parameters
    return {"type": "function", "function": function}


def content(draw: st.DrawFn) -> str | list[dict[str, str]]:
    if draw(st.integers(0, 4)) == 0:
        return [{"type": "text", "text": text} for text in draw(st.lists(texts, max_size=3))]
    return draw(texts)


@st.composite
def orderly(draw: st.DrawFn, *, parts: bool = True) -> list[dict[str, Any]]:
    """Messages that deepseek-recipe accepts."""

    def body() -> Any:
        return content(draw) if parts else draw(texts)

    messages: list[dict[str, Any]] = []
    roles = st.sampled_from(("system", "user", "user", "assistant", "calls", "latest_reminder"))
    for role in draw(st.lists(roles, min_size=1, max_size=8)):
        if role in ("assistant", "calls"):
            answer: dict[str, Any] = {"role": "assistant", "content": body()}
            if draw(st.booleans()):
                answer["reasoning_content"] = draw(texts)
            messages.append(answer)
            if role == "calls":
                ids = draw(st.lists(names, min_size=1, max_size=3, unique=True))
                answer["tool_calls"] = [
                    {
                        "id": call,
                        "type": "function",
                        "function": {"name": draw(names), "arguments": draw(arguments())},
                    }
                    for call in ids
                ]
                if draw(st.booleans()):
                    answer["content"] = None
                messages += [
                    {"role": "tool", "tool_call_id": call, "content": body()}
                    for call in draw(st.permutations(ids))
                ]
        else:
            messages.append(
                {"role": role, "content": draw(texts) if role == "latest_reminder" else body()}
            )
    return messages


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=4,
)
kinds = st.sampled_from(
    [
        *("text", "input_text", "refusal", "image_url", "input_audio", "file", "thinking"),
        *("tool_use", "tool_result", "document", "unheard_of"),
    ]
)
ugly_parts = junk | st.fixed_dictionaries(
    {},
    optional={
        "type": kinds | junk,
        "text": texts | junk,
        "thinking": texts | junk,
        "refusal": texts | junk,
        "id": texts | junk,
        "tool_use_id": texts | junk,
        "name": texts | junk,
        "input": junk,
        "content": texts | junk | st.lists(st.fixed_dictionaries({"type": kinds, "text": texts})),
    },
)
ugly_calls = junk | st.fixed_dictionaries(
    {},
    optional={
        "id": texts | junk,
        "type": texts | junk,
        "function": junk
        | st.fixed_dictionaries(
            {}, optional={"name": texts | junk, "arguments": arguments() | junk}
        ),
    },
)
roles = st.sampled_from(
    ["system", "user", "assistant", "tool", "developer", "latest_reminder", "function", "", "x"]
)
ugly = st.lists(
    st.fixed_dictionaries(
        {"role": roles | junk},
        optional={
            "content": texts | texts | junk | st.lists(ugly_parts, max_size=3),
            "reasoning_content": texts | junk,
            "tool_calls": junk | st.lists(ugly_calls, max_size=3),
            "function_call": junk | ugly_calls,
            "tool_call_id": texts | junk,
            "refusal": texts | junk,
            "prefix": st.booleans() | junk,
            "tools": junk | st.lists(schemas() | junk, max_size=2),
            "response_format": junk,
            "task": st.sampled_from(["action", "title", "none"]) | junk,
            "wo_eos": st.booleans(),
            "name": texts,
        },
    )
    | junk,
    max_size=6,
)
