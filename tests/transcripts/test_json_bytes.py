"""JSON in place: the same judgement and the same values as `json.loads`, by another way."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpe.transcripts import json_bytes
from bpe.transcripts.json_bytes import Value, escaped, is_json, root

TEXT = st.text(st.characters(codec=None) | st.sampled_from('\\"/\x00\x1b\n\ud83d\ude00é😀{}[],:'))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(width=16) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
# What JSON is made of, put together at random: mostly none, and near the border of what is.
SCRAPS = st.lists(
    st.sampled_from(
        [
            *[b'"', b'"a"', b":", b",", b"[", b"]", b"{", b"}", b"1", b"-", b"0", b".5", b"e+3"],
            *[b"true", b"null", b"NaN", b"-Infinity", b" ", b"\t", b"\r", b'"\\u00e9"', b'"\\x"'],
            *[b'"a":', b'"b": 2,', b"\xef\xbb\xbf", b"\xff", b"\x00", b"\xc3", b"\xed\xa0\x80"],
            b"\\",
        ]
    ),
    max_size=9,
).map(b"".join)


def is_json_slowly(line: bytes) -> bool:
    try:
        text = line.decode()
        json.loads(text.removeprefix("\ufeff"))
    except ValueError:
        return False
    return True


def plain(value: Value) -> Any:
    """A value by way of members and items alone."""
    if value.is_object:
        keys = list(json.loads(value.line[value.start : value.end]))
        names = [key.encode("utf-8", "surrogatepass") for key in keys]
        found = value.members(names)
        return {key: plain(found[name]) for key, name in zip(keys, names, strict=True)}
    if value.is_array:
        return [plain(item) for item in value.items()]
    text = value.string()
    if text is not None:
        # Halves that were escaped one after the other stand for one character.
        return text.decode("utf-8", "surrogatepass")
    return json.loads(value.line[value.start : value.end])


def grammatical(line: bytes) -> bool:
    return json_bytes._is_utf8(line) and json_bytes._is_grammatical(line)


@settings(deadline=None)
@given(SCRAPS)
def test_scraps_are_judged_as_json_loads_does(line: bytes) -> None:
    assert is_json(line) == is_json_slowly(line)
    assert grammatical(line) == is_json_slowly(line)


@settings(deadline=None)
@given(VALUES, st.booleans(), st.sampled_from([None, 1, "\t"]), st.data())
def test_values_are_those_of_json_loads(
    value: Any, ascii_only: bool, indent: Any, data: st.DataObject
) -> None:
    made = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    line = made.encode("utf-8", "backslashreplace") + b"\r\n"
    assert is_json(line)
    assert grammatical(line)
    assert repr(plain(root(line))) == repr(json.loads(line))
    cut = line[: data.draw(st.integers(0, len(line)))]
    assert is_json(cut) == grammatical(cut) == is_json_slowly(cut)


@settings(deadline=None)
@given(VALUES, st.integers(0, 300), st.integers(0, 255))
def test_spoiled_values_are_judged_as_json_loads_does(value: Any, place: int, byte: int) -> None:
    line = bytearray(json.dumps(value).encode())
    line[place % len(line)] = byte
    assert is_json(bytes(line)) == grammatical(bytes(line)) == is_json_slowly(bytes(line))


def test_what_json_loads_cannot_tell() -> None:
    deep = b"[" * 200_000
    assert is_json(deep[:9000] + b"]" * 9000)
    assert not is_json(deep[:9000] + b"]" * 8999)
    assert not is_json(deep)
    assert is_json(b"1" * 5000)
    assert root(b'{"a":' * 9000 + b"1" + b"}" * 9000).get(b"a") is not None
    for nothing in (b"", b" ", b"\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf1"):
        assert not is_json(nothing)
    assert is_json(b"\xef\xbb\xbf{} \r\n")


def test_keys_are_compared_as_what_they_say() -> None:
    line = rb'{"content":1,"metadata":{"content":2},"cont\u0065nt":"3","x\"content":4}'
    found = root(line).get(b"content")
    assert found is not None
    assert line[found.start : found.end] == b'"3"'
    found = root(line).get(b'x"content')
    assert found is not None
    assert line[found.start : found.end] == b"4"
    assert root(line).get(b"metadata.content") is None
    assert root(b"[1]").get(b"a") is None
    assert list(root(b'{"a":1}').items()) == []
    assert list(root(b"[ ]").items()) == []
    assert root(b"{ }").members([b"a"]) == {}


@pytest.mark.parametrize(
    "raw",
    [
        r"a\\",
        r"\"",
        r"\\\"",
        r"\"\"\"\"\"\"\"\"\"\"\"\\",
        r"\\\\",
        r"\u0022",
        r"\ud83d\ude00",
        r"\ude00",
    ],
)
def test_ends_of_strings(raw: str) -> None:
    line = b'{"a":"%b","b":["%b",{"%b":"%b"}]}' % ((raw.encode(),) * 4)
    assert plain(root(line)) == json.loads(line)


@settings(deadline=None)
@given(TEXT)
def test_escaped_text_comes_back(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    line = escaped(data)
    # Two halves beside each other become one character in any JSON.
    assert json.loads(line) == json.loads(json.dumps(text))
    back = root(line).string()
    assert back is not None
    assert back.decode("utf-8", "surrogatepass") == json.loads(line)


@pytest.mark.parametrize("unit", ["é", "😀", "\n", "a\\", "\x00", "\ud83d!", '"'])
@pytest.mark.parametrize("shift", range(4))
def test_long_strings_are_converted_in_pieces(
    monkeypatch: pytest.MonkeyPatch, unit: str, shift: int
) -> None:
    text = "a" * shift + unit * 70_000
    data = text.encode("utf-8", "surrogatepass")
    for made in (escaped(data), json.dumps(text).encode()):
        assert is_json(made)
        assert root(made).string() == data
    monkeypatch.setattr(json_bytes, "_PIECE", 7)
    assert json.loads(escaped(data)) == text


def test_memory_for_objects_in_a_line() -> None:
    line = b'{"a":[' + b"[],{},[[]]," * 30_000 + b"0]}"
    tracemalloc.start()
    assert is_json(line)
    found = root(line).get(b"a")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None
    assert found.end == len(line) - 1
    assert peak < len(line)
