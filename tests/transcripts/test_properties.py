"""What holds for every transcript: beside an implementation that is short, and slow."""

from __future__ import annotations

import io
import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bpe.transcripts import Mode, Options, Stats, compress

# Small limits, so that a few words are large.
LIMITS: dict[str, Any] = {
    "large_read_max_lines": 6,
    "large_read_keep_lines": 2,
    "tool_result_min_bytes": 20,
}
PARTS = [
    *["word ", "line\n", "\r\n", "10%\r", "\x1b[31m", "\x1b]0;t\x07", "é", "😀", "\ud83d"],
    *["\\", '"', "\x00", "data:image/png;base64,AAAA ", "</system-reminder>"],
    "<system-reminder>be brief</system-reminder>",
    "many words in one line, more than twenty bytes",
    "\n\n\n\n\n\n\n\n\n",
]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=6).map("".join)
# No two strings of an entry are equal, so that each is found in the line by its value.
SAID = TEXTS.map("said ".__add__)
ASIDE = TEXTS.map("aside ".__add__)
INPUTS = st.dictionaries(st.sampled_from(["description", "command"]), ASIDE | st.integers())
TYPES = ["header", "user", "assistant", "tool", "system", "tool_mark", "other", 7, None]
ENTRIES = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES)},
    optional={
        "content": SAID | st.integers() | st.lists(ASIDE, max_size=2),
        "tool_name": st.sampled_from(["Read", "Bash"]),
        "tool_input": INPUTS.map(json.dumps) | INPUTS,
        "tool_output": TEXTS,
        "metadata": st.dictionaries(st.sampled_from(["type", "content"]), ASIDE, max_size=2),
        "n": st.floats(),
    },
)


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """Entries in any order of keys and spelling, and lines that are none."""
    log = bytearray()
    for _ in range(draw(st.integers(0, 8))):
        if draw(st.integers(0, 7)) == 0:
            log += draw(
                st.sampled_from([b"", b"  ", b"{", b"[1]", b'{"type":"tool"', b"\xff", b"\r"])
            )
        else:
            entry = draw(ENTRIES)
            keys = draw(st.permutations(list(entry)))
            line = json.dumps(
                {key: entry[key] for key in keys},
                ensure_ascii=draw(st.booleans()),
                separators=draw(st.sampled_from([(",", ":"), (" , ", ": ")])),
            )
            if draw(st.booleans()):
                line = line.replace('"content"', '"cont\\u0065nt"').replace(
                    '"type"', '"typ\\u0065"'
                )
            log += line.encode("utf-8", "backslashreplace")
        log += draw(st.sampled_from([b"\n", b"\r\n"]))
    return bytes(log[: len(log) - draw(st.integers(0, 3))])


def squeezed(log: bytes, mode: Mode) -> tuple[bytes, Stats]:
    made = io.BytesIO()
    stats = compress(io.BytesIO(log), made, Options(mode=mode, **LIMITS))
    return made.getvalue(), stats


def entry_of(line: bytes) -> Any:
    try:
        return json.loads(line.decode())
    except ValueError:
        return None


def described(entry: dict[str, Any]) -> str:
    given = entry.get("tool_input")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return ""
    found = given.get("description") if isinstance(given, dict) else None
    return found.strip() if isinstance(found, str) else ""


