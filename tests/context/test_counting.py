"""Whole requests: the published figures, parts that add up, and what is refused."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bpe
from bpe import Tokenizer, errors
from bpe.context import Breakdown, TokenCounter, count_breakdown, counter_for
from bpe.context.counting import framing_for

# The samples of OpenAI's guide "How to count tokens with tiktoken".
GUIDE: list[dict[str, Any]] = [
    {
        "role": "system",
        "content": "You are a helpful, pattern-following assistant that translates corporate "
        "jargon into plain English.",
    },
    {
        "role": "system",
        "name": "example_user",
        "content": "New synergies will help drive top-line growth.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Things working well together will increase revenue.",
    },
    {
        "role": "system",
        "name": "example_user",
        "content": "Let's circle back when we have more bandwidth to touch base on opportunities "
        "for increased leverage.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Let's talk later when we're less busy about how to do better.",
    },
    {
        "role": "user",
        "content": "This late pivot means we don't have time to boil the ocean for the client "
        "deliverable.",
    },
]
WEATHER: list[dict[str, Any]] = [
    {
        "role": "system",
        "content": "You are a helpful assistant that can answer to questions about the weather.",
    },
    {"role": "user", "content": "What's the weather like in San Francisco?"},
]
WEATHER_TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "get_current_weather",
            "description": "Get the current weather in a given location",
            "parameters": {
                "type": "object",
                "properties": {
                    "location": {
                        "type": "string",
                        "description": "The city and state, e.g. San Francisco, CA",
                    },
                    "unit": {
                        "type": "string",
                        "description": "The unit of temperature to return",
                        "enum": ["celsius", "fahrenheit"],
                    },
                },
                "required": ["location"],
            },
        },
    }
]


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no model had been counted for yet."""
    monkeypatch.setattr("bpe.context.counter._told", set())


@pytest.fixture
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.EstimateWarning)
        yield


