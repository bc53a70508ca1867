"""The formats of DeepSeek's chat templates: v3, v3-2412, r1, r1-0528, v3.1 and v3.1-terminus.

All of them gather the system messages at the front, ignore definitions of tools and
`reasoning_content`, and pass over messages of other roles.  What looks odd below is so in the
templates that were published; the vectors in tests/context/deepseek hold it fast.

Here content that is None (or absent) is an error wherever the templates fail on it.  An empty list
of calls counts as none.  Arguments that are no str are written as JSON, as the copies of the
templates do that allow it.
"""

from __future__ import annotations

from . import markers as m
from .options import Options
from .reading import Call, Turn, joined
from .segments import REPLY, Piece
from .wire import fail, to_json

# Servers that must make one str of several text parts put each on its own line.
LINES = "\n"


def render_v3(turns: list[Turn], options: Options, *, cut: bool = False) -> list[Piece]:
    """v3, and with `cut` (thoughts of the past left out) r1-0528.

    The marker of the answer belongs to the user's turn, so there it is no matter of
    `add_generation_prompt`.
    """
    out, turns = _opened(turns)
    open_results = False
    first_result = True
    asked = False
    for at, turn in enumerate(turns):
        index = turn.index
        if turn.role == "user":
            open_results = False
            asked = True
            out.append((m.USER, True, index, "framing"))
            out.append((_content(turn), False, index, "text"))
            out.append((m.ASSISTANT, True, *_owner_of_opening(turns, at)))
        elif turn.role == "assistant":
            asked = False
            if open_results:
                out.append((m.OUTPUTS_END, True, index, "framing"))
            content = _content(turn) if cut or not turn.calls else _optional(turn)
            if cut:
                content = content.rpartition(m.END_THINK)[2]
            out.append((content, False, index, "text"))
            open_results = False
            if turn.calls:
                first_result = True
                _fenced_calls(out, turn, begin=True)
                out.append((m.CALLS_END, True, index, "tool_call"))
            out.append((m.EOS, True, index, "framing"))
        elif turn.role == "tool":
            asked = False
            open_results = True
            _result(out, turn, begin=first_result, between=LINES)
            first_result = False
    if open_results:
        out.append((m.OUTPUTS_END, True, None, REPLY))
    elif options.add_generation_prompt and not asked:
        out.append((m.ASSISTANT, True, None, REPLY))
    return out


def render_r1_0528(turns: list[Turn], options: Options) -> list[Piece]:
    """v3, where thoughts of the past are cut, and an answer must have content."""
    return render_v3(turns, options, cut=True)


def render_r1(turns: list[Turn], options: Options) -> list[Piece]:
    """r1: the answer's marker comes with the answer, which then begins with a thought.

    Whether a call or result is the first is asked once in a conversation: later ones get no
    marker before them.
    """
    out, turns = _opened(turns)
    open_results = False
    first_call = first_result = True
    for turn in turns:
        index = turn.index
        if turn.role == "user":
            open_results = False
            out.append((m.USER, True, index, "framing"))
            out.append((_content(turn), False, index, "text"))
        elif turn.role == "assistant" and turn.calls:
            open_results = False
            if first_call:
                out.append((m.ASSISTANT, True, index, "framing"))
                out.append((_optional(turn), False, index, "text"))
            _fenced_calls(out, turn, begin=first_call)
            first_call = False
            out.append((m.CALLS_END, True, index, "tool_call"))
            out.append((m.EOS, True, index, "framing"))
        elif turn.role == "assistant":
            content = _content(turn)
            if open_results:
                out.append((m.OUTPUTS_END, True, index, "framing"))
                open_results = False
            else:
                out.append((m.ASSISTANT, True, index, "framing"))
                content = content.rpartition(m.END_THINK)[2]
            out.append((content, False, index, "text"))
            out.append((m.EOS, True, index, "framing"))
        elif turn.role == "tool":
            open_results = True
            _result(out, turn, begin=first_result, between="")
            first_result = False
    if open_results:
        out.append((m.OUTPUTS_END, True, None, REPLY))
    elif options.add_generation_prompt:
        out.append((m.ASSISTANT, True, None, REPLY))
        out.append((m.THINK, True, None, REPLY))
        out.append(("\n", False, None, REPLY))
    return out


def render_v3_2412(turns: list[Turn], options: Options) -> list[Piece]:
    """v3-2412: calls only of an answer without content, and a lone call is not closed.

    An answer with neither content nor calls is nothing at all.
    """
    out, turns = _opened(turns)
    open_results = False
    first_call = first_result = True
    for turn in turns:
        index = turn.index
        if turn.role == "user":
            open_results = False
            out.append((m.USER, True, index, "framing"))
            out.append((_content(turn), False, index, "text"))
        elif turn.role == "assistant":
            content = joined(turn, LINES, defined=False)
            if content is None:
                open_results = False
                for call in turn.calls:
                    if first_call:
                        out.append((m.ASSISTANT, True, index, "framing"))
                        out.append((m.CALLS_BEGIN, True, index, "tool_call"))
                        _fenced(out, turn, call, "")
                    else:
                        _fenced(out, turn, call, "\n")
                        out.append((m.CALLS_END, True, index, "tool_call"))
                        out.append((m.EOS, True, index, "framing"))
                    first_call = False
                continue
            marker = m.OUTPUTS_END if open_results else m.ASSISTANT
            open_results = False
            out.append((marker, True, index, "framing"))
            out.append((content, False, index, "text"))
            out.append((m.EOS, True, index, "framing"))
        elif turn.role == "tool":
            open_results = True
            _result(out, turn, begin=first_result, between=LINES)
            first_result = False
    if open_results:
        out.append((m.OUTPUTS_END, True, None, REPLY))
    elif options.add_generation_prompt:
        out.append((m.ASSISTANT, True, None, REPLY))
    return out


