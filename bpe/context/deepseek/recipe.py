"""v4-recipe and v4.1: what the package deepseek-recipe 0.2.0, by DeepSeek, makes of a request.

It is stricter than the encoder of v4.  Where calls and results do not pair, where there is no
message or an answer has no content, it refuses the request, and so do these formats.
"""

from __future__ import annotations

from typing import Final

from . import dsml
from . import markers as m
from .options import Options
from .reading import Turn, joined
from .segments import REPLY, TOOLS, Piece
from .v4 import EFFORT_MAX, PARAGRAPHS, Group, grouped, user_turns
from .wire import fail

_BEYOND: Final = (
    "Reasoning Effort: Beyond maximum — exhaustive, relentless, and uncompromising.\n"
    "You MUST reason with the utmost depth and rigor, leaving absolutely nothing to chance: "
    "exhaustively decompose the problem into its most fundamental components, trace every causal "
    "chain to its root, and resolve the underlying cause rather than any surface symptom.\n"
    "Do not stop reasoning until you have independently verified the solution from multiple angles "
    "and are certain that no assumption remains unchecked and no error remains undiscovered.\n\n"
)
_NUMBERED: Final = (
    "Reasoning Effort: {} (range 1-100, the higher the value, the more thorough the reasoning)\n\n"
)

# Efforts -> the paragraph at the front; an effort that is not here is "high", the default.
_V4_EFFORTS: Final = {"max": _BEYOND, "low": "", "minimal": ""}
_V4_1_EFFORTS: Final = {
    "max": _NUMBERED.format(100),
    "low": _NUMBERED.format(50),
    "minimal": _NUMBERED.format(50),
}


def render_v4_recipe(turns: list[Turn], options: Options) -> list[Piece]:
    """v4-recipe: all system messages at the front, and an answer is opened in any case.

    Thinking is on and effort "high" unless something else is said.  Thoughts of the past are left
    out unless there are tools or `drop_reasoning` is False; so are all thoughts of a finished
    answer, since another one begins after it.  An answer marked as a prefix is continued.  The
    calls of an answer are sorted by their ids, and their results with them.  A `tool_choice` other
    than "auto" and "none" opens the calls, if thinking is off.
    """
    _check(turns)
    thinking = _thinks(options)
    tools, given = _tools(turns, options)
    out: list[Piece] = [(m.BOS, True, None, REPLY)]
    if thinking:
        out.append((_V4_EFFORTS.get(options.effort or "high", EFFORT_MAX), False, None, REPLY))
    between = ""
    for turn in turns:
        if turn.role == "system":
            text = joined(turn, PARAGRAPHS, defined=True)
            if text:
                out.append((between, False, turn.index, "framing"))
                out.append((text, False, turn.index, "text"))
                between = PARAGRAPHS
    if tools:
        out.append((PARAGRAPHS, False, None, TOOLS))
        dsml.V4_RECIPE.tools(out, tools, None)
    others: list[Turn] = []
    for turn in turns:
        if turn.role == "user" and others and others[-1].role == "user":
            # Of users' turns that follow each other those without text leave no gap.
            if not joined(turn, PARAGRAPHS, defined=True):
                continue
            if not joined(others[-1], PARAGRAPHS, defined=True):
                others.pop()
        if turn.role != "system":
            turn.calls.sort(key=lambda call: str(call.id))
            others.append(turn)
    _conversation(out, others, options, dsml.V4_RECIPE, thinking=thinking, keep=given)
    return out


def render_v4_1(turns: list[Turn], options: Options) -> list[Piece]:
    """v4.1: as v4-recipe, but a system message has a marker of its own and stays where it is.

    Effort is a line of the first system message, which is made if there is none.
    """
    _check(turns)
    thinking = _thinks(options)
    tools, given = _tools(turns, options)
    out: list[Piece] = [(m.BOS, True, None, REPLY)]
    # A system message without text is none.
    turns = [
        turn for turn in turns if turn.role != "system" or joined(turn, PARAGRAPHS, defined=True)
    ]
    front = ""
    if thinking and (turns or tools):
        front = _V4_1_EFFORTS.get(options.effort or "high", _NUMBERED.format(75))
    first = turns[0] if turns and turns[0].role == "system" else None
    if first:
        out.append((m.SYSTEM, True, first.index, "framing"))
        out.append((front, False, None, REPLY))
        text = joined(first, PARAGRAPHS, defined=True) or ""
        out.append((text, False, first.index, "text"))
    elif front or tools:
        out.append((m.SYSTEM, True, None, REPLY))
        out.append((front, False, None, REPLY))
    if tools:
        out.append((PARAGRAPHS, False, None, TOOLS))
        dsml.V4_1.tools(out, tools, None)
    others = turns[1:] if first else turns
    # Of reminders that follow each other only the first is given.
    others = [
        turn
        for at, turn in enumerate(others)
        if turn.role != "latest_reminder" or not at or others[at - 1].role != turn.role
    ]
    _conversation(out, others, options, dsml.V4_1, thinking=thinking, keep=given)
    return out