class Characters:
    """A Counter that is easy to follow: a token for each character."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def count(self, text: str) -> int:
        self.seen.append(text)
        return len(text)


# ---- the published figures


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-4", 129),
        ("gpt-4-0613", 129),
        ("gpt-3.5-turbo", 129),
        ("gpt-3.5-turbo-0125", 129),
        ("gpt-3.5-turbo-0301", 127),
        ("gpt-4o", 124),
        ("gpt-4o-mini", 124),
        ("gpt-4o-mini-2024-07-18", 124),
    ],
)
def test_guide_sample(model: str, expected: int) -> None:
    assert bpe.count_messages(GUIDE, model) == expected
    made = count_breakdown(GUIDE, model)
    assert made.total == expected
    assert made.exact
    assert made.error == 0.0


@pytest.mark.parametrize(("encoding", "expected"), [("cl100k_base", 129), ("o200k_base", 124)])
def test_guide_sample_on_both_cores(
    load: Callable[[str], Tokenizer], encoding: str, expected: int
) -> None:
    assert bpe.count_messages(GUIDE, "gpt-4", counter=load(encoding)) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [("gpt-4", 105), ("gpt-3.5-turbo", 105), ("gpt-4o", 101), ("gpt-4o-mini", 101)],
)
def test_weather_sample(model: str, expected: int) -> None:
    assert bpe.count_messages(WEATHER, model, WEATHER_TOOLS) == expected
    made = count_breakdown(WEATHER, model, tools=WEATHER_TOOLS)
    assert made.total == expected
    assert not made.exact
    assert 0 < made.error < 0.1


def test_what_frames_cost() -> None:
    count = bpe.count_messages
    hello = {"role": "user", "content": "hello"}
    assert count([], "gpt-4") == 3
    assert count([hello], "gpt-4") == 3 + 3 + 1 + 1
    assert count([{**hello, "name": "hello"}], "gpt-4") == 8 + 1 + 1
    assert count([{**hello, "name": "hello"}], "gpt-3.5-turbo-0301") == 9 + 1 - 1
    assert count([hello], "gpt-4", tool_choice="auto") == 8
    assert count([hello], "gpt-4", tool_choice="none") == 9
    named = {"type": "function", "function": {"name": "hello"}}
    assert count([hello], "gpt-4", tool_choice=named) == 8 + 7 + 1
    assert count([hello], "gpt-4", tool_choice={"type": "tool", "name": "hello"}) == 8 + 7 + 1
    assert count([hello], "gpt-4", tool_choice={"type": "none"}) == 9
    assert count([hello], "gpt-4", tool_choice={"type": "auto"}) == 8
    assert count([hello], "gpt-4", tools=[]) == 8


def test_definitions_cost_less_with_a_system_message() -> None:
    for role, less in (("system", 4), ("developer", 0), ("user", 0)):
        messages = [{"role": role, "content": "x"}]
        with_tools = bpe.count_messages(messages, "gpt-4", WEATHER_TOOLS)
        made = count_breakdown(messages, "gpt-4", WEATHER_TOOLS)
        assert with_tools - bpe.count_messages(messages, "gpt-4") == 71 + 4 - less == made.tools


def test_calls_count_name_and_arguments() -> None:
    call = {"id": "call_abcdef", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [call, call]},
        {"role": "tool", "tool_call_id": "call_abcdef", "content": "hello"},
    ]
    made = count_breakdown(messages, "gpt-4")
    kinds = [[(part.kind, part.tokens) for part in message.parts] for message in made.messages]
    assert kinds == [
        [("framing", 3), ("role", 1), ("tool_call", 2), ("tool_call", 2)],
        [("framing", 3), ("role", 1), ("tool_result", 1)],
    ]
    assert not made.exact
    for part in (made.messages[0].parts[2], made.messages[1].parts[2]):
        assert not part.exact
        assert part.error > 0
    old = [{"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}]
    assert count_breakdown(old, "gpt-4").messages[0].tokens == 6


# ---- special tokens are text


def test_special_tokens_are_text() -> None:
    text = "<|endoftext|><|im_start|>"
    assert bpe.count_tokens(text, "gpt-4") > 5
    plain = bpe.count_messages([{"role": "user", "content": text}], "gpt-4")
    assert plain == bpe.count_tokens(text, "gpt-4") + 7


# ---- texts


def test_count_tokens() -> None:
    texts = ["hello world", "", "你好，世界", "\ud800 alone"]
    for model in ("gpt-4o", "openai/gpt-4o-2024-08-06", "o200k_base"):
        assert bpe.count_tokens_batch(texts, model) == [
            bpe.load("o200k_base").count(text) for text in texts
        ]
        assert [bpe.count_tokens(text, model) for text in texts] == bpe.count_tokens_batch(
            iter(texts), model
        )
    assert bpe.count_tokens_batch([], "gpt-4") == []


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (b"hello", "decode it"),
        (["a", "b"], "count_tokens_batch"),
        ([{"role": "user"}], "count_messages"),
        (None, "not NoneType"),
        (3, "not int"),
    ],
)
def test_count_tokens_refuses(value: Any, hint: str) -> None:
    with pytest.raises(errors.TokenTypeError, match=hint):
        bpe.count_tokens(value, "gpt-4")


def test_count_tokens_batch_refuses() -> None:
    wrong: Any
    for wrong in ("text", b"text", 3, None):
        with pytest.raises(errors.TokenTypeError, match="list of str"):
            bpe.count_tokens_batch(wrong, "gpt-4")
    wrong = ["a", None]
    with pytest.raises(errors.TokenTypeError, match="index 1") as caught:
        bpe.count_tokens_batch(wrong, "gpt-4")
    assert caught.value.index == 1


# ---- models that are not known exactly


@pytest.mark.usefixtures("fresh")
def test_one_warning_for_each_model() -> None:
    for model in ("claude-3-5-sonnet", "nobody-knows-it"):
        with pytest.warns(errors.EstimateWarning, match=model) as caught:
            bpe.count_tokens("hello", model)
        assert caught[0].filename == __file__
        bpe.count_tokens("hello", model)  # says it no more: warnings are errors here
        bpe.count_messages(GUIDE, model)


@pytest.mark.usefixtures("fresh", "quiet")
@pytest.mark.parametrize("model", ["claude-3-5-sonnet", "nobody-knows-it", "gpt-4o-my-own"])
def test_estimates(model: str) -> None:
    made = count_breakdown(GUIDE, model)
    assert not made.exact
    assert made.error > 0.05
    assert made.encoding == "o200k_base"
    for count in made.messages:
        assert not count.exact
        assert count.error > 0
    for refused in (bpe.count_messages, count_breakdown):
        with pytest.raises(errors.ModelNotSupportedError) as caught:
            refused(GUIDE, model, strict=True)
        assert caught.value.model == model
    with pytest.raises(errors.ModelNotSupportedError):
        bpe.count_tokens("a", model, strict=True)
    with pytest.raises(errors.ModelNotSupportedError):
        bpe.count_tokens_batch(["a"], model, strict=True)


def test_strict_asks_for_the_framing_too() -> None:
    assert bpe.count_messages(GUIDE, "gpt-4o", strict=True) == 124
    assert bpe.count_tokens("hello", "o200k_base", strict=True) == 1
    with pytest.raises(errors.ModelNotSupportedError, match="framed"):
        bpe.count_messages(GUIDE, "o200k_base", strict=True)
    with pytest.raises(errors.ModelNotSupportedError, match="framed"):
        bpe.count_messages(GUIDE[5:], "deepseek-v3", strict=True, format="v4.1")


def test_other_families_have_a_stated_frame() -> None:
    made = count_breakdown([{"role": "user", "content": "hello"}], "o200k_base")
    assert (made.total, made.reply, made.exact) == (4 + 1 + 1 + 3, 3, False)
    assert made.messages[0].parts[0].error == 1.0


def test_deepseek() -> None:
    messages = [{"role": "user", "content": "Hi"}]
    # <bos><User>Hi<Assistant></think>
    assert (
        bpe.count_messages(messages, "gpt-4", counter=bpe.load("deepseek_v3"), format="v3.1") == 5
    )
    made = count_breakdown(messages, "deepseek-v3.1")
    assert made.model == "deepseek-v3.1"
    assert made.encoding == "deepseek_v3"
    assert made.total == bpe.count_messages(messages, "deepseek-v3.1") == 5
    assert bpe.count_messages(messages, "deepseek-v3.1", add_generation_prompt=False) == 3
    assert framing_for("deepseek-v3.1").additive is False
    with pytest.raises(errors.ArgumentError, match="DeepSeek"):
        bpe.count_messages(messages, "gpt-4o", thinking=True)


# ---- counters of one's own


def test_counter() -> None:
    counter = Characters()
    messages = [{"role": "user", "content": "hello"}, {"role": "user", "content": ""}]
    assert bpe.count_messages(messages, "gpt-4", counter=counter) == 2 * (3 + 4) + 5 + 3
    assert counter.seen.count("hello") == 1
    assert count_breakdown(messages, "gpt-4", counter=counter).exact
    wrong: Any = object()
    with pytest.raises(errors.TokenTypeError, match="count"):
        bpe.count_messages(messages, "gpt-4", counter=wrong)


def test_a_counter_says_how_sure_it_is() -> None:
    class Guess(Characters):
        exact = False
        error = 0.25

    made = count_breakdown([{"role": "user", "content": "x" * 97}], "gpt-4", counter=Guess())
    assert not made.exact
    assert made.total == 97 + 4 + 3 + 3
    assert made.error == pytest.approx(0.25 * 101 / 107)


def test_registered_models_take_effect() -> None:
    bpe.register_model("counting-test", encoding="cl100k_base", framing="openai")
    assert bpe.count_messages(GUIDE, "counting-test") == 129
    bpe.register_model("counting-test", encoding="o200k_base")
    assert bpe.count_messages(GUIDE, "counting-test") == 124


# ---- parts add up

TEXT = st.text(max_size=30)
PART = st.one_of(
    TEXT,
    st.fixed_dictionaries({"type": st.just("text"), "text": TEXT}),
    st.fixed_dictionaries({"type": st.just("thinking"), "thinking": TEXT}),
    st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": TEXT}),
    st.just({"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}),
    st.just({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}),
    st.just({"type": "file", "file": {"file_id": "file-1"}}),
    st.just({"type": "tool_use", "id": "a", "name": "f", "input": {"a": [1, None, "é"]}}),
    st.just(
        {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "x"}]}
    ),
    st.just({"type": "tool_result", "tool_use_id": "a", "content": [{"type": "image"}, "b"]}),
    st.just({"type": "never_heard_of", "x": 1}),
)
CALL = st.fixed_dictionaries(
    {"id": TEXT, "function": st.fixed_dictionaries({"name": TEXT, "arguments": TEXT})}
)
MESSAGE = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "developer", "user", "assistant", "tool", "function"]),
        "content": st.one_of(st.none(), TEXT, st.lists(PART, max_size=4)),
    },
    optional={
        "name": st.one_of(st.none(), TEXT),
        "refusal": st.one_of(st.none(), TEXT),
        "reasoning_content": TEXT,
        "tool_calls": st.one_of(st.none(), st.lists(CALL, max_size=3)),
        "function_call": st.just({"name": "f", "arguments": {"b": 1}}),
        "audio": st.just({"id": "audio_1"}),
    },
)


def adds_up(made: Breakdown) -> None:
    assert made.total == sum(count.tokens for count in made.messages) + made.tools + made.reply
    for at, count in enumerate(made.messages):
        assert count.index == at
        assert count.tokens == sum(part.tokens for part in count.parts)
        assert count.exact == all(part.exact for part in count.parts)
        assert all(part.error == 0 for part in count.parts if part.exact)
    if made.exact:
        assert made.error == 0
        assert all(count.exact for count in made.messages)
    weighted = sum(count.tokens * count.error for count in made.messages)
    assert made.error * made.total >= weighted - 1e-6


@given(st.lists(MESSAGE, max_size=5), st.booleans(), st.sampled_from([None, "none"]))
def test_parts_add_up(messages: list[dict[str, Any]], tools: bool, choice: str | None) -> None:
    given_tools = WEATHER_TOOLS if tools else None
    for model in ("gpt-4o", "gpt-3.5-turbo-0301", "o200k_base"):
        made = count_breakdown(messages, model, given_tools, choice)
        adds_up(made)
        assert bpe.count_messages(messages, model, given_tools, choice) == made.total
        # What a monitor relies on: a total is a sum over messages.
        framing = framing_for(model)
        assert framing.additive
        each = [framing.count_message(message, at) for at, message in enumerate(messages)]
        assert each == list(made.messages)
        assert [count.tokens for count in each] == [*map(framing.message_tokens, messages)]
        assert framing.overhead(messages, given_tools, choice) == made.tools + made.reply


@given(st.lists(MESSAGE, max_size=4))
def test_every_text_is_counted_once(messages: list[dict[str, Any]]) -> None:
    counter = Characters()
    made = count_breakdown(messages, "gpt-4", counter=counter)
    whole = Characters()
    assert bpe.count_messages(messages, "gpt-4", counter=whole) == made.total
    assert sorted(counter.seen) == sorted(whole.seen)


def test_iterators_are_read_once() -> None:
    assert bpe.count_messages(iter(GUIDE), "gpt-4o", iter(WEATHER_TOOLS)) == 124 + 68
    made = count_breakdown(iter(GUIDE), "gpt-4o", iter(WEATHER_TOOLS))
    assert made.total == 124 + 68


def test_part_tokens() -> None:
    asked = []

    def tokens(part: Any) -> int | None:
        asked.append(part["type"])
        return 7 if part["type"] == "input_audio" else None

    content = [
        {"type": "text", "text": "hello"},
        {"type": "input_audio", "input_audio": {"data": "AAAA"}},
        {"type": "file", "file": {"file_id": "f"}},
    ]
    messages = [{"role": "user", "content": content}]
    parts = count_breakdown(messages, "gpt-4o", part_tokens=tokens).messages[0].parts
    assert asked == ["input_audio", "file"]
    assert [(part.kind, part.tokens, part.exact) for part in parts[2:]] == [
        ("text", 1, True),
        ("audio", 7, True),
        ("file", 2000, False),
    ]
    wrong: Any
    for wrong in (-1, True, 1.5, "7"):

        def says(part: Any, it: Any = wrong) -> Any:
            return it

        with pytest.raises(errors.TokenCountError, match=r"messages\[0\].content\[1\]"):
            bpe.count_messages(messages, "gpt-4o", part_tokens=says)


def test_part_tokens_of_an_image() -> None:
    part = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    messages = [{"role": "user", "content": [part]}]
    made = count_breakdown(messages, "gpt-4o", part_tokens=lambda part: 7)
    assert [(part.kind, part.tokens, part.exact) for part in made.messages[0].parts[2:]] == [
        ("image", 7, False)
    ]
    assert not made.exact


def test_a_tokenizer_other_than_the_models_is_not_exact() -> None:
    hello = [{"role": "user", "content": "hello"}]
    for other in (bpe.load("gpt2"), counter_for("gpt-4"), _own_tokenizer()):
        made = count_breakdown(hello, "gpt-4o", counter=other)
        assert not made.exact
        assert made.error > 0
        counter = TokenCounter("gpt-4o", counter=other)
        assert not counter.exact
        assert counter.error > 0
        with pytest.raises(errors.ModelNotSupportedError):
            bpe.count_messages(hello, "gpt-4o", strict=True, counter=other)
        with pytest.raises(errors.ModelNotSupportedError):
            TokenCounter("gpt-4o", strict=True, counter=other)
    # Those that are the model's, or alike, or of which nobody knows better, are believed.
    for model, own in (
        ("gpt-4o", bpe.load("o200k_base")),
        ("gpt-4o", bpe.load("o200k_harmony")),
        ("gpt-4o", counter_for("gpt-4.1")),
        ("gpt-4o", Characters()),
        ("llama-3", _own_tokenizer()),
        ("nobody-knows-it", bpe.load("gpt2")),
    ):
        assert TokenCounter(model, counter=own).exact
    assert not TokenCounter("claude-opus-5", counter=bpe.load("gpt2")).exact


def _own_tokenizer() -> Tokenizer:
    ranks = {bytes((byte,)): byte for byte in range(256)}
    return Tokenizer.from_ranks(ranks, pattern=r"\s+|\S+")


def test_the_format_of_another_family_is_not_exact() -> None:
    messages = [{"role": "user", "content": "Hi"}]
    assert not count_breakdown(messages, "gpt-4o", format="v3.1").exact
    with pytest.raises(errors.ModelNotSupportedError):
        count_breakdown(messages, "gpt-4o", format="v3.1", strict=True)
    own = bpe.load("deepseek_v3")
    assert count_breakdown(messages, "gpt-4o", format="v3.1", strict=True, counter=own).exact


@pytest.mark.parametrize("model", ["text-davinci-003", "davinci", "text-embedding-3-small"])
def test_models_without_chat_are_not_exact(model: str) -> None:
    messages = [{"role": "user", "content": "Hi"}]
    assert bpe.count_tokens("hello world", model, strict=True) == 2
    assert not count_breakdown(messages, model).exact
    with pytest.raises(errors.ModelNotSupportedError):
        bpe.count_messages(messages, model, strict=True)


@pytest.mark.parametrize(
    ("model", "given", "error"),
    [
        ("gpt-4o", {"format": 5}, errors.TokenTypeError),
        ("deepseek-v4", {"format": 5}, errors.TokenTypeError),
        ("gpt-4o", {"part_tokens": 5}, errors.TokenTypeError),
        ("gpt-4o", {"markers": "bogus"}, errors.ArgumentError),
        ("gpt-4o", {"markers": "special"}, errors.ArgumentError),
        ("deepseek-v4", {"markers": ["text"]}, errors.ArgumentError),
        ("deepseek-v4", {"effort": ["high"]}, errors.ArgumentError),
        ("deepseek-v4", {"part_tokens": len}, errors.ArgumentError),
    ],
)
def test_arguments_that_make_no_sense(
    model: str, given: dict[str, Any], error: type[Exception]
) -> None:
    for count in (bpe.count_messages, count_breakdown):
        with pytest.raises(error):
            count(GUIDE, model, **given)


@pytest.mark.parametrize("model", ["gpt-4o", "deepseek-v4"])
def test_no_tools_however_they_are_given(model: str) -> None:
    without = bpe.count_messages(GUIDE, model)
    given: list[Any] = [None, [], (), iter([]), {}.values()]
    for tools in given:
        assert bpe.count_messages(GUIDE, model, tools) == without
    for tools in (iter([]), {}.values()):
        assert count_breakdown(GUIDE, model, tools).total == without
    framing = framing_for("gpt-4o")
    assert framing.overhead(GUIDE, iter([])) == framing.overhead(GUIDE)


def test_a_mapping_is_no_batch() -> None:
    wrong: Any = {"a": 1}
    with pytest.raises(errors.TokenTypeError, match="dict"):
        bpe.count_tokens_batch(wrong, "gpt-4o")


def test_a_batch_with_too_few_counts() -> None:
    class Short(Characters):
        def count_batch(self, texts: Any) -> list[int]:
            return [1]

    for count in (bpe.count_messages, count_breakdown):
        with pytest.raises(errors.TokenCountError, match="1 counts for 6 texts"):
            count([{"role": "user", "content": "x"}] * 6, "gpt-4o", counter=Short())
