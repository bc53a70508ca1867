"""Each transform on its own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpe.transcripts.transforms import (
    Reminders,
    Results,
    collapse_progress,
    cut_read,
    elide_images,
    strip_ansi,
)
from bpe.transcripts.transforms.memory import SeenTexts
from bpe.transcripts.transforms.reads import is_read

LINES = st.lists(st.sampled_from([b"a", b"bc", b"", b"\r", b"\n", b"\r\n", "é".encode()])).map(
    b"".join
)


@pytest.mark.parametrize(
    ("text", "left", "number"),
    [
        (b"plain", b"plain", 0),
        (b"\x1b[31mred\x1b[0m", b"red", 2),
        (b"\x1b[m", b"", 1),
        (b"\x1b[38;2;1;2;3mx\x1b[?25l\x1b[2 q\x1b[1;1H", b"x", 4),
        (b"\x1b]0;title\x07x\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", b"xlink", 3),
        # not whole, or of another kind
        (b"\x1b[31", b"\x1b[31", 0),
        (b"\x1b]0;title\nx\x07", b"\x1b]0;title\nx\x07", 0),
        (b"\x1b(B\x1b7 [31m", b"\x1b(B\x1b7 [31m", 0),
        ("\x9b31m".encode(), "\x9b31m".encode(), 0),
        ("é\x1b[1m€😀".encode(), "é€😀".encode(), 1),
    ],
)
def test_ansi(text: bytes, left: bytes, number: int) -> None:
    assert strip_ansi(text) == (left, number)


@pytest.mark.parametrize(
    ("text", "left", "number"),
    [
        (b"a\r\nb\r\n", b"a\r\nb\r\n", 0),
        (b"1%\r2%\r3%", b"3%", 1),
        (b"1%\r2%\r3%\r", b"3%", 1),
        (b"1%\r2%\r\r\ndone\r\n", b"2%\r\ndone\r\n", 1),
        (b"1%\r2%\n", b"2%\n", 1),
        (b"x\n1%\r2%\ny\n3\r4\r\nz", b"x\n2%\ny\n4\r\nz", 2),
        (b"50%\r   \r", b"   ", 1),
        (b"\r\r\r", b"", 1),
        (b"\r\r\n", b"\r\n", 1),
        (b"a\r", b"a", 1),
    ],
)
def test_progress(text: bytes, left: bytes, number: int) -> None:
    assert collapse_progress(text) == (left, number)


@settings(deadline=None)
@given(LINES)
def test_progress_is_what_splitting_gives(text: bytes) -> None:
    left = []
    pieces = text.split(b"\n")
    for place, line in enumerate(pieces):
        end = b""
        if place < len(pieces) - 1 and line.endswith(b"\r"):
            line, end = line[:-1], b"\r"
        left.append(next((part for part in reversed(line.split(b"\r")) if part), b"") + end)
    made, number = collapse_progress(text)
    assert made == b"\n".join(left)
    assert (number == 0) == (made == text)
    assert collapse_progress(made) == (made, 0)


@pytest.mark.parametrize(
    ("text", "left", "number"),
    [
        (
            b"a data:image/png;base64,iVBORw0KGgo= b",
            b"a [image/png, 12 bytes of base64 elided] b",
            1,
        ),
        (
            b"(data:image/svg+xml;charset=utf-8;base64,AA)",
            b"([image/svg+xml, 2 bytes of base64 elided])",
            1,
        ),
        (b"data:image/jpeg;base64,_-8%3D%3D", b"[image/jpeg, 9 bytes of base64 elided]", 1),
        (b"data:image/png;base64,", b"data:image/png;base64,", 0),
        (b"data:image/svg+xml,<svg/>", b"data:image/svg+xml,<svg/>", 0),
        (b"data:text/plain;base64,AAAA", b"data:text/plain;base64,AAAA", 0),
    ],
)
def test_images(text: bytes, left: bytes, number: int) -> None:
    assert elide_images(text) == (left, number)
    assert elide_images(left) == (left, 0)


def test_reminders() -> None:
    reminders = Reminders()
    block = b"<system-reminder>\nbe brief\n</system-reminder>"
    other = b"<system-reminder>other</system-reminder>"
    ref = b"[system-reminder: as in line 3]"
    assert reminders.dedupe(b"a" + block + b"b" + block + b"c", 3) == (
        b"a" + block + b"b" + ref + b"c",
        1,
    )
    assert reminders.dedupe(block + other, 4) == (ref + other, 1)
    assert reminders.dedupe(b"<system-reminder>never closed", 5)[1] == 0
    assert reminders.dedupe(b"</system-reminder>" + block, 6) == (b"</system-reminder>" + ref, 1)
    # One that did not stay in its text is new when it comes again.
    assert reminders.dedupe(b"<system-reminder>gone</system-reminder>", 7)[1] == 0
    reminders.forget_new_ones_outside(b"")
    assert reminders.dedupe(b"<system-reminder>gone</system-reminder>", 8)[1] == 0
    reminders.forget_new_ones_outside(b".. <system-reminder>gone</system-reminder>")
    assert reminders.dedupe(b"<system-reminder>gone</system-reminder>", 9)[1] == 1


def numbered(count: int, end: bytes = b"\n") -> bytes:
    return end.join(b"%d" % line for line in range(count))


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_reads(end: bytes, last: bool) -> None:
    text = numbered(200, end) + end * last
    made, elided = cut_read(text, 120, 40)
    assert elided == 120
    lines = text.splitlines(keepends=True)
    assert made == b"".join([*lines[:40], b"[... 120 lines elided ...]\n", *lines[160:]])
    assert cut_read(made, 120, 40) == (made, 0)


def test_reads_at_the_limits() -> None:
    for count, cut in ((120, 0), (121, 41)):
        for last in (b"", b"\n"):
            text = numbered(count) + last
            assert cut_read(text, 120, 40)[1] == cut
    assert cut_read(b"", 0, 0) == (b"", 0)
    assert cut_read(b"a\nb", 0, 0) == (b"[... 2 lines elided ...]\n", 2)
    # A marker in place of one line would shorten nothing, and be cut out itself the next time.
    assert cut_read(numbered(11), 5, 5)[1] == 0
    assert cut_read(numbered(12), 5, 5)[1] == 2
    assert cut_read(numbered(9), 5, 40)[1] == 0


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 30), st.integers(0, 12), st.booleans())
def test_cutting_again_changes_nothing(count: int, most: int, keep: int, last: bool) -> None:
    text = numbered(count) + b"\n" * last
    made, elided = cut_read(text, most, keep)
    assert cut_read(made, most, keep) == (made, 0)
    assert len(made.splitlines()) == len(text.splitlines()) - elided + bool(elided)


def test_names_of_read() -> None:
    assert all(map(is_read, ["Read", "read", "read_file", "ReadFile"]))
    assert not any(map(is_read, ["", "Bash", "Thread", "ReadMcpResource", "Grep"]))


def test_results() -> None:
    results = Results(size=8, min_bytes=512)
    long = "é".encode() * 300
    assert results.dedupe(b"a" * 511, 1) == (b"a" * 511, 0)
    assert results.dedupe(b"a" * 511, 2) == (b"a" * 511, 0)
    assert results.dedupe(long, 3) == (long, 0)
    made, number = results.dedupe(long, 4)
    assert number == 1
    ref = json.loads(made)
    assert list(ref) == ["type", "hash", "line", "sample"]
    assert (ref["type"], ref["line"], ref["sample"]) == ("tool_ref", 3, "é" * 40)
    # The reference is to where the output stands, however often it comes.
    assert json.loads(results.dedupe(long, 5)[0]) == ref
    small = Results(size=8, min_bytes=0)
    assert [small.dedupe(made, line)[1] for line in (1, 2)] == [0, 0]
    sample = json.loads(_second(b"x" + "€".encode() * 200))["sample"]
    assert sample == "x" + "€" * 26


def _second(text: bytes) -> bytes:
    results = Results(8, 0)
    results.dedupe(text, 1)
    return results.dedupe(text, 2)[0]


def test_the_least_recently_used_is_forgotten() -> None:
    seen = SeenTexts(2)
    assert [seen.first(text, line)[1] for line, text in enumerate([b"a", b"b", b"a", b"c"], 1)] == [
        None,
        None,
        1,
        None,
    ]
    assert seen.first(b"b", 5)[1] is None
    assert seen.first(b"c", 6)[1] == 4
    none = SeenTexts(0)
    assert [none.first(b"a", line)[1] for line in (1, 2)] == [None, None]


UGLY = [
    b"\x1b[" * 200_000,
    b"\x1b]" * 200_000,
    b"\x1b[" + b"1;" * 200_000,
    b"\r" * 400_000,
    b"a\r\n\r" * 100_000,
    b"data:image/" * 40_000,
    b"data:image/a" + b";a=b" * 100_000,
    b"data:image/png;base64,A" * 20_000,
    b"<system-reminder>" * 20_000,
    b"<system-reminder></system-reminder>" * 10_000,
    b"\n" * 400_000,
]


@pytest.mark.parametrize("text", UGLY, ids=lambda text: repr(text[:12]))
def test_linear_time(text: bytes) -> None:
    functions: list[Callable[[bytes], object]] = [
        strip_ansi,
        collapse_progress,
        elide_images,
        lambda data: Reminders().dedupe(data, 1),
        lambda data: cut_read(data, 120, 40),
    ]
    for function in functions:
        start = time.process_time()
        function(text)
        assert time.process_time() - start < 2
