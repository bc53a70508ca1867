"""Seeded conversations of agents, in OpenAI's form, with facts in them that can be searched for.

Three kinds: `coding` (calls of tools, several at once, results as JSON, source and logs), `rag`
(chats with retrieved passages in the turns) and `prose` (long texts, a tool now and then).
spoiled.py makes any of them ugly.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import phrases

Message = dict[str, Any]
KINDS = ("coding", "rag", "prose")
FACTS = ("number", "path", "error", "decision")
# Which texts carry facts, and how often.
_FACTS_A_TEXT = 0.55
# How they are said: the fact, and two words.
_SAID = {
    "number": (
        "The limit of the {1} {2} is {0}.",
        "It took {0} for the {1}, twice what the {2} needs.",
        "At {0} the {1} gives up.",
    ),
    "path": (
        "The change belongs in {0}.",
        "That {1} is read from {0}, not from the {2}.",
        "See {0} for the {2}.",
    ),
    "error": (
        "It fails with {0}.",
        "The {1} ends with {0} whenever the {2} is full.",
        "Yesterday's run had {0} again.",
    ),
    "decision": (
        "Decision: we {0}.",
        "We agreed to {0} for now.",
        "Fine, let us {0} and see.",
        "After some discussion the {1} team will {0}.",
    ),
}
RAG_OPENS, RAG_CLOSES = "<memory>", "</memory>"


@dataclass(frozen=True)
class Fact:
    """`text` stands word for word in the message at `index`, and in no other."""

    kind: str
    text: str
    index: int


@dataclass(frozen=True)
class Conversation:
    """Messages, the definitions of tools they were made with, and the planted facts."""

    kind: str
    seed: int
    messages: list[Message]
    tools: list[dict[str, Any]]
    facts: list[Fact]


class _Writer:
    """Appends messages; plants facts in what it writes."""

    def __init__(self, rng: random.Random, script: str, length: float) -> None:
        self.rng = rng
        self.script = script
        self.length = length
        self.messages: list[Message] = []
        self.facts: list[Fact] = []
        self._calls = 0
        self._planted = 0

    def some(self, least: int, most: int) -> int:
        """How many sentences or lines."""
        return max(1, round(self.rng.randint(least, most) * self.length))

    def fact(self, kind: str) -> tuple[str, str]:
        """(what is searched for, the sentence that says it); neither has quotes or backslashes."""
        rng = self.rng
        self._planted += 1
        # All of one length, so that none is a part of another.
        number = 100_000 + self._planted * 1_000 + rng.randint(0, 999)
        one, other = phrases.word(rng), phrases.word(rng)
        if kind == "number":
            found = f"{number:,} {rng.choice(('ms', 'rows', 'EUR', 'requests'))}"
        elif kind == "path":
            found = phrases.path(rng).replace(".", f"_{number}.")
        elif kind == "error":
            found = f"{one.title()}Error: {other} {number} {rng.choice(('expired', 'lost'))}"
        else:
            found = f"keep the {one} {other} in store {number}"
        return found, rng.choice(_SAID[kind]).format(found, one, other)

    def plant(self, text: str, likely: float = _FACTS_A_TEXT) -> str:
        """The text, perhaps with a fact between two of its lines or sentences."""
        rng = self.rng
        if rng.random() >= likely:
            return text
        kind = rng.choice(FACTS)
        found, said = self.fact(kind)
        self.facts.append(Fact(kind, found, len(self.messages)))
        for joint in ("\n\n", "\n", ". "):
            if joint in text:
                parts = text.split(joint)
                parts.insert(rng.randint(1, len(parts)), said)
                return joint.join(parts)
        return f"{text} {said}" if text else said

    def say(self, role: str, text: str, likely: float = _FACTS_A_TEXT) -> None:
        # The fact's index is that of the message which is about to be appended.
        self.messages.append({"role": role, "content": self.plant(text, likely)})

    def call(self, results: list[tuple[str, dict[str, Any], str]], said: str | None) -> None:
        """An assistant's message with calls, and their results in any order."""
        calls = []
        for name, arguments, _ in results:
            self._calls += 1
            function = {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}
            calls.append({"id": f"call_{self._calls}", "type": "function", "function": function})
        self.messages.append({"role": "assistant", "content": said, "tool_calls": calls})
        answers = list(zip(calls, results, strict=True))
        if self.rng.random() < 0.3:
            self.rng.shuffle(answers)
        for call, (_, _, text) in answers:
            self.messages.append(
                {"role": "tool", "tool_call_id": call["id"], "content": self._result(text)}
            )

    def _result(self, text: str) -> str:
        if not text.startswith("{"):
            return self.plant(text)
        # JSON stays JSON: a fact becomes the value of a key.
        value = json.loads(text)
        if self.rng.random() < _FACTS_A_TEXT:
            kind = self.rng.choice(FACTS)
            found, said = self.fact(kind)
            self.facts.append(Fact(kind, found, len(self.messages)))
            value["message" if kind == "error" else "note"] = said
        return json.dumps(value, ensure_ascii=False)