def lines_of(log: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+\Z", log)


def conversation(log: bytes) -> list[object]:
    """What stays, in the plainest way: lines, and pairs of a mark's text and count."""
    kept: list[Any] = []
    for line in lines_of(log):
        entry = entry_of(line)
        kind = entry.get("type") if isinstance(entry, dict) else None
        if kind == "tool":
            text = described(entry)
            if text and kept and isinstance(kept[-1], list) and kept[-1][0] == text:
                kept[-1][1] += 1
            elif text:
                kept.append([text, 1])
        elif kind not in ("header", "system"):
            kept.append(line)
    return kept


@settings(deadline=None)
@given(logs())
def test_conversation_only_is_what_the_plain_way_keeps(log: bytes) -> None:
    made, stats = squeezed(log, Mode.CONVERSATION_ONLY)
    left = lines_of(made)
    expected = conversation(log)
    assert len(left) == len(expected) == stats.entries_out
    for line, what in zip(left, expected, strict=True):
        if isinstance(what, list):
            found = json.loads(line)
            assert found["type"] == "tool_mark"
            assert what[0].startswith(found["description"].removesuffix("…"))
            assert found.get("count", 1) == what[1]
        else:
            assert line == what
    assert stats.entries_in == len(lines_of(log))
    assert squeezed(made, Mode.CONVERSATION_ONLY)[0] == made


FIELDS = ("content", "tool_output")


@settings(deadline=None)
@given(logs())
def test_lossless_keeps_every_entry_and_every_untouched_byte(log: bytes) -> None:
    made, stats = squeezed(log, Mode.LOSSLESS)
    before, after = lines_of(log), lines_of(made)
    assert stats.entries_in == stats.entries_out == len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        if old == new:
            continue
        old_entry, new_entry = entry_of(old), entry_of(new)
        assert old_entry["type"] in ("assistant", "tool", "system")
        assert list(old_entry) == list(new_entry)
        for key in old_entry:
            if repr(old_entry[key]) != repr(new_entry[key]):
                assert key in FIELDS
                assert isinstance(new_entry[key], str)
        assert _without(old, old_entry, new_entry) == _without(new, new_entry, old_entry)


def _without(line: bytes, entry: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The line around the values that differ."""
    text = line.decode()
    for key in FIELDS:
        if key in entry and entry[key] != other[key]:
            for ascii_only in (True, False):
                dumped = json.dumps(entry[key], ensure_ascii=ascii_only)
                spelled = dumped.encode("utf-8", "backslashreplace").decode()
                if spelled in text:
                    text = text.replace(spelled, "\0", 1)
                    break
            else:
                raise AssertionError(f"{key} is spelled in no known way: {text}")
    return text.split("\0")


@settings(deadline=None)
@given(logs())
def test_lossless_again_changes_nothing(log: bytes) -> None:
    made, _ = squeezed(log, Mode.LOSSLESS)
    again, stats = squeezed(made, Mode.LOSSLESS)
    assert again == made
    assert stats.reduction() == 0


@settings(deadline=None)
@given(logs(), st.sampled_from(Mode))
def test_user_entries_keep_their_bytes(log: bytes, mode: Mode) -> None:
    made = lines_of(squeezed(log, mode)[0])
    for line in lines_of(log):
        entry = entry_of(line)
        if not isinstance(entry, dict) or entry.get("type") == "user":
            assert line in made


@settings(deadline=None)
@given(
    st.binary(max_size=200) | st.binary(max_size=60).map(lambda data: b'{"type":"tool",' + data),
    st.sampled_from(Mode),
)
def test_any_bytes_come_through(log: bytes, mode: Mode) -> None:
    made, stats = squeezed(log, mode)
    assert stats.entries_in == len(lines_of(log))
    if mode is Mode.LOSSLESS:
        assert len(lines_of(made)) == len(lines_of(log))


@settings(deadline=None)
@given(st.lists(logs(), max_size=3), st.sampled_from(Mode))
def test_stats_of_several_logs_add_up(parts: list[bytes], mode: Mode) -> None:
    parts = [part + b"\n" for part in parts]
    total = Stats()
    for part in parts:
        total.add(squeezed(part, mode)[1])
    total.check()
    whole = squeezed(b"".join(parts), mode)[1]
    assert (total.entries_in, total.bytes_in) == (whole.entries_in, whole.bytes_in)
    # A blank line ends each part, and no mark reaches over it.
    for name in ("entries_out", "tools_marked", "tools_dropped", "header_dropped", "ansi_stripped"):
        assert getattr(total, name) == getattr(whole, name)