def _thinks(options: Options) -> bool:
    return options.effort != "none" if options.thinking is None else options.thinking


def _tools(turns: list[Turn], options: Options) -> tuple[list[str], bool]:
    """The JSON of all definitions, those of messages included, and whether there are any."""
    texts, exact = dsml.schemas(options.tools, None, "tools", strict=True)
    for turn in turns:
        tools = turn.message.get("tools")
        if tools and not options.tools:
            path = f"{turn.path}.tools"
            found, known = dsml.schemas(tools, turn.index, path, strict=True)
            texts += found
            exact = exact and known
    if not exact and turns:
        turns[0].exact = False
    return texts, bool(texts)


def _conversation(
    out: list[Piece],
    turns: list[Turn],
    options: Options,
    dialect: dsml.Dialect,
    *,
    thinking: bool,
    keep: bool,
) -> None:
    """Everything after the front, and what opens the answer."""
    keep = keep or options.drop_reasoning is False
    opening = m.THINK if thinking else m.END_THINK
    items = grouped(turns)
    for item in items:
        index = item.index
        if isinstance(item, Group):
            user_turns(out, item, defined=True)
        elif item.role == "assistant":
            is_prefix = item is items[-1] and bool(item.message.get("prefix"))
            out.append((m.ASSISTANT, True, index, "framing"))
            text = joined(item, PARAGRAPHS, defined=True) or ""
            if thinking and (keep or is_prefix):
                out.append((m.THINK, True, index, "framing"))
                out.append((item.reasoning or "", False, index, "thinking"))
                if is_prefix and not text:
                    return  # the thought itself is continued
            out.append((m.END_THINK, True, index, "framing"))
            out.append((text, False, index, "text"))
            if item.calls:
                dialect.calls(out, item, dsml.strict_values)
            if is_prefix:
                return
            out.append((m.EOS, True, index, "framing"))
        else:
            marker = m.SYSTEM if item.role == "system" else m.REMINDER
            out.append((marker, True, index, "framing"))
            out.append((joined(item, PARAGRAPHS, defined=True) or "", False, index, "text"))
    out.append((m.ASSISTANT, True, None, REPLY))
    out.append((opening, True, None, REPLY))
    if options.must_call and not thinking:
        out.append(("\n\n<", False, None, REPLY))
        out.append((m.DSML, True, None, REPLY))
        out.append((f"{dialect.block}>\n", False, None, REPLY))


_ROLES: Final = frozenset(("system", "user", "assistant", "tool", "latest_reminder"))


def _check(turns: list[Turn]) -> None:
    """TokenCountError for what the package refuses, as far as it changes what is rendered."""
    if not turns:
        fail(None, "messages", "is empty: this format needs a message")
    missing: set[object] = set()
    asked: Turn | None = None
    for turn in turns:
        if turn.role not in _ROLES:
            fail(turn.index, f"{turn.path}.role", f"is no role of this format: {turn.role!r}")
        if missing and asked is not None and turn.role != "tool":
            _unanswered(asked, missing)
        if turn.role == "assistant":
            asked = turn if turn.calls else None
            missing = {call.id if isinstance(call.id, str) else "" for call in turn.calls}
            if turn.content is None and turn.blocks is None and not turn.calls:
                fail(turn.index, f"{turn.path}.content", "is None, and there are no tool_calls")
            if turn.message.get("prefix") and turn is not turns[-1]:
                problem = "is for the last message only"
                fail(turn.index, f"{turn.path}.prefix", problem)
        elif turn.content is None and turn.blocks is None:
            fail(turn.index, f"{turn.path}.content", "is None: this format has text there")
        if turn.role == "tool":
            call = turn.message.get("tool_call_id")
            if not isinstance(call, str) or call not in missing:
                path = f"{turn.path}.tool_call_id"
                fail(turn.index, path, f"answers no call of the message before: {call!r}")
            missing.discard(call)
    if missing and asked is not None:
        _unanswered(asked, missing)


def _unanswered(turn: Turn, missing: set[object]) -> None:
    names = ", ".join(sorted(repr(name) for name in missing))
    fail(turn.index, f"{turn.path}.tool_calls", f"must all be answered at once; not so: {names}")
