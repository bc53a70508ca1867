"""Logs of other programs, in the shapes that they have; the samples are made up."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpe.transcripts import Mode, Options, Stats, compress
from bpe.transcripts.adapters import ADAPTERS
from bpe.transcripts.adapters.calls import Calls

BIG = "\n".join(f"{line:>4}\tvalue = {line}" for line in range(300))
RED = "\x1b[31mfailed\x1b[0m"


def lines(*entries: object) -> list[bytes]:
    return [json.dumps(entry, separators=(",", ":")).encode() + b"\n" for entry in entries]


def squeezed(log: list[bytes], adapter: str, mode: Mode) -> tuple[list[bytes], Stats]:
    made = io.BytesIO()
    stats = compress(io.BytesIO(b"".join(log)), made, Options(mode=mode, adapter=adapter))
    return made.getvalue().splitlines(keepends=True), stats


def mark(description: str, count: int = 1) -> bytes:
    counted = f',"count":{count}' if count > 1 else ""
    return f'{{"type":"tool_mark","description":"{description}"{counted}}}\n'.encode()


def claude(kind: str, content: object, **more: object) -> dict[str, object]:
    return {
        "parentUuid": "0b5c",
        "isSidechain": False,
        "userType": "external",
        "cwd": "/srv/app",
        "sessionId": "5d2e",
        "version": "2.0.14",
        "type": kind,
        "message": {"role": kind, "content": content},
        "uuid": "77aa",
        "timestamp": "2026-01-05T10:00:00.000Z",
        **more,
    }


def use(call: str, name: str, **given: str) -> dict[str, object]:
    return {"type": "tool_use", "id": call, "name": name, "input": given}


def result(call: str, content: object) -> dict[str, object]:
    return {"type": "tool_result", "tool_use_id": call, "content": content, "is_error": False}


CLAUDE = lines(
    {"type": "summary", "summary": "Mending the build", "leafUuid": "9c"},
    claude("user", "why does the build fail? <system-reminder>r</system-reminder>"),
    claude("assistant", [{"type": "thinking", "thinking": RED, "signature": "Es=="}]),
    claude("assistant", [{"type": "text", "text": f"I will look. {RED}"}]),
    claude("assistant", [use("t1", "Bash", command="make", description="Run the build")]),
    claude("user", [result("t1", RED)], toolUseResult={"stdout": RED, "stderr": "", "code": 1}),
    claude("assistant", [use("t2", "Read", file_path="/srv/app/a.py")]),
    claude(
        "user",
        [result("t2", [{"type": "text", "text": BIG}])],
        toolUseResult={
            "type": "text",
            "file": {"filePath": "a.py", "content": BIG, "numLines": 300},
        },
    ),
    claude("assistant", [use("t3", "Bash", command="make", description="Run the build")]),
    {"type": "system", "content": RED, "level": "info"},
    {"type": "file-history-snapshot", "messageId": "m", "snapshot": {}},
    claude(
        "assistant",
        [
            {"type": "text", "text": "Both at once."},
            use("t4", "Bash", command="ls", description="List"),
        ],
    ),
    claude("user", [result("t4", RED), {"type": "text", "text": RED}], toolUseResult=RED),
    {"type": "queue-operation", "operation": "enqueue", "content": RED},
)


def test_claude_code_conversation() -> None:
    made, stats = squeezed(CLAUDE, "claude-code", Mode.CONVERSATION_ONLY)
    kept = [CLAUDE[place] for place in (1, 2, 3, 11, 12, 13)]
    assert made == [*kept[:3], mark("Run the build", 2), *kept[3:]]
    assert (stats.header_dropped, stats.system_dropped) == (1, 2)
    assert (stats.tools_marked, stats.tools_batched, stats.tools_dropped) == (2, 1, 3)
    assert (stats.entries_in, stats.entries_out) == (16, 9)


def test_claude_code_lossless() -> None:
    made, stats = squeezed(CLAUDE, "claude-code", Mode.LOSSLESS)
    assert len(made) == len(CLAUDE)
    assert stats.entries_in == stats.entries_out == 16
    touched = {place for place, line in enumerate(made) if line != CLAUDE[place]}
    assert touched == {3, 5, 7, 9, 12}
    red = json.dumps(RED).encode()
    for place in (3, 5, 9):
        assert made[place] == CLAUDE[place].replace(red, b'"failed"').replace(red[1:], b'failed"')
    read = json.loads(made[7])
    text = read["message"]["content"][0]["content"][0]["text"]
    assert "[... 220 lines elided ...]" in text
    assert read["toolUseResult"]["file"]["numLines"] == 300
    # The second copy is the same output once more.
    assert json.loads(read["toolUseResult"]["file"]["content"])["line"] == 8
    both = json.loads(made[12])
    assert both["message"]["content"][0]["content"] == both["toolUseResult"] == "failed"
    assert both["message"]["content"][1]["text"] == RED, "said by the user"


def codex(kind: str, /, **payload: object) -> dict[str, object]:
    return {"timestamp": "2026-01-05T10:00:00.000Z", "type": kind, "payload": payload}


def message(role: str, text: str, kind: str = "input_text") -> dict[str, object]:
    return codex("response_item", type="message", role=role, content=[{"type": kind, "text": text}])


CODEX = lines(
    codex("session_meta", id="01", cwd="/srv/app", cli_version="0.60.0", instructions=None),
    message("developer", RED),
    message("user", RED),
    codex("event_msg", type="user_message", message=RED, kind="plain"),
    codex("turn_context", cwd="/srv/app", model="m"),
    codex("response_item", type="reasoning", summary=[], encrypted_content="gAAA"),
    codex(
        "response_item",
        type="function_call",
        name="shell",
        arguments='{"command":["ls"],"description":"List"}',
        call_id="c1",
    ),
    codex("response_item", type="function_call_output", call_id="c1", output=RED),
    codex(
        "response_item",
        type="local_shell_call",
        call_id="c2",
        status="completed",
        action={"type": "exec", "command": ["make"], "timeout_ms": 1000},
    ),
    codex(
        "response_item",
        type="function_call_output",
        call_id="c2",
        output={"content": RED, "success": True},
    ),
    codex("response_item", type="custom_tool_call", call_id="c3", name="read_file", input="a.py"),
    codex("response_item", type="custom_tool_call_output", call_id="c3", output=BIG),
    codex("event_msg", type="exec_command_end", call_id="c1", stdout=RED, stderr="", exit_code=1),
    codex("event_msg", type="token_count", info={"total": 5}),
    message("assistant", RED, "output_text"),
    codex("event_msg", type="agent_message", message="done"),
    codex("compacted", message=RED),
)


def test_codex_conversation() -> None:
    made, stats = squeezed(CODEX, "codex", Mode.CONVERSATION_ONLY)
    kept = [CODEX[place] for place in (2, 3, 5, 14, 15, 16)]
    assert made == [*kept[:3], mark("List"), *kept[3:]]
    assert (stats.header_dropped, stats.system_dropped, stats.tools_dropped) == (1, 3, 6)


def test_codex_lossless() -> None:
    made, stats = squeezed(CODEX, "codex", Mode.LOSSLESS)
    assert stats.entries_in == stats.entries_out == len(made) == len(CODEX)
    touched = {place for place, line in enumerate(made) if line != CODEX[place]}
    assert touched == {1, 7, 9, 11, 12, 14}
    assert json.loads(made[9])["payload"]["output"] == {"content": "failed", "success": True}
    assert "220 lines elided" in json.loads(made[11])["payload"]["output"]


def test_codex_of_old() -> None:
    log = lines(
        {"id": "01", "timestamp": "2025-06-01T00:00:00Z", "instructions": None},
        {"record_type": "state"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": RED}]},
        {"type": "function_call", "name": "shell", "arguments": "{}", "call_id": "c"},
        {"type": "function_call_output", "call_id": "c", "output": RED},
    )
    assert squeezed(log, "codex", Mode.CONVERSATION_ONLY)[0] == [log[2]]
    made = squeezed(log, "codex", Mode.LOSSLESS)[0]
    assert made[:4] == log[:4]
    assert json.loads(made[4])["output"] == "failed"


def call(name: str, call_id: str, **given: str) -> dict[str, object]:
    function = {"name": name, "arguments": json.dumps(given)}
    return {"id": call_id, "type": "function", "function": function}


MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": RED},
    {"role": "user", "content": [{"type": "text", "text": RED}]},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [call("ls", "1", description="List"), call("read_file", "2", path="a")],
    },
    {"role": "tool", "tool_call_id": "1", "content": RED},
    {"role": "tool", "tool_call_id": "2", "content": BIG},
    {"role": "assistant", "content": RED, "tool_calls": [call("ls", "3", description="List")]},
    {"role": "critic", "content": RED},
]


def test_openai_a_message_a_line() -> None:
    log = lines(*MESSAGES)
    made, stats = squeezed(log, "openai", Mode.CONVERSATION_ONLY)
    assert made == [log[1], mark("List"), log[5], log[6]]
    assert (stats.entries_in, stats.tools_marked, stats.tools_dropped) == (9, 1, 3)
    made, stats = squeezed(log, "openai", Mode.LOSSLESS)
    assert stats.entries_in == stats.entries_out == 9
    assert [place for place, line in enumerate(made) if line != log[place]] == [0, 3, 4, 5]
    assert "220 lines elided" in json.loads(made[4])["content"]


@pytest.mark.parametrize("wrap", [False, True])
def test_openai_a_list_a_line(wrap: bool) -> None:
    log = lines({"messages": MESSAGES, "role_of_line": 1} if wrap else MESSAGES)
    made, stats = squeezed(log, "openai", Mode.CONVERSATION_ONLY)
    assert made == log, "what holds a word of the conversation stays whole"
    assert stats.entries_in == stats.entries_out == 9
    made, _ = squeezed(log, "openai", Mode.LOSSLESS)
    found = json.loads(made[0])
    found = found["messages"] if wrap else found
    plain = [json.loads(line) for line in squeezed(lines(*MESSAGES), "openai", Mode.LOSSLESS)[0]]
    assert found == plain


def test_a_line_of_calls_alone_becomes_several_marks() -> None:
    calls = [
        call("a", "1", description="A"),
        call("b", "2", description="B"),
        call("b", "3", description="B"),
    ]
    log = lines({"role": "assistant", "content": "", "tool_calls": calls})
    assert squeezed(log, "openai", Mode.CONVERSATION_ONLY)[0] == [mark("A"), mark("B", 2)]
    log[0] = log[0].rstrip()
    made, stats = squeezed(log, "openai", Mode.CONVERSATION_ONLY)
    assert made == [mark("A"), mark("B", 2).rstrip()]
    assert stats.entries_out == 2


def test_calls_are_forgotten_in_time() -> None:
    calls = Calls()
    for number in range(5000):
        calls.add(b"%d" % number, f"n{number}")
    assert calls.name(b"4999") == "n4999"
    assert calls.name(b"0") == calls.name(b"") == ""


SCRAPS = st.recursive(
    st.none()
    | st.just(7)
    | st.sampled_from([RED, "user", "assistant", "message", "text", "tool_use", "tool_result"])
    | st.sampled_from(["response_item", "event_msg", "function_call", "function_call_output"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "type role message content text payload output input name tool_calls function "
                "messages toolUseResult file id arguments".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


class Plainly:
    """An adapter of the caller's own."""

    def entries(self, value: object) -> list[Any]:
        return []


@settings(deadline=None)
@given(st.lists(SCRAPS, max_size=4), st.sampled_from([*ADAPTERS]), st.sampled_from(Mode))
def test_any_shape_is_read(entries: list[object], adapter: str, mode: Mode) -> None:
    log = lines(*entries)
    made, stats = squeezed(log, adapter, mode)
    if mode is Mode.LOSSLESS:
        assert stats.entries_in == stats.entries_out >= len(made) == len(log)
        assert squeezed(made, adapter, mode)[0] == made
    else:
        assert all(line in log or line.startswith(b'{"type":"tool_mark"') for line in made)
        assert stats.header_dropped == 0 or adapter != "openai"


def test_an_adapter_of_ones_own() -> None:
    log = b'{"type":"system"}\n'
    made = io.BytesIO()
    stats = compress(io.BytesIO(log), made, Options(adapter=Plainly()))
    assert made.getvalue() == log
    assert stats.entries_in == 1
