"""Conversations made ugly: orphans, duplicates, empty and giant messages, nested parts."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable

import phrases
from conversations import KINDS, Conversation, Fact, Message, conversation, text_of


def spoiled(made: Conversation, seed: int) -> Conversation:
    """A copy in which some things are as real logs have them, and no API would take all of them.

    Indices of facts stay those of the messages that hold them.
    """
    rng = random.Random(f"ugly {seed}")
    tagged: list[tuple[int | None, Message]] = [
        (index, copy.deepcopy(message)) for index, message in enumerate(made.messages)
    ]
    for spoil in rng.sample(_SPOILS, rng.randint(1, 4)):
        spoil(tagged, rng)
    places = {old: new for new, (old, _) in enumerate(tagged) if old is not None}
    messages = [message for _, message in tagged]
    facts = [
        Fact(fact.kind, fact.text, places[fact.index])
        for fact in made.facts
        if fact.index in places and fact.text in text_of(messages[places[fact.index]])
    ]
    return Conversation(made.kind, made.seed, messages, made.tools, facts)


_Tagged = list[tuple[int | None, Message]]


def _place(tagged: _Tagged, rng: random.Random) -> int:
    return rng.randint(0, len(tagged))


def _orphan_result(tagged: _Tagged, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 3)):
        message = {"role": "tool", "tool_call_id": f"lost_{rng.randint(1, 99)}", "content": "42"}
        tagged.insert(_place(tagged, rng), (None, message))


def _lost_results(tagged: _Tagged, rng: random.Random) -> None:
    found = [at for at, (_, message) in enumerate(tagged) if message["role"] == "tool"]
    for at in sorted(rng.sample(found, min(len(found), 2)), reverse=True):
        del tagged[at]


def _duplicates(tagged: _Tagged, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 4)):
        _, message = rng.choice(tagged)
        if message["role"] in ("user", "assistant") and "tool_calls" not in message:
            tagged.insert(_place(tagged, rng), (None, message))


def _empty(tagged: _Tagged, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 3)):
        content = rng.choice(("", " ", "\n\n"))
        message = {"role": rng.choice(("user", "assistant")), "content": content}
        tagged.insert(_place(tagged, rng), (None, message))


def _giant(tagged: _Tagged, rng: random.Random) -> None:
    text = rng.choice((phrases.log, phrases.code))(rng, rng.randint(150, 600))
    role = rng.choice(("user", "assistant"))
    tagged.insert(_place(tagged, rng), (None, {"role": role, "content": text}))


def _parts(tagged: _Tagged, rng: random.Random) -> None:
    for _, message in tagged:
        content = message.get("content")
        if isinstance(content, str) and content and rng.random() < 0.3:
            half = len(content) // 2
            message["content"] = [{"type": "text", "text": content}]
            if rng.random() < 0.5:
                message["content"] = [
                    {"type": "text", "text": content[:half]},
                    {"type": "text", "text": content[half:]},
                ]


def _systems(tagged: _Tagged, rng: random.Random) -> None:
    message = {"role": rng.choice(("system", "developer")), "content": phrases.prose(rng, 2)}
    tagged.insert(_place(tagged, rng), (None, message))


def _pending(tagged: _Tagged, rng: random.Random) -> None:
    function = {"name": "read_file", "arguments": json.dumps({"query": phrases.path(rng)})}
    call = {"id": "call_pending", "type": "function", "function": function}
    tagged.append((None, {"role": "assistant", "content": None, "tool_calls": [call]}))


def _headless(tagged: _Tagged, rng: random.Random) -> None:
    """The start was lost: no system prompt, and perhaps in the middle of a turn."""
    if len(tagged) > 8:
        del tagged[: rng.randint(1, len(tagged) // 4)]


_SPOILS: tuple[Callable[[_Tagged, random.Random], None], ...] = (
    _orphan_result,
    _lost_results,
    _duplicates,
    _empty,
    _giant,
    _parts,
    _systems,
    _pending,
    _headless,
)


def generated(seed: int) -> Conversation:
    """One of any kind, of 4 to 60 messages and often calls after the last; every other one ugly."""
    rng = random.Random(f"any {seed}")
    kind = rng.choices(KINDS, (3, 1, 1))[0]
    system, loop = rng.choice((0, 2, 9)), rng.choice((0, 0, 1, 2, 5))
    made = conversation(kind, seed, messages=rng.randint(4, 60), system=system, loop=loop)
    return spoiled(made, seed) if seed % 2 else made
