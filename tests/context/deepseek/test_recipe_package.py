"""The formats of deepseek-recipe against that package itself, which is not needed to run the rest.

Compared are the rendered text and which ranges of it are special tokens, so ids too.  The
conversations are those that the package accepts.  These differences remain, and are kept out of
what is generated here:

- small fractions: in arguments and schemas the package writes 0.00001 and 1e-7; here it is 1e-05
  and 1e-07, as Python writes them.
- response_format: the package has its own text for JSON answers; here only v4 and v3.2 render what
  a message holds under that name.
- strict tools: of a tool with `strict: true` the package completes the schema (`required`,
  `additionalProperties`) and sorts it; here it stays as it is, and the count is not exact.
- images: the package has a place holder of its own for v4, "[Unsupported Image]", and a special
  token for v4.1; here "[Unsupported image_url]" stands in both, and the count is not exact.
- prefix and tools: the package refuses a prefix in a request with tools or calls, and a required
  call with thinking on; here both are counted.
- a lone prefix: of a prefix that is the only message v4.1 leaves out the thoughts; here it shows
  them, as it does elsewhere.
- refused schemas: the package refuses schemas that are not of type "object" and integers in them
  beyond 64 bits; here they are counted as they are.
- arguments as an object: the package wants a str; here the JSON of the object stands for it, and
  the count is not exact.
- an empty list of calls, which the package refuses, counts as none.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpe.context.deepseek import render

from .conversations import orderly, schemas

recipe = pytest.importorskip("deepseek_recipe")

NAMES = {"v4-recipe": "DeepSeek-V4-Pro", "v4.1": "DeepSeek-V4.1-Flash"}


def theirs(form: str, request: dict[str, Any]) -> tuple[str, list[tuple[int, int]]]:
    """The text, and the ranges that are special tokens."""
    body = {"model": NAMES[form], **request}
    converted = recipe.ChatCompletionRequest(body).convert(recipe.ConversionOptions())
    encoding = recipe.DeepseekV4Encoding if form == "v4-recipe" else recipe.DeepseekV41Encoding
    rendered = encoding().render_conversation(converted.conversation)
    return rendered.prompt, rendered.special_ranges


def ours(form: str, messages: object, **chosen: Any) -> tuple[str, list[tuple[int, int]]]:
    place = 0
    text = []
    ranges = []
    for segment in render(messages, format=form, **chosen):
        text.append(segment.text)
        if segment.markup:
            ranges.append((place, place + len(segment.text)))
        place += len(segment.text)
    return "".join(text), ranges


def name_of(tool: dict[str, Any]) -> str:
    return str(tool["function"]["name"])


@pytest.mark.parametrize("form", NAMES)
@settings(max_examples=150, deadline=None)
@given(
    messages=orderly(),
    tools=st.none() | st.lists(schemas(), min_size=1, max_size=2, unique_by=name_of),
    choice=st.sampled_from([None, "auto", "none", "required"]),
    thinking=st.sampled_from([None, True, False]),
    effort=st.sampled_from([None, "minimal", "low", "medium", "high", "xhigh", "max"]),
    prefix=st.booleans(),
)
def test_conversations(
    form: str,
    messages: list[dict[str, Any]],
    tools: list[object] | None,
    choice: str | None,
    thinking: bool | None,
    effort: str | None,
    prefix: bool,
) -> None:
    if choice == "required" and (thinking is not False or not tools):
        choice = None
    calls = any("tool_calls" in message for message in messages)
    alone = len(messages) == 1
    if prefix and messages[-1]["role"] == "assistant" and not (tools or calls or alone):
        messages[-1]["prefix"] = True
    request: dict[str, Any] = {"messages": messages}
    if tools:
        request |= {"tools": tools}
        if choice:
            request |= {"tool_choice": choice}
    if thinking is not None:
        request |= {"thinking": {"type": "enabled" if thinking else "disabled"}}
    if effort is not None:
        request |= {"reasoning_effort": effort}
    expected = theirs(form, request)
    found = ours(
        form,
        messages,
        tools=tools,
        tool_choice=choice if tools else None,
        thinking=thinking,
        effort=effort,
    )
    assert found == expected
