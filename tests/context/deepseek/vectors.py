"""The vectors, and how the arguments of the programs that made them are said here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@cache
def vectors() -> list[dict[str, Any]]:
    """All of them, with messages and texts in place."""
    data = json.loads((HERE / "vectors.json").read_text(encoding="utf-8"))
    found = []
    for vector in data["vectors"]:
        vector["messages"] = data["messages"][vector["messages"]]
        if "text" in vector:
            vector["text"] = data["texts"][vector["text"]]
        found.append(vector)
    return found


def choices(args: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `render` for those of a vector."""
    found: dict[str, Any] = {}
    for name, value in args.items():
        if name == "thinking_mode":
            found["thinking"] = value == "thinking"
        elif name == "thinking":
            found["thinking"] = value["type"] == "enabled" if isinstance(value, dict) else value
        elif name == "drop_thinking":
            found["drop_reasoning"] = value
        elif name == "reasoning_effort":
            found["effort"] = value
        else:
            assert name in ("add_generation_prompt", "tools"), name
            found[name] = value
    return found


def sha1(ids: Sequence[int]) -> str:
    return hashlib.sha1(",".join(map(str, ids)).encode()).hexdigest()