def render_v3_1(turns: list[Turn], options: Options, *, terminus: bool = False) -> list[Piece]:
    """v3.1, and with `terminus` v3.1-terminus.

    An answer begins with a thought or with the end of one.  It is opened after a user's turn, and
    with `terminus` also after others, unless an answer is marked as a prefix to be continued.
    """
    only_system = terminus and any(turn.role == "system" for turn in turns)
    out, turns = _opened(turns)
    after_results = asked = prefix = False
    opening = m.THINK if options.thinking else m.END_THINK
    for turn in turns:
        index = turn.index
        if turn.role == "user":
            after_results = False
            asked = True
            out.append((m.USER, True, index, "framing"))
            out.append((_content(turn), False, index, "text"))
        elif turn.role == "assistant":
            is_prefix = not turn.calls and bool(turn.message.get("prefix"))
            if asked or (only_system and turn.calls):
                out.append((m.ASSISTANT, True, index, "framing"))
                thought = opening if is_prefix else m.END_THINK
                out.append((thought, True, index, "framing"))
            asked = False
            prefix = prefix or is_prefix
            content = _optional(turn) if turn.calls else _content(turn)
            if not turn.calls and not after_results and m.END_THINK in content:
                content = content.partition(m.END_THINK)[2]
            after_results = False
            out.append((content, False, index, "text"))
            if turn.calls:
                out.append((m.CALLS_BEGIN, True, index, "tool_call"))
                for call in turn.calls:
                    out.append((m.CALL_BEGIN, True, index, "tool_call"))
                    out.append((call.name, False, index, "tool_call"))
                    out.append((m.SEP, True, index, "tool_call"))
                    out.append((_arguments(turn, call), False, index, "tool_call"))
                    out.append((m.CALL_END, True, index, "tool_call"))
                out.append((m.CALLS_END, True, index, "tool_call"))
            out.append((m.EOS, True, index, "framing"))
        elif turn.role == "tool":
            asked = False
            after_results = True
            out.append((m.OUTPUT_BEGIN, True, index, "tool_result"))
            out.append((_content(turn), False, index, "tool_result"))
            out.append((m.OUTPUT_END, True, index, "tool_result"))
        only_system = False
    opens = (asked or only_system or not prefix) if terminus else asked
    if options.add_generation_prompt and opens and not after_results:
        out.append((m.ASSISTANT, True, None, REPLY))
        out.append((opening, True, None, REPLY))
    return out


def render_v3_1_terminus(turns: list[Turn], options: Options) -> list[Piece]:
    """v3.1, where an answer is also opened after a system message, an answer, or nothing."""
    return render_v3_1(turns, options, terminus=True)


def _opened(turns: list[Turn]) -> tuple[list[Piece], list[Turn]]:
    """The first token and all system text; the other turns."""
    out: list[Piece] = [(m.BOS, True, None, REPLY)]
    others: list[Turn] = []
    between = ""
    for turn in turns:
        if turn.role != "system":
            others.append(turn)
            continue
        out.append((between, False, turn.index, "framing"))
        out.append((_content(turn), False, turn.index, "text"))
        between = "\n\n"
    return out, others


def _owner_of_opening(turns: list[Turn], at: int) -> tuple[int | None, str]:
    """What opens an answer belongs to that answer, to the reply, or else to who asked."""
    if at + 1 == len(turns):
        return None, REPLY
    after = turns[at + 1]
    return (after if after.role == "assistant" else turns[at]).index, "framing"


def _content(turn: Turn) -> str:
    content = joined(turn, LINES, defined=False)
    if content is None:
        is_null = "content" in turn.message
        problem = "is None: this format has text there" if is_null else "is missing"
        fail(turn.index, f"{turn.path}.content", problem)
    return content


def _optional(turn: Turn) -> str:
    return joined(turn, LINES, defined=False) or ""


def _arguments(turn: Turn, call: Call) -> str:
    if isinstance(call.arguments, str):
        return call.arguments
    turn.exact = False
    return to_json(call.arguments, turn.index, call.path)


def _fenced_calls(out: list[Piece], turn: Turn, *, begin: bool) -> None:
    if begin:
        out.append((m.CALLS_BEGIN, True, turn.index, "tool_call"))
    for call in turn.calls:
        _fenced(out, turn, call, "" if begin else "\n")
        begin = False


def _fenced(out: list[Piece], turn: Turn, call: Call, before: str) -> None:
    """A call, its arguments in a fence of JSON."""
    index = turn.index
    body = f"{call.name}\n```json\n{_arguments(turn, call)}\n```"
    out.append((before, False, index, "tool_call"))
    out.append((m.CALL_BEGIN, True, index, "tool_call"))
    out.append((call.type, False, index, "tool_call"))
    out.append((m.SEP, True, index, "tool_call"))
    out.append((body, False, index, "tool_call"))
    out.append((m.CALL_END, True, index, "tool_call"))


def _result(out: list[Piece], turn: Turn, *, begin: bool, between: str) -> None:
    index = turn.index
    if begin:
        out.append((m.OUTPUTS_BEGIN, True, index, "tool_result"))
    else:
        out.append((between, False, index, "tool_result"))
    out.append((m.OUTPUT_BEGIN, True, index, "tool_result"))
    out.append((_content(turn), False, index, "tool_result"))
    out.append((m.OUTPUT_END, True, index, "tool_result"))
