"""What holds of every conversation, orderly or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bpe import Tokenizer
from bpe.context.deepseek import FORMATS, count_deepseek, render, token_ids, total_deepseek
from bpe.errors import ModelNotSupportedError, TokenCountError

from .conversations import junk, orderly, schemas, texts, ugly

few = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
forms = st.sampled_from(FORMATS)
choices = st.fixed_dictionaries(
    {},
    optional={
        "thinking": st.sampled_from([None, True, False]),
        "effort": st.sampled_from([None, "low", "high", "max", "none"]),
        "add_generation_prompt": st.booleans(),
        "drop_reasoning": st.sampled_from([None, True, False]),
        "tool_choice": st.sampled_from([None, "auto", "none", "required"]),
        "tools": st.none() | st.lists(schemas(), max_size=2),
    },
)


class Counting:
    """A Counter that notes what it is asked."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._count = tokenizer.count
        self.asked: list[str] = []

    def count(self, text: str) -> int:
        self.asked.append(text)
        return self._count(text)


def check(tokenizer: Tokenizer, form: str, messages: list[Any], chosen: dict[str, Any]) -> None:
    segments = render(messages, format=form, **chosen)
    text = "".join(segment.text for segment in segments)
    assert all(segment.text for segment in segments)
    for segment in segments:
        assert segment.index is None or -1 <= segment.index < len(messages)
        assert not segment.markup or segment.text in tokenizer.special_tokens or form == "v4.1"
    for markers in ("text", "special"):
        counted = count_deepseek(
            messages, format=form, counter=tokenizer, markers=markers, **chosen
        )
        total = total_deepseek(messages, format=form, counter=tokenizer, markers=markers, **chosen)
        in_messages = sum(message.tokens for message in counted.messages)
        assert counted.total == total == in_messages + counted.tools + counted.reply
        assert [message.index for message in counted.messages] == [*range(len(messages))]
        for message in counted.messages:
            assert message.tokens == sum(part.tokens for part in message.parts)
            assert all(part.tokens > 0 for part in message.parts)
        if not counted.exact:
            assert counted.error > 0
        try:
            ids = token_ids(segments, tokenizer, markers)
        except ModelNotSupportedError:
            assert form == "v4.1"
            continue
        assert len(ids) == counted.total
        if markers == "special":
            assert ids == tokenizer.encode(text, allowed_special="all")
        elif not any(name in text for name in tokenizer.special_tokens):
            assert ids == tokenizer.encode_ordinary(text)


def named(error: TokenCountError) -> None:
    """An error says where it is."""
    assert error.path is not None
    assert str(error).startswith(error.path)
    if error.path.startswith("messages["):
        assert error.path.startswith(f"messages[{error.index}]")


@few
@given(form=forms, messages=orderly(), chosen=choices)
def test_orderly_conversations(
    load: Callable[[str], Tokenizer], form: str, messages: list[Any], chosen: dict[str, Any]
) -> None:
    try:
        check(load("deepseek_v3"), form, messages, chosen)
    except TokenCountError:
        # What some formats refuse even here: answers without content, and thoughts that lack.
        assert form in ("v3", "r1", "r1-0528", "v3.2", "v3.2-dense", "v3-2412")


@few
@given(form=forms, messages=ugly, chosen=choices)
def test_ugly_conversations(
    load: Callable[[str], Tokenizer], form: str, messages: list[Any], chosen: dict[str, Any]
) -> None:
    try:
        check(load("deepseek_v3"), form, messages, chosen)
    except TokenCountError as error:
        named(error)


@few
@given(messages=junk, tools=junk, choice=junk)
def test_junk(messages: Any, tools: Any, choice: Any) -> None:
    for form in FORMATS:
        try:
            render(messages, format=form, tools=tools, tool_choice=choice)
        except TokenCountError as error:
            named(error)


@few
@given(form=forms, messages=orderly(), thinking=st.booleans())
def test_an_appended_message_changes_no_text_before_it(
    form: str, messages: list[Any], thinking: bool
) -> None:
    def said(messages: list[Any]) -> dict[int | None, str] | None:
        found: dict[int | None, str] = {}
        try:
            segments = render(messages, format=form, thinking=thinking)
        except TokenCountError:
            return None
        for segment in segments:
            if segment.kind in ("text", "tool_call") and not segment.markup:
                found[segment.index] = found.get(segment.index, "") + segment.text
        return found

    before, after = said(messages[:-1]), said(messages)
    if before is None or after is None:
        return
    # Empty users' turns vanish beside others in v4-recipe, and so do later reminders in v4.1;
    # neither is text that was there before.
    for index, text in before.items():
        assert after.get(index, "") == text


@few
@given(
    form=st.sampled_from([form for form in FORMATS if form != "v4.1"]),
    said=st.lists(texts, min_size=1, max_size=6),
    system=texts,
    thinking=st.booleans(),
)
def test_runs_before_an_appended_message_stay_the_same(
    load: Callable[[str], Tokenizer], form: str, said: list[str], system: str, thinking: bool
) -> None:
    tokenizer = load("deepseek_v3")
    messages = [{"role": "system", "content": system}]
    messages += [
        {"role": ("user", "assistant")[at % 2], "content": text, "reasoning_content": "Hm."}
        for at, text in enumerate(said)
    ]
    first, second = Counting(tokenizer), Counting(tokenizer)
    drop = False if form in ("v4", "v4-recipe") else None
    chosen: dict[str, Any] = {"format": form, "thinking": thinking, "drop_reasoning": drop}
    total_deepseek(messages[:-1], counter=first, **chosen)
    total_deepseek(messages, counter=second, **chosen)
    if form == "r1":
        # What opens the answer is plain in part, and stands last.
        assert first.asked.pop() == second.asked.pop() == "\n"
    shown = thinking and form.startswith("v3.2")
    if shown:
        return  # thoughts are shown after the last user's turn only
    assert second.asked[: len(first.asked)] == first.asked
    # Nothing is counted twice.
    rendered = render(messages, **chosen)
    plain = sum(len(segment.text) for segment in rendered if not segment.markup)
    assert sum(map(len, second.asked)) <= plain