# ---- tools


def tools(number: int = 8, seed: int = 0) -> list[dict[str, Any]]:
    """Definitions as agents have them, with long descriptions; the first eight are the callers'."""
    rng = random.Random(seed)
    names = [name for name, _ in _TOOLS]
    while len(names) < number:
        name = f"{phrases.identifier(rng)}_{len(names)}"
        names.append(name)
    known = dict(_TOOLS)
    return [_tool(name, known.get(name), rng) for name in names[:number]]


_TOOLS = (
    ("search_code", "Finds lines of the repository that match a pattern."),
    ("read_file", "Reads a file of the repository, or a range of its lines."),
    ("run_tests", "Runs the tests of a folder and returns the output."),
    ("edit_file", "Replaces a text in a file."),
    ("list_folder", "Lists a folder."),
    ("query_database", "Runs a query and returns its rows as JSON."),
    ("search_knowledge", "Finds passages of the knowledge base."),
    ("open_ticket", "Opens a ticket and returns its number."),
)


def _tool(name: str, about: str | None, rng: random.Random) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "query": {"type": "string", "description": f"What is wanted. {phrases.prose(rng, 2)}"},
        "limit": {"type": "integer", "description": f"How many. {phrases.sentence(rng)}"},
        "kind": {"type": "string", "enum": rng.sample(phrases.NOUNS, 3)},
    }
    for _ in range(rng.randint(0, 3)):
        properties[phrases.identifier(rng)] = {
            "type": "array",
            "items": {"type": "string"},
            "description": phrases.sentence(rng),
        }
    described = f"{about or phrases.sentence(rng)} {phrases.prose(rng, 4)}"
    parameters = {"type": "object", "properties": properties, "required": ["query"]}
    function = {"name": name, "description": described, "parameters": parameters}
    return {"type": "function", "function": function}


# ---- the three kinds


def _system(writer: _Writer, about: str, sentences: int) -> None:
    sections = [f"# {about}\n\n{phrases.prose(writer.rng, sentences)}"]
    sections += [
        f"## {title}\n\n{phrases.prose(writer.rng, max(1, sentences // 3), 'english')}"
        for title in ("Rules", "Style", "What the user likes")
    ]
    writer.say("system", "\n\n".join(sections), 0)


def _coding_turn(writer: _Writer) -> None:
    rng = writer.rng
    ask = f"Please fix {phrases.identifier(rng)} in {phrases.path(rng)}. "
    writer.say("user", ask + phrases.prose(rng, writer.some(1, 3), writer.script))
    for _ in range(rng.randint(1, 4)):
        _calls(writer)
    writer.say("assistant", phrases.prose(rng, writer.some(2, 6), writer.script))


def _calls(writer: _Writer) -> None:
    rng = writer.rng
    results = []
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        name = rng.choice(("search_code", "read_file", "run_tests", "query_database"))
        if name == "query_database":
            text = phrases.rows(rng, writer.some(1, 8), writer.script)
        elif name == "run_tests":
            text = phrases.log(rng, writer.some(3, 40))
        elif name == "read_file":
            text = phrases.code(rng, writer.some(8, 80))
        else:
            text = "\n".join(
                f"{phrases.path(rng)}:{rng.randint(1, 900)}: {phrases.identifier(rng)}"
                for _ in range(writer.some(1, 20))
            )
        results.append((name, {"query": phrases.path(rng), "limit": rng.randint(1, 99)}, text))
    writer.call(results, rng.choice((None, None, "", phrases.sentence(rng))))


