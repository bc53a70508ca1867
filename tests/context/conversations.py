"""Generated conversations: every form that messages have, and what goes wrong with them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

Message = dict[str, Any]

WORDS = (
    "the cat sat on mat, error: decided 42 path/to/file.py must `code()` naïve Straße. "
    "Привет мир. 你好世界。 こんにちは 안녕하세요 مرحبا שלום "
    "हिन्दी ไทย 👍🏽 👨\u200d👩 e\u0301 \u200d\r\n \n\n \t"
).split(" ")

texts = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join),
    st.text(max_size=30),
    st.sampled_from(["", " ", "ok", "…", "\n" * 40, "a" * 300]),
    # giants
    st.builds(lambda word, n: (word + " ") * n, st.sampled_from(WORDS), st.integers(100, 600)),
)

values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        texts,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.dictionaries(st.sampled_from(["status", "error", "id", "rows", "é", "x"]), inner),
    ),
    max_leaves=12,
)
objects = st.dictionaries(
    st.sampled_from(["status", "error", "id", "rows", "x"]), values, min_size=1
)
json_texts = st.builds(
    lambda value, times, indent: json.dumps([value] * times, ensure_ascii=False, indent=indent),
    objects,
    st.integers(1, 30),
    st.sampled_from([None, 1]),
)
results = st.one_of(texts, texts, json_texts, st.just("all the same " * 30))

IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "search",
            "description": "Search the files.",
            "parameters": {"type": "object", "properties": {"query": {"type": "string"}}},
        },
    }
]


@st.composite
def conversations(draw: st.DrawFn, most: int = 12, anthropic: bool = True) -> list[Message]:
    """A conversation of up to so many turns; it may be empty, begin anywhere and end anywhere."""
    messages: list[Message] = []
    forms = ["user", "user", "parts", "assistant", "tools", "tools", "system", "orphan", "again"]
    if anthropic:
        forms += ["blocks", "blocks", "orphan block", "nested"]
    if draw(st.booleans()):
        messages.append({"role": "system", "content": draw(texts)})
    for _ in range(draw(st.integers(0, most))):
        form = draw(st.sampled_from(forms))
        fresh = len(messages)
        if form == "user":
            messages.append({"role": "user", "content": draw(texts)})
        elif form == "parts":
            parts: list[Any] = [{"type": "text", "text": draw(texts)}]
            if draw(st.booleans()):
                parts.append(IMAGE)
            messages.append({"role": "user", "content": parts})
        elif form == "assistant":
            messages.append({"role": "assistant", "content": draw(texts)})
        elif form == "system":
            role = draw(st.sampled_from(["system", "developer"]))
            messages.append({"role": role, "content": draw(texts.filter(bool))})
        elif form == "tools":
            messages += draw(tool_turns(fresh))
        elif form == "blocks":
            messages += draw(block_turns(fresh))
        elif form == "nested":
            inner = [{"type": "text", "text": draw(texts)}, {"type": "text", "text": draw(results)}]
            call = {"type": "tool_use", "id": f"n{fresh}", "name": "search", "input": {"q": "x"}}
            answer = {"type": "tool_result", "tool_use_id": f"n{fresh}", "content": inner}
            messages.append({"role": "assistant", "content": [call]})
            messages.append({"role": "user", "content": [answer]})
        elif form == "orphan":
            stray = {"role": "tool", "tool_call_id": f"lost{fresh}", "content": draw(results)}
            messages.append(stray)
        elif form == "orphan block":
            block = {"type": "tool_result", "tool_use_id": f"lost{fresh}", "content": draw(results)}
            said = [{"type": "text", "text": "and this?"}] if draw(st.booleans()) else []
            messages.append({"role": "user", "content": [block, *said]})
        elif form == "again":
            plain = [each for each in messages if type(each.get("content")) is str]
            plain = [each for each in plain if each["role"] in ("user", "assistant")]
            plain = [each for each in plain if "tool_calls" not in each]
            if plain:
                messages.append(draw(st.sampled_from(plain)))
    if draw(st.integers(0, 4)) == 0:
        # The calls at the end have no results yet, or not all of them.
        made = draw(tool_turns(len(messages)))
        messages += made[: draw(st.integers(1, len(made)))]
    return messages


@st.composite
def tool_turns(draw: st.DrawFn, fresh: int) -> list[Message]:
    """Calls, one or in parallel, and results: of all of them, of some or of none."""
    count = draw(st.integers(1, 3))
    ids = [f"c{fresh}_{at}" for at in range(count)]
    calls = [
        {
            "id": call_id,
            "type": "function",
            "function": {"name": "search", "arguments": json.dumps({"query": draw(texts)[:40]})},
        }
        for call_id in ids
    ]
    content = draw(st.one_of(st.none(), texts))
    messages: list[Message] = [{"role": "assistant", "content": content, "tool_calls": calls}]
    answered = ids if draw(st.integers(0, 5)) else ids[: draw(st.integers(0, count - 1))]
    messages += [
        {"role": "tool", "tool_call_id": call_id, "content": draw(results)}
        for call_id in draw(st.permutations(answered))
    ]
    return messages


@st.composite
def block_turns(draw: st.DrawFn, fresh: int) -> list[Message]:
    """The same in content blocks: all results are in one message, with a user's words or not."""
    count = draw(st.integers(1, 3))
    ids = [f"b{fresh}_{at}" for at in range(count)]
    blocks: list[Message] = [
        {"type": "tool_use", "id": call_id, "name": "search", "input": {"query": draw(texts)[:40]}}
        for call_id in ids
    ]
    if draw(st.booleans()):
        blocks.insert(0, {"type": "text", "text": draw(texts)})
    answers: list[Message] = [
        {"type": "tool_result", "tool_use_id": call_id, "content": draw(results)}
        for call_id in (ids if draw(st.integers(0, 5)) else ids[1:])
    ]
    if draw(st.integers(0, 3)) == 0:
        answers.append({"type": "text", "text": draw(texts)})
    messages: list[Message] = [{"role": "assistant", "content": blocks}]
    if answers:
        messages.append({"role": "user", "content": answers})
    return messages


