"""What is read of messages, in every vendor's form, and how what is malformed is named."""

from __future__ import annotations

from contextlib import suppress
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bpe
from bpe import errors
from bpe.context import count_breakdown, validate_messages


class Characters:
    """A token for each character."""

    def count(self, text: str) -> int:
        return len(text)


class Dumped:
    """As an SDK's object: it has no keys of its own."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def model_dump(self) -> dict[str, Any]:
        return self.fields


def parts(message: Any) -> list[tuple[str, int]]:
    """Kind and characters of each part, without frame and role."""
    made = count_breakdown([message], "gpt-4o", counter=Characters())
    assert [part.kind for part in made.messages[0].parts[:2]] == ["framing", "role"]
    return [(part.kind, part.tokens) for part in made.messages[0].parts[2:]]


def content(*each: Any) -> list[tuple[str, int]]:
    return parts({"role": "user", "content": [*each]})


# ---- forms


def test_messages_without_parts() -> None:
    assert parts({"role": "user", "content": "12345"}) == [("text", 5)]
    assert parts({"role": "user"}) == []
    assert parts({"role": "assistant", "content": None, "refusal": None, "name": None}) == []
    assert parts({"role": "assistant", "content": []}) == []
    assert parts({"role": "user", "content": "12", "name": "Bob"}) == [("text", 2), ("name", 3)]
    assert parts({"role": "assistant", "refusal": "No."}) == [("refusal", 3)]
    assert parts({"role": "tool", "content": "1234", "tool_call_id": "x"}) == [("tool_result", 4)]
    assert parts({"role": "function", "content": "1", "name": "f"}) == [
        ("tool_result", 1),
        ("name", 1),
    ]
    assert parts({"role": "moderator", "content": "any role"}) == [("text", 8)]
    # Keys that no model is given.
    assert parts({"role": "user", "content": "1", "id": "abc", "timestamp": 3}) == [("text", 1)]


def test_thoughts() -> None:
    assert parts({"role": "assistant", "reasoning_content": "123"}) == [("thinking", 3)]
    assert parts({"role": "assistant", "reasoning": "123"}) == [("thinking", 3)]
    both = {"role": "assistant", "reasoning": "123", "reasoning_content": "123"}
    assert parts(both) == [("thinking", 3)]
    assert content({"type": "thinking", "thinking": "123", "signature": "abc"}) == [("thinking", 3)]
    assert content({"type": "redacted_thinking", "data": "x" * 11}) == [("thinking", 3)]
    summary = [{"type": "summary_text", "text": "1234"}]
    assert parts({"type": "reasoning", "id": "rs_1", "summary": summary}) == [("thinking", 4)]


def test_text_parts() -> None:
    for form in ("text", "input_text", "output_text"):
        assert content({"type": form, "text": "12345"}) == [("text", 5)]
    assert content("123", {"text": "12"}) == [("text", 3), ("text", 2)]
    assert content({"type": "refusal", "refusal": "no"}) == [("refusal", 2)]
    tool = {"role": "tool", "content": [{"type": "text", "text": "12"}]}
    assert parts(tool) == [("tool_result", 2)]


def test_calls() -> None:
    function = {"name": "name", "arguments": '{"a":1}'}
    calls = [{"id": "long id", "type": "function", "function": function}] * 2
    assert parts({"role": "assistant", "tool_calls": calls}) == [("tool_call", 11)] * 2
    assert parts({"role": "assistant", "function_call": function}) == [("tool_call", 11)]
    asdict = {"function": {"name": "name", "arguments": {"a": 1}}}
    custom = {"type": "custom", "custom": {"name": "name", "input": "12"}}
    unnamed = {"function": {"name": None, "arguments": "12"}}
    bare = {"function": {"name": "name"}}
    found = parts({"role": "assistant", "tool_calls": [asdict, custom, unnamed, bare]})
    assert found == [("tool_call", 11), ("tool_call", 6), ("tool_call", 2), ("tool_call", 4)]
    use = {"type": "tool_use", "id": "toolu_1", "name": "name", "input": {"é": [1, None]}}
    assert content(use) == [("tool_call", 4 + len('{"é":[1,null]}'))]
    assert content({**use, "type": "server_tool_use"}) == content(use)
    item = {"type": "function_call", "call_id": "c", "name": "name", "arguments": "{}"}
    assert parts(item) == [("tool_call", 6)]


def test_results() -> None:
    inner = [{"type": "text", "text": "123"}, "45", {"type": "image", "source": {"type": "url"}}]
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": inner}
    assert content(result) == [("tool_result", 3), ("tool_result", 2), ("image", 1445)]
    assert content({"type": "tool_result", "content": "123"}) == [("tool_result", 3)]
    assert content({"type": "tool_result"}) == []
    assert content({"type": "web_search_tool_result", "content": {"a": 1}}) == [("tool_result", 7)]
    output = {"type": "function_call_output", "call_id": "c", "output": "1234"}
    assert parts(output) == [("tool_result", 4)]


def test_images() -> None:
    tiny = (
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5"
        "ErkJggg=="
    )
    address = "data:image/png;base64," + tiny
    one_tile = [("image", 255)]
    part: dict[str, Any]
    for part in (
        {"type": "image_url", "image_url": {"url": address}},
        {"type": "image_url", "image_url": {"url": address, "detail": "high"}},
        {"type": "image_url", "image_url": address},
        {"type": "input_image", "image_url": address, "detail": "auto"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": tiny}},
        {"type": "image", "image": address},
        {"type": "image", "url": address},
    ):
        assert content(part) == one_tile
    for part in (
        {"type": "input_image", "image_url": address, "detail": "low"},
        {"type": "image_url", "image_url": {"url": address, "detail": "low"}},
    ):
        assert content(part) == [("image", 85)]
    for part in (
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        {"type": "input_image", "file_id": "file-1"},
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "image"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,broken"}},
        {"type": "image_url", "image_url": {}},
    ):
        assert content(part) == [("image", 85 + 8 * 170)]


def test_sound_and_files() -> None:
    # A second of 16-bit mono at 24 kHz: 10 tokens.
    head = (
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\xc0\x5d\0\0\x80\xbb\0\0\2\0\x10\0data\x80\xbb\0\0"
    )
    import base64

    wav = base64.b64encode(head + bytes(48_000)).decode()
    assert content({"type": "input_audio", "input_audio": {"data": wav}}) == [("audio", 10)]
    mp3 = base64.b64encode(bytes(32_000)).decode()
    assert content({"type": "input_audio", "input_audio": {"data": mp3}}) == [("audio", 20)]
    assert content({"type": "audio", "audio": {"id": "a"}}) == [("audio", 600)]
    assert content({"type": "input_audio", "input_audio": {"data": "é*"}}) == [("audio", 1)]
    assert parts({"role": "assistant", "audio": {"id": "audio_1"}}) == [("audio", 600)]
    assert content({"type": "file", "file": {"file_id": "f"}}) == [("file", 2000)]
    data = base64.b64encode(bytes(120_000)).decode()
    assert content({"type": "file", "file": {"filename": "a.pdf", "file_data": data}}) == [
        ("file", 5),
        ("file", 6000),
    ]
    assert content({"type": "input_file", "file_data": data}) == [("file", 6000)]


def test_documents() -> None:
    def document(**source: Any) -> dict[str, Any]:
        return {"type": "document", "title": "T", "context": "CC", "source": source}

    labels = [("file", 1), ("file", 2)]
    assert content(document(type="text", data="12345")) == [*labels, ("file", 5)]
    nested = document(type="content", content=[{"type": "text", "text": "123"}])
    assert content(nested) == [*labels, ("file", 3)]
    assert content(document(type="url", url="https://example.org")) == [*labels, ("file", 2000)]
    assert content({"type": "document"}) == [("file", 2000)]
    found = {"type": "search_result", "title": "T", "source": "SS", "content": ["12"]}
    assert content(found) == [("file", 1), ("file", 2), ("file", 2)]
    assert content({"type": "tool_reference", "tool_name": "f"}) == [("other", 1)]
    for part in (found, {"type": "tool_reference", "tool_name": "f"}):
        message = {"role": "user", "content": [part]}
        assert not count_breakdown([message], "gpt-4o").exact
        inner = {"type": "tool_result", "content": [part]}
        assert {kind for kind, _ in content(inner)} == {"tool_result"}


def test_what_is_not_known_counts_as_json() -> None:
    assert content({"type": "new", "x": "é"}) == [("other", len('{"type":"new","x":"é"}'))]
    made = count_breakdown([{"role": "user", "content": [{"type": "new"}]}], "gpt-4o")
    assert made.messages[0].parts[-1].error == 1.0


def test_objects_and_other_mappings() -> None:
    function = Dumped(name="name", arguments=Dumped(a=1))
    message = Dumped(
        role="assistant",
        content=[Dumped(type="text", text="12", annotations=None)],
        refusal=None,
        tool_calls=[Dumped(id="c", function=function, type="function")],
    )
    assert parts(message) == [("text", 2), ("tool_call", 11)]
    frozen = MappingProxyType({"role": "user", "content": ({"type": "text", "text": "12"},)})
    assert parts(frozen) == [("text", 2)]


# ---- malformed


def nested(depth: int) -> Any:
    made: Any = "deep"
    for _ in range(depth):
        made = [{"type": "tool_result", "content": made}]
    return made


CYCLE: dict[str, Any] = {}
CYCLE["again"] = CYCLE
LOOP: list[Any] = []
LOOP.append({"type": "tool_result", "content": LOOP})
OK: dict[str, Any] = {"role": "user", "content": "fine"}


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (None, ""),
        ("hello", ""),
        (["role", "user"], ""),
        (Dumped, ""),
        ({}, ".role"),
        ({"content": "x"}, ".role"),
        ({"role": None, "content": "x"}, ".role"),
        ({"role": "", "content": "x"}, ".role"),
        ({"role": 3, "content": "x"}, ".role"),
        ({"role": ["user"], "content": "x"}, ".role"),
        ({"type": "unheard of"}, ".role"),
        ({"role": "user", "content": 3}, ".content"),
        ({"role": "user", "content": b"x"}, ".content"),
        ({"role": "user", "content": {"type": "text", "text": "x"}}, ".content"),
        ({"role": "user", "content": [3]}, ".content[0]"),
        ({"role": "user", "content": ["a", None]}, ".content[1]"),
        ({"role": "user", "content": [{}]}, ".content[0].type"),
        ({"role": "user", "content": [{"type": 3}]}, ".content[0].type"),
        ({"role": "user", "content": [{"type": "text"}]}, ".content[0].text"),
        ({"role": "user", "content": [{"type": "text", "text": 3}]}, ".content[0].text"),
        ({"role": "user", "content": [{"type": "refusal"}]}, ".content[0].refusal"),
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": 3}]},
            ".content[0].image_url",
        ),
        ({"role": "user", "content": [{"type": "image", "source": 3}]}, ".content[0].source"),
        (
            {"role": "user", "content": [{"type": "tool_result", "content": ["a", 3]}]},
            ".content[0].content[1]",
        ),
        (
            {"role": "user", "content": [{"type": "tool_use", "name": "f", "input": CYCLE}]},
            ".content[0].input",
        ),
        (
            {"role": "user", "content": [{"type": "tool_use", "name": "f", "input": {1, 2}}]},
            ".content[0].input",
        ),
        ({"role": "user", "content": [{"type": "new", "x": CYCLE}]}, ".content[0]"),
        ({"role": "user", "content": "x", "name": 3}, ".name"),
        ({"role": "assistant", "refusal": 3}, ".refusal"),
        ({"role": "assistant", "tool_calls": "x"}, ".tool_calls"),
        ({"role": "assistant", "tool_calls": ["x"]}, ".tool_calls[0]"),
        ({"role": "assistant", "tool_calls": [{}]}, ".tool_calls[0].function"),
        ({"role": "assistant", "tool_calls": [{"function": "f"}]}, ".tool_calls[0].function"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": 3}}]},
            ".tool_calls[0].function.name",
        ),
        (
            {
                "role": "assistant",
                "tool_calls": [{"function": {"name": "f", "arguments": {"x": float("nan")}}}],
            },
            ".tool_calls[0].function.arguments",
        ),
        (
            {"role": "assistant", "function_call": {"name": "f", "arguments": CYCLE}},
            ".function_call.arguments",
        ),
        ({"role": "assistant", "function_call": "f"}, ".function_call"),
    ],
)
def test_malformed(message: Any, path: str) -> None:
    for refused in (bpe.count_messages, count_breakdown):
        with pytest.raises(errors.TokenCountError) as caught:
            refused([OK, OK, message], "gpt-4o")
        assert caught.value.index == 2
        assert caught.value.path == f"messages[2]{path}"
        assert str(caught.value).startswith(f"messages[2]{path} ")
    with pytest.raises(errors.TokenCountError):
        validate_messages([OK, OK, message])


@pytest.mark.parametrize("messages", [None, 3, "hello", b"x", OK, Dumped(**OK)])
def test_no_list(messages: Any) -> None:
    with pytest.raises(errors.TokenCountError, match="messages must be a list") as caught:
        bpe.count_messages(messages, "gpt-4o")
    assert caught.value.path == "messages"


def test_depth() -> None:
    message = {"role": "user", "content": nested(20)}
    assert parts(message) == [("tool_result", 4)]
    for content in (nested(20_000), LOOP):
        with pytest.raises(errors.TokenCountError, match="nested too deeply") as caught:
            bpe.count_messages([{"role": "user", "content": content}], "gpt-4o")
        assert caught.value.index == 0
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    call = {"function": {"name": "f", "arguments": deep}}
    with pytest.raises(errors.TokenCountError, match="nested too deeply"):
        bpe.count_messages([{"role": "assistant", "tool_calls": [call]}], "gpt-4o")


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                "role type content text name function tool_calls arguments input source data "
                "image_url url refusal thinking file audio input_audio title detail".split()
            ),
            st.one_of(
                inner,
                st.sampled_from(
                    "user tool text image_url image tool_use tool_result document file input_audio "
                    "thinking redacted_thinking search_result base64 function_call".split()
                ),
            ),
            max_size=5,
        ),
    ),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=3))
def test_nothing_else_is_raised(messages: list[Any]) -> None:
    for check in (
        lambda: bpe.count_messages(messages, "gpt-4o"),
        lambda: count_breakdown(messages, "gpt-4o"),
        lambda: validate_messages(messages),
        lambda: bpe.count_messages([], "gpt-4o", messages),
    ):
        with suppress(errors.TokenCountError):
            check()


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ({"role": "assistant", "content": "x", "reasoning": {"text": "y"}}, "reasoning"),
        ({"role": "assistant", "content": "x", "reasoning": 5}, "reasoning"),
        ({"role": "assistant", "content": "x", "reasoning_content": ["y"]}, "reasoning_content"),
        (
            {"role": "assistant", "content": [{"type": "redacted_thinking", "data": ["y"]}]},
            "content[0].data",
        ),
    ],
)
def test_thoughts_of_a_wrong_type_are_not_left_out(message: Any, path: str) -> None:
    with pytest.raises(errors.TokenCountError) as caught:
        bpe.count_messages([{"role": "user", "content": "x"}, message], "gpt-4o")
    assert (caught.value.index, caught.value.path) == (1, f"messages[1].{path}")


def test_an_unknown_role_is_not_exact() -> None:
    for role in ("system", "developer", "user", "assistant"):
        assert count_breakdown([{"role": role, "content": "x"}], "gpt-4o").exact
    for role in ("critic", "User", "ipython"):
        made = count_breakdown([{"role": role, "content": "x"}], "gpt-4o")
        assert not made.exact
        assert made.error > 0