def _rag_turn(writer: _Writer) -> None:
    rng = writer.rng
    passages = phrases.documents(rng, rng.randint(2, 4), writer.script)
    question = phrases.prose(rng, writer.some(1, 2), writer.script)
    if rng.random() < 0.75:
        # One mark around all of them, or one around each.
        blocks = passages if rng.random() < 0.5 else ["\n\n".join(passages)]
        marked = "\n".join(f"{RAG_OPENS}\n{block}\n{RAG_CLOSES}" for block in blocks)
        writer.say("user", f"{marked}\n\n{question}")
    else:
        writer.say("user", question)
        text = json.dumps({"status": "ok", "passages": passages}, ensure_ascii=False)
        writer.call([("search_knowledge", {"query": question[:60]}, text)], None)
    writer.say("assistant", phrases.prose(rng, writer.some(3, 8), writer.script))


def _prose_turn(writer: _Writer) -> None:
    rng = writer.rng
    writer.say("user", phrases.prose(rng, writer.some(2, 12), writer.script))
    if rng.random() < 0.1:
        text = phrases.rows(rng, 2, writer.script)
        writer.call([("open_ticket", {"query": phrases.word(rng)}, text)], None)
    writer.say("assistant", phrases.prose(rng, writer.some(6, 30), writer.script))


_TURNS: dict[str, Callable[[_Writer], None]] = {
    "coding": _coding_turn,
    "rag": _rag_turn,
    "prose": _prose_turn,
}


def conversation(
    kind: str,
    seed: int,
    *,
    messages: int | None = None,
    tokens: int | None = None,
    script: str | None = None,
    system: int = 9,
    tool_count: int = 8,
    length: float = 1.0,
    loop: int = 0,
) -> Conversation:
    """One of a kind, of at least so many messages or tokens (for gpt-4o), ended by a question.

    With `loop` the question is being worked on: so many rounds of calls and results follow it.

    `system`: sentences of the system prompt's first section, 0 for none.  `length`: how much longer
    than usual questions, answers and results are.
    """
    import bpe

    rng = random.Random(f"{kind} {seed}")
    chosen = script or rng.choices(phrases.SCRIPTS, (8, 1, 1, 1, 1, 1, 1))[0]
    writer = _Writer(rng, chosen, length)
    if system:
        _system(writer, f"You are the {kind} assistant of a company", system)
    counted = total = 0
    while True:
        # Each message stands for itself in this model's framing, so that sums are totals.
        total += bpe.count_messages(writer.messages[counted:], "gpt-4o") - 3
        counted = len(writer.messages)
        if counted >= (messages or 1) and total >= (tokens or 0):
            break
        _TURNS[kind](writer)
    if messages is not None:
        _cut(writer, messages)
    else:
        writer.say("user", phrases.prose(rng, 2, chosen), 0)
    for _ in range(loop):
        _calls(writer)
    return Conversation(kind, seed, writer.messages, tools(tool_count), writer.facts)


def _cut(writer: _Writer, number: int) -> None:
    """Exactly so many messages, the last one a question; calls that lose results go as well."""
    kept = writer.messages[: number - 1]
    while kept and (kept[-1]["role"] == "tool" or "tool_calls" in kept[-1]):
        kept.pop()
    writer.facts[:] = [fact for fact in writer.facts if fact.index < len(kept)]
    writer.messages[:] = kept
    while len(writer.messages) < number:
        role = "assistant" if (number - len(writer.messages)) % 2 == 0 else "user"
        writer.say(role, phrases.prose(writer.rng, 2, writer.script), 0)


# ---- what is searched


def text_of(message: Message) -> str:
    """All the text of a message: content, parts, arguments of calls."""
    found: list[str] = []
    content = message.get("content")
    if isinstance(content, str):
        found.append(content)
    elif isinstance(content, list):
        # Parts are cuts of one text.
        found.append("".join(_part_text(part) for part in content))
    found.extend(call["function"]["arguments"] for call in message.get("tool_calls") or ())
    return "\n".join(found)


def _part_text(part: Any) -> str:
    if not isinstance(part, dict):
        return str(part)
    inner = part.get("text") or part.get("content") or ""
    return inner if isinstance(inner, str) else "".join(_part_text(value) for value in inner)


def kept_facts(facts: list[Fact], messages: list[Message]) -> set[Fact]:
    """Those whose text stands anywhere in the messages."""
    text = "\n".join(text_of(message) for message in messages)
    return {fact for fact in facts if fact.text in text}
