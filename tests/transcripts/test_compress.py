"""Both modes over whole transcripts, entry by entry."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from bpe.transcripts import Mode, Options, Stats, compress


def squeezed(
    log: bytes, mode: Mode = Mode.CONVERSATION_ONLY, **options: Any
) -> tuple[bytes, Stats]:
    made = io.BytesIO()
    stats = compress(io.BytesIO(log), made, Options(mode=mode, **options))
    assert stats.bytes_in == len(log)
    assert stats.bytes_out == len(made.getvalue())
    return made.getvalue(), stats


def lossless(log: bytes, **options: Any) -> tuple[bytes, Stats]:
    return squeezed(log, Mode.LOSSLESS, **options)


def tool(description: str | None, **more: object) -> bytes:
    given = {} if description is None else {"description": description}
    return json.dumps({"type": "tool", "tool_input": json.dumps(given), **more}).encode() + b"\n"


def mark(description: str, count: int = 1) -> bytes:
    entry: dict[str, object] = {"type": "tool_mark", "description": description}
    if count > 1:
        entry["count"] = count
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


USER = b'{"type":"user","content":"a\\u001b[1mb", "n" : 1.50E+3}\n'
ASSISTANT = b' {"content":"b","type" : "assistant"} \r\n'
HEADER = b'{"type":"header","content":"data:image/png;base64,AAAA"}\n'
SYSTEM = b'{"type":"system","content":"s"}\n'
# Kept in both modes as they are.
VERBATIM = [
    b"\n",
    b"\r\n",
    b"  \n",
    b"no JSON\n",
    b'{"type":"header","content":\n',
    b'{"type":"tool","tool_output":"\xff\\r1"}\n',
    b'{"type":"system","content":"a\tb"}\n',
    b'{"type":"system"} {"type":"system"}\n',
    b"[]\n",
    b"3\n",
    b'"system"\n',
    b'{"type":"event","content":"a\\rb"}\n',
    b'{"type":"Tool"}\n',
    b'{"type":["tool"],"content":"a\\rb"}\n',
    b'{"type":null}\n',
    b'{"kind":"tool","metadata":{"type":"tool","content":"a\\rb"}}\n',
    b'{"type":"tool_mark","description":"x"}\n',
    b'{"type":"system","type":"user","content":"a\\rb"}\n',
    b'{"type":"tool","t\\u0079pe":"user","content":"a\\rb"}\n',
    b"\x00\n",
    b"\x1f\x8b\n",
]


@pytest.mark.parametrize("line", VERBATIM)
@pytest.mark.parametrize("mode", Mode)
def test_verbatim(line: bytes, mode: Mode) -> None:
    log = USER + line + ASSISTANT + line[:-1]
    made, stats = squeezed(log, mode)
    assert made == log
    assert stats.entries_in == stats.entries_out == 3 + bool(line[:-1])


def test_conversation_only() -> None:
    log = HEADER + USER + SYSTEM + tool("List") + ASSISTANT + tool(None) + tool("  ") + SYSTEM
    made, stats = squeezed(log)
    assert made == USER + mark("List") + ASSISTANT
    assert (stats.entries_in, stats.entries_out) == (8, 3)
    assert (stats.header_dropped, stats.system_dropped, stats.tools_dropped) == (1, 2, 2)
    assert (stats.tools_marked, stats.tools_batched) == (1, 0)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b'{"type":"user","type":"system"}\n', "system"),
        (b'{"t\\u0079pe":"header"}\n', "header"),
        (b'{"type":"user","t\\u0079pe":"header"}\n', "header"),
        (b'{"type":"user","metadata":{"type":"user"},"type":"system"}\n', "system"),
        (b'{"metadata":{"type":"user"},"\\u0074ype":"system"}\n', "system"),
        (b'\xef\xbb\xbf{"type":"system"}\r\n', "system"),
        (b'{"type":"sys\\u0074em","n":' + b"9" * 5000 + b"}\n", "system"),
        (b'{"type":"system","n":NaN}\n', "system"),
        (b'{"n":' + b"[" * 5000 + b"]" * 5000 + b',"type":"header"}\n', "header"),
        (b'{"type":"header","content":"' + b"long" * 50_000 + b'"}\n', "header"),
    ],
)
def test_the_type_is_that_of_json(line: bytes, kind: str) -> None:
    made, stats = squeezed(USER + line)
    assert made == USER
    assert getattr(stats, f"{kind}_dropped") == 1


@pytest.mark.parametrize(
    ("tool_input", "description"),
    [
        (r'"{\"description\": \"\\u00e9 \\\"x\\\"\"}"', 'é "x"'),
        (r'"{\"d\\u0065scription\":\"x\",\"a\":{\"description\":\"y\"}}"', "x"),
        (r'"{\"description\":\"x\",\"description\":\" y\\n\"}"', "y"),
        ('{"description":"plain object"}', "plain object"),
        (r'"{\"description\":\"\\ud83d\\ude00\"}"', "😀"),
        (r'"\ufeff{\"description\":\"x\"}"', "x"),
        (r'"{\"description\":\"a\u00a0\"}"', "a"),
        (r'"{\"description\":7}"', ""),
        (r'"{\"description\":null}"', ""),
        (r'"{\"description\":\"\\t\\u2003 \"}"', ""),
        (r'"{\"description\":\"x\""', ""),
        (r'"description"', ""),
        (r'"[\"description\"]"', ""),
        ("null", ""),
        ("7", ""),
    ],
)
@pytest.mark.parametrize("pad", [0, 200_000])
def test_descriptions(tool_input: str, description: str, pad: int) -> None:
    # The padding takes the line, and once more what it holds, past what is loaded whole.
    line = f'{{"type":"tool","tool_input":{tool_input},"pad":"{" " * pad}"}}\n'.encode()
    made, stats = squeezed(line)
    assert made == (mark(description) if description else b"")
    assert stats.tools_dropped == (not description)
    if pad and tool_input.startswith('"{'):
        wide = tool_input.replace("{", r"{\"a\":\"" + " " * pad + r"\",", 1)
        assert squeezed(f'{{"type":"tool","tool_input":{wide}}}\n'.encode())[0] == made


def test_lone_surrogates_in_descriptions() -> None:
    for tool_input in (r'"{\"description\":\"\ud800\"}"', r'"{\"description\":\"\\ud800\"}"'):
        for pad in ("", " " * 200_000):
            line = f'{{"type":"tool","tool_input":{tool_input}{pad}}}\n'.encode()
            assert squeezed(line)[0] == b'{"type":"tool_mark","description":"\\ud800"}\n'


@pytest.mark.parametrize("letter", ["a", "é", "€", "😀"])
def test_long_descriptions(letter: str) -> None:
    size = len(letter.encode())
    fits = letter * (200 // size)
    assert squeezed(tool(fits))[0] == mark(fits)
    for shift in range(4):
        text = "x" * shift + letter * 201
        shown = json.loads(squeezed(tool(text))[0])["description"]
        assert shown.endswith("…")
        assert text.startswith(shown[:-1])
        assert 200 - size < len(shown.encode()) <= 200


def test_marks_are_batched_in_the_output() -> None:
    log = tool("a") + SYSTEM + tool(None) + tool(" a ") + tool("b") + tool("b") + USER + tool("b")
    made, stats = squeezed(log + HEADER + tool("b") + b"\n" + tool("b"))
    assert made == mark("a", 2) + mark("b", 2) + USER + mark("b", 2) + b"\n" + mark("b")
    assert (stats.tools_marked, stats.tools_batched) == (7, 3)
    assert made.count(b"tool_mark") == stats.tools_marked - stats.tools_batched


def test_marks_keep_the_ends_of_lines() -> None:
    ends = tool("a")[:-1] + b"\r\n"
    assert squeezed(ends)[0] == mark("a")[:-1] + b"\r\n"
    assert squeezed(USER + tool("a")[:-1])[0] == USER + mark("a")[:-1]
    assert squeezed(tool("a") + tool("a")[:-1])[0] == mark("a", 2)[:-1]
    assert squeezed(tool("b") + tool("a")[:-1])[0] == mark("b") + mark("a")[:-1]


def test_marks_do_not_join_those_of_the_source() -> None:
    log = mark("a") + tool("a")
    made, stats = squeezed(log)
    assert made == mark("a") + mark("a")
    assert (stats.tools_marked, stats.tools_batched, stats.entries_out) == (1, 0, 2)
    assert squeezed(made)[0] == made


def test_only_changed_strings_are_rewritten() -> None:
    rest = rb""" { "content" : "%b" , "n":1.50E+3, "big":123456789012345678901234567890,
 "s":"\ud800\/\u00e9\u001b[1m", "content2":"\r1",
 "metadata":{"content":"a\rb","tool_output":"\u001b[1m"},
 "\u0074ype":"tool","content":"%b" ,"tool_output":"%b","tool_output\u0020":"a\rb" } """
    rest = rest.replace(b"\n", b"\t")
    made, stats = lossless(rest % (rb"x\ry", rb"x\ry", rb"\u001b[1m\"\/\u00e9\ud83d") + b"\r\n")
    # Of equal keys the first says nothing, and stays.
    assert made == rest % (rb"x\ry", b"y", '\\"/é\\ud83d'.encode()) + b"\r\n"
    assert (stats.progress_collapsed, stats.ansi_stripped) == (1, 1)


def test_lossless_leaves_user_and_header() -> None:
    made, stats = lossless(HEADER + USER)
    assert made == HEADER + USER
    assert stats.images_elided == stats.ansi_stripped == 0


def changed(field: str, text: str, kind: str = "tool", **more: object) -> str:
    line = json.dumps({"type": kind, field: text, **more}).encode() + b"\n"
    made: str = json.loads(lossless(line)[0])[field]
    return made


@pytest.mark.parametrize("kind", ["assistant", "tool", "system"])
@pytest.mark.parametrize("field", ["content", "tool_output"])
def test_transforms_of_both_fields(kind: str, field: str) -> None:
    text = "\x1b[31m1%\r2%\x1b[0m\r\ndata:image/png;base64,AAAA\r\n"
    assert changed(field, text, kind) == "2%\r\n[image/png, 4 bytes of base64 elided]\r\n"


def test_transforms_of_outputs_alone() -> None:
    lines = "".join(f"{line}\n" for line in range(200))
    assert changed("content", lines, tool_name="Read") == lines
    assert changed("tool_output", lines, tool_name="Bash") == lines
    assert "120 lines elided" in changed("tool_output", lines, tool_name="Read")
    entry = json.dumps({"type": "tool", "content": "c" * 600, "tool_output": "o" * 600}).encode()
    made, stats = lossless(entry + b"\n" + entry)
    first, second = made.split(b"\n")
    assert first == entry
    assert json.loads(second)["content"] == "c" * 600
    assert json.loads(json.loads(second)["tool_output"])["line"] == 1
    assert stats.tool_results_refd == 1


def test_results_are_hashed_after_the_other_transforms() -> None:
    log = b"".join(
        json.dumps({"type": "tool", "tool_output": prefix + "x" * 600}).encode() + b"\n"
        for prefix in ("\x1b[1m", "1%\r", "")
    )
    made, stats = lossless(log)
    assert stats.tool_results_refd == 2
    assert [
        json.loads(json.loads(line)["tool_output"])["line"] for line in made.splitlines()[1:]
    ] == [1, 1]
    assert lossless(log, tool_result_lru_size=0)[1].tool_results_refd == 0
    assert lossless(log, tool_result_min_bytes=601)[1].tool_results_refd == 0
    assert lossless(log, tool_result_min_bytes=600)[1].tool_results_refd == 2


def test_line_numbers_count_every_line() -> None:
    line = json.dumps({"type": "tool", "tool_output": "x" * 600}).encode() + b"\n"
    made, _ = lossless(b"\n" + HEADER + b"{\n" + line + USER + line)
    assert json.loads(json.loads(made.splitlines()[-1])["tool_output"])["line"] == 4


def test_reminders_refer_to_what_is_there() -> None:
    block = "<system-reminder>remember</system-reminder>"
    lines = [f"{line}\n" for line in range(200)]
    lines[100] += block
    read = json.dumps({"type": "tool", "tool_name": "Read", "tool_output": "".join(lines)})
    said = json.dumps({"type": "system", "content": block})
    made, stats = lossless(f"{read}\n{said}\n{said}\n".encode())
    first, second, third = map(json.loads, made.splitlines())
    assert block not in first["tool_output"]
    assert second["content"] == block
    assert third["content"] == "[system-reminder: as in line 2]"
    assert stats.reminders_deduped == 1


def test_a_line_without_anything_to_do_keeps_its_bytes_in_either_way() -> None:
    # The cheap look and the long way agree, whichever way a letter is spelled.
    text = '{"type":"tool","content":"data:image/png;base64,AAAA <system-reminder>"}'
    assert lossless(text.encode())[1].images_elided == 1
    spelled = text.replace("image/", "im\\u0061ge\\/")
    assert lossless(spelled.encode())[0] == lossless(text.encode())[0]
    for escape in (rb"\r", rb"\u000d", rb"\u000D"):
        made, _ = lossless(b'{"type":"tool","content":"a%bb"}' % escape)
        assert made == b'{"type":"tool","content":"b"}'
