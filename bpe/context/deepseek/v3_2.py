"""v3.2 and v3.2-dense: the encoder that was published with DeepSeek-V3.2."""

from __future__ import annotations

from collections.abc import Sequence

from . import dsml
from . import markers as m
from .options import Options
from .reading import Turn, joined
from .segments import REPLY, Piece
from .wire import fail, to_json

# Servers that must make one str of several text parts put each on its own line.
LINES = "\n"

_KEPT = frozenset(("user", "system", "tool"))


def render_v3_2(
    turns: list[Turn], options: Options, *, dialect: dsml.Dialect = dsml.V3_2
) -> list[Piece]:
    """A last user's turn or result opens the answer; there is no `add_generation_prompt`.

    Thoughts are kept only after the last user's turn, and there an answer must have some (or
    calls) when thinking is on.  The encoder refuses results that answer no call and arguments that
    are no JSON object; here they are counted, and the count is not exact.
    """
    thinking = bool(options.thinking)
    place_tools(turns, options)
    last_user = last_of(turns, ("user", "developer"))
    if thinking and options.drop_reasoning is not False:
        # Only an answer before the last user's turn loses something, and that is never shown.
        turns = [
            turn
            for at, turn in enumerate(turns)
            if at >= last_user or turn.role in _KEPT or turn.role == "assistant"
        ]
        last_user = last_of(turns, ("user", "developer"))
    out: list[Piece] = [(m.BOS, True, None, REPLY)]
    last = len(turns) - 1
    expected = given = 0
    for at, turn in enumerate(turns):
        index = turn.index
        role = turn.role
        if role in ("user", "developer"):
            out.append((m.USER, True, index, "framing"))
            if role == "user":
                out.append((_shown(turn), False, index, "text"))
            else:
                _developer(out, turn, options, dialect)
            owner, kind = (None, REPLY) if at == last else (index, "framing")
            if at < last and turns[at + 1].role == "assistant":
                owner = turns[at + 1].index
            thought = m.THINK if thinking and at == last_user else m.END_THINK
            out.append((m.ASSISTANT, True, owner, kind))
            out.append((thought, True, owner, kind))
        elif role == "assistant":
            if thinking and at > last_user:
                if not (turn.reasoning or turn.calls):
                    problem = "has neither reasoning_content nor tool_calls, and thinking is on"
                    fail(index, turn.path, problem)
                out.append((turn.reasoning or "", False, index, "thinking"))
                out.append((m.END_THINK, True, index, "framing"))
            out.append((joined(turn, LINES, defined=False) or "", False, index, "text"))
            if turn.calls:
                dialect.calls(out, turn, dsml.object_values)
            out.append((m.EOS, True, index, "framing"))
        elif role == "tool":
            if at == 0 or turns[at - 1].role != "tool":
                given = 0
                before = turns[at - 1] if at else None
                expected = len(before.calls) if before and before.role == "assistant" else 0
            given += 1
            closes = given == expected
            if given > expected:
                turn.exact = False
                closes = at == last or turns[at + 1].role != "tool"
            if given == 1 or given == expected + 1:
                out.append(("\n\n<function_results>", False, index, "tool_result"))
            out.append(("\n<result>", False, index, "tool_result"))
            out.append((_shown(turn), False, index, "tool_result"))
            out.append(("</result>", False, index, "tool_result"))
            if closes:
                owner, kind = (None, REPLY) if at == last else (index, "framing")
                out.append(("\n</function_results>\n\n", False, index, "tool_result"))
                thought = m.THINK if thinking and at >= last_user else m.END_THINK
                out.append((thought, True, owner, kind))
        elif role == "system":
            out.append((joined(turn, LINES, defined=False) or "", False, index, "text"))
            message_extras(out, turn, options, dialect)
        else:
            fail(index, f"{turn.path}.role", f"is no role of this format: {role!r}")
    return out


def render_v3_2_dense(turns: list[Turn], options: Options) -> list[Piece]:
    """v3.2 with the definitions of tools as some copies have them, without blank lines."""
    return render_v3_2(turns, options, dialect=dsml.V3_2_DENSE)


def place_tools(turns: list[Turn], options: Options) -> None:
    """Puts the request's tools into the first turn, if that is a system message.

    They take the place of tools that it holds already.  Otherwise an empty system message with
    them comes before all others.
    """
    if not options.tools:
        return
    if turns and turns[0].role == "system":
        turns[0].message = {**turns[0].message, "tools": options.tools}
    else:
        turns.insert(0, Turn(-1, "system", None, {"tools": options.tools}))


def message_extras(out: list[Piece], turn: Turn, options: Options, dialect: dsml.Dialect) -> None:
    """Definitions of tools and the response format, as a message may hold them itself."""
    tools = turn.message.get("tools")
    if tools:
        if tools is options.tools:
            texts, exact = dsml.schemas(tools, None, "tools")
        else:
            texts, exact = dsml.schemas(tools, turn.index, f"{turn.path}.tools")
        turn.exact = turn.exact and exact
        out.append(("\n\n", False, turn.index, "tools"))
        dialect.tools(out, texts, turn.index)
    response_format = turn.message.get("response_format")
    if response_format:
        schema = to_json(response_format, turn.index, f"{turn.path}.response_format")
        told = (
            "\n\n## Response Format:\n\nYou MUST strictly adhere to the following schema to reply:"
        )
        out.append((f"{told}\n{schema}", False, turn.index, "text"))


def last_of(turns: Sequence[Turn], roles: tuple[str, ...]) -> int:
    """The place of the last turn with one of these roles, -1 if there is none."""
    for at in range(len(turns) - 1, -1, -1):
        if turns[at].role in roles:
            return at
    return -1


def _shown(turn: Turn) -> str:
    # The encoder formats whatever is there, so null and absent content reads "None".
    content = joined(turn, LINES, defined=False)
    return "None" if content is None else content


def _developer(out: list[Piece], turn: Turn, options: Options, dialect: dsml.Dialect) -> None:
    content = joined(turn, LINES, defined=False)
    if not content:
        fail(turn.index, f"{turn.path}.content", "is empty: a developer message must have text")
    message_extras(out, turn, options, dialect)
    out.append(("\n\n# The user's message is: ", False, turn.index, "framing"))
    out.append((content, False, turn.index, "text"))
