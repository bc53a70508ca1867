"""Generated session logs of agents, one JSON entry a line, as bpe.transcripts reads them."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from typing import Any

import phrases

REMINDER = "<system-reminder>\n{}\n</system-reminder>"


def session_log(seed: int, size: int, longest: int = 0) -> bytes:
    """Whole lines of at least `size` bytes; `longest`: one line has a text of so many bytes."""
    parts: list[bytes] = []
    left = size
    for entry in _entries(random.Random(f"log {seed}"), longest):
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        parts.append(line)
        left -= len(line)
        if left <= 0:
            break
    return b"".join(parts)


def _entries(rng: random.Random, longest: int) -> Iterator[dict[str, Any]]:
    clock = 1_700_000_000
    yield {"type": "header", "content": "session", "metadata": {"version": 3}, "timestamp": clock}
    if longest:
        yield _tool(
            rng, "Bash", {"command": "cat"}, (phrases.log(rng, longest // 50 + 1))[:longest]
        )
    earlier: list[str] = []
    reminders = [REMINDER.format(phrases.prose(rng, 6)) for _ in range(3)]
    while True:
        script = rng.choices(phrases.SCRIPTS, (8, 1, 1, 1, 1, 1, 1))[0]
        clock += rng.randint(1, 600)
        yield {
            "type": "user",
            "content": phrases.prose(rng, rng.randint(1, 8), script),
            "timestamp": clock,
        }
        if rng.random() < 0.5:
            yield {"type": "system", "content": rng.choice(reminders), "timestamp": clock}
        for _ in range(rng.randint(2, 12)):
            clock += rng.randint(1, 30)
            yield {**_call(rng, earlier, reminders), "timestamp": clock}
            if rng.random() < 0.4:
                yield {"type": "assistant", "content": phrases.sentence(rng), "timestamp": clock}
        answer = phrases.prose(rng, rng.randint(3, 15), script)
        yield {"type": "assistant", "content": answer, "timestamp": clock}


def _call(rng: random.Random, earlier: list[str], reminders: list[str]) -> dict[str, Any]:
    kind = rng.choices(
        ("read", "test", "build", "search", "query", "image", "again"), (5, 4, 2, 4, 3, 0.3, 2)
    )[0]
    path = phrases.path(rng)
    if kind == "again" and earlier:
        return _tool(rng, "Read", {"file_path": path}, rng.choice(earlier))
    if kind == "read":
        text = phrases.code(rng, rng.choice((20, 60, 100, 200, 600)))
        if rng.random() < 0.3:
            text += "\n\n" + rng.choice(reminders)
        earlier.append(text)
        del earlier[:-40]
        return _tool(rng, "Read", {"file_path": path}, text)
    if kind == "test":
        lines = phrases.log(rng, rng.randint(5, 60)).split("\n")
        text = "\n".join(f"\x1b[32m{line[:12]}\x1b[0m{line[12:]}" for line in lines)
        return _tool(rng, "Bash", {"command": "pytest -q", "description": "Run the tests"}, text)
    if kind == "build":
        frames = "\r".join(f"{done:3}% {'#' * (done // 4)}" for done in range(0, 101, 4))
        text = f"{phrases.log(rng, 4)}\n{frames}\n{phrases.log(rng, 4)}"
        return _tool(rng, "Bash", {"command": "make", "description": "Build the project"}, text)
    if kind == "image":
        data = base64.b64encode(rng.randbytes(rng.randint(10_000, 60_000))).decode()
        return _tool(rng, "Screenshot", {}, f"data:image/png;base64,{data}")
    if kind == "query":
        return _tool(rng, "Query", {"sql": "select"}, phrases.rows(rng, rng.randint(1, 20)))
    found = "\n".join(f"{phrases.path(rng)}:{rng.randint(1, 900)}" for _ in range(20))
    described = {"pattern": phrases.word(rng), "description": f"Search for {phrases.word(rng)}"}
    return _tool(rng, "Grep", described, found)


def _tool(rng: random.Random, name: str, given: dict[str, Any], output: str) -> dict[str, Any]:
    return {
        "type": "tool",
        "tool_name": name,
        "tool_input": json.dumps(given),
        "tool_output": output,
        "is_error": rng.random() < 0.05,
    }