# ---- what calls and results there are, read as plainly as can be


def calls_in(message: Message) -> list[str]:
    found = [call["id"] for call in message.get("tool_calls") or ()]
    return found + [part["id"] for part in _parts(message) if part.get("type") == "tool_use"]


def results_in(message: Message) -> list[str]:
    found = [message["tool_call_id"]] if message["role"] == "tool" else []
    parts = _parts(message)
    return found + [part["tool_use_id"] for part in parts if part.get("type") == "tool_result"]


def _parts(message: Message) -> list[Any]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def says_something(message: Message) -> bool:
    """A user message with content of its own."""
    if message["role"] != "user":
        return False
    content = message["content"]
    if isinstance(content, str):
        return bool(content.strip())
    return any(part["type"] != "tool_result" and part.get("text", "x").strip() for part in content)


def groups_by_id(messages: list[Message]) -> list[set[int]]:
    """Messages joined by the ids of calls, which are unique in what is generated here."""
    homes: dict[str, int] = {}
    groups: list[set[int]] = []
    for index, message in enumerate(messages):
        homes_here = {homes[name] for name in results_in(message) if name in homes}
        if homes_here:
            (home,) = homes_here
            groups[home].add(index)
        else:
            groups.append({index})
            home = len(groups) - 1
        for name in calls_in(message):
            homes[name] = home
    return groups


def orphans_of(messages: list[Message]) -> set[str]:
    """Results without a call before them, and calls without a result that are not at the end."""
    answered = {name for message in messages for name in results_in(message)}
    talk = [
        index
        for index, message in enumerate(messages)
        if not results_in(message) or any(part["type"] != "tool_result" for part in _parts(message))
    ]
    last = talk[-1] if talk else -1
    called: set[str] = set()
    orphans: set[str] = set()
    for index, message in enumerate(messages):
        orphans |= {name for name in results_in(message) if name not in called}
        names = calls_in(message)
        called.update(names)
        if index < last:
            orphans |= {name for name in names if name not in answered}
    return orphans
