"""Step 7: a model writes what older messages said, into one message after the system messages.

The summary is rolling: the message of an earlier call is known by its mark and is given to the
model with what came after it.  The newest messages that fit beside it stay as they are.  Whatever
goes wrong, the history is compacted without a model (step 6).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..messages import as_mapping, compact_json
from ..shorten import shorten_text
from .history import History, old_budget
from .slots import role_of, slots_of, text_of
from .state import SUMMARY_MARK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any, TypeAlias

    from .state import State

    # Asks for a summary of a prompt, and is answered with it, or with what was raised.
    Summaries: TypeAlias = Generator["Ask", "str | Exception", bool]

__all__ = ["Ask", "Summary", "is_summary"]

# Below so many tokens no summary is worth asking for.
_LEAST = 16


@dataclass(frozen=True, slots=True)
class Ask:
    """What a summariser is asked: a complete prompt, and the tokens that the answer may have."""

    prompt: str
    max_tokens: int


class Summary:
    """Replaces old messages by a summary, if there is a summariser."""

    name = "summary"

    def __call__(self, state: State) -> None:
        """Without anybody to ask: what is done when a summary fails."""
        if state.summarised:
            History().compact(state)

    def asking(self, state: State) -> Summaries:
        """Yields what is to be asked, returns whether the summary is in place."""
        if not (state.history_pressed or state.total > state.limit):
            return True
        groups, stays = state.groups()
        old = [group for group, stay in zip(groups, stays, strict=True) if not stay]
        if not old:
            return True
        budget = old_budget(state, sum(state.tokens[at] for group in old for at in group.indices))
        frame = state.count(_message(state, ""))
        most = min(state.config.max_summary_tokens, budget - frame)
        if most < _LEAST:
            state.notes = f"no room for a summary beside what stays: {max(0, most)} tokens"
            return False
        left = budget - frame - most
        while old:
            tokens = sum(state.tokens[at] for at in old[-1].indices)
            if tokens > left or is_summary(state.messages[old[-1].indices[0]]):
                break
            left -= tokens
            old.pop()
        if not old:
            return True
        going = sorted(at for group in old for at in group.indices)
        summary = ""
        for part in _parts(state, going, most):
            text = f"{summary}\n\n{part}" if summary else part
            answer = yield Ask(state.render("summary", text=text, max_tokens=most), most)
            if not isinstance(answer, str) or not answer.strip():
                state.notes = f"the summariser failed: {_told(answer)}"
                return False
            summary = shorten_text(answer.strip(), most, state.framing.counter)
        return self._put(state, going, summary)

    def _put(self, state: State, going: list[int], summary: str) -> bool:
        message = _message(state, summary)
        if state.count(message) >= sum(state.tokens[at] for at in going):
            state.notes = "the summary is no shorter than what it stands for"
            return False
        state.keep(dict.fromkeys(going))
        state.insert(state.after_system(), message)
        return True


def is_summary(message: object) -> bool:
    """Whether it is the message that an earlier summary was put into."""
    return role_of(message) == "user" and text_of(message).startswith(SUMMARY_MARK)


def _message(state: State, summary: str) -> dict[str, str]:
    """A user message: what people and tools have said does not become an instruction."""
    text = state.render("summary_message", summary=summary)
    return {"role": "user", "content": f"{SUMMARY_MARK}\n{text}"}


def _told(answer: object) -> str:
    if isinstance(answer, Exception):
        return f"{type(answer).__name__}: {answer}"
    return "it answered nothing" if isinstance(answer, str) else f"it gave {type(answer).__name__}"


def _parts(state: State, going: list[int], most: int) -> Iterator[str]:
    """What is to be summarised, in as many parts as the prompt budget needs; each fits in it."""
    room = max(
        _LEAST,
        state.limit
        - 2 * most
        - state.count_text(state.render("summary", text="", max_tokens=most)),
    )
    held: list[str] = []
    tokens = 0
    for at in going:
        text = _told_by(state.messages[at])
        own = state.count_text(text)
        if own > room:
            text = shorten_text(text, room, state.framing.counter)
            own = room
        if held and tokens + own > room:
            yield "\n\n".join(held)
            held, tokens = [], 0
        held.append(text)
        tokens += own + 1
    if held:
        yield "\n\n".join(held)


def _told_by(message: Any) -> str:
    """A message as a reader sees it: who, what was said, what was called."""
    if is_summary(message):
        return text_of(message)[len(SUMMARY_MARK) :].strip()
    lines = [f"{role_of(message)}: " + "\n".join(slot.text for slot in slots_of(message))]
    fields = as_mapping(message) or {}
    calls = [fields.get("function_call"), fields if fields.get("role") is None else None]
    for key in ("tool_calls", "content"):
        found = fields.get(key)
        if isinstance(found, (list, tuple)):
            calls += found
    for each in calls:
        call = as_mapping(each) or {}
        call = as_mapping(call.get("function")) or as_mapping(call.get("custom")) or call
        if isinstance(call.get("name"), str):
            given = call.get("arguments", call.get("input", ""))
            text = given if isinstance(given, str) else compact_json(given, ("arguments",))
            lines.append(f"(calls {call['name']}: {text})")
    return "\n".join(lines)
