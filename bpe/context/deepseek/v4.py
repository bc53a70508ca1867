"""v4: the encoder that was published with DeepSeek-V4."""

from __future__ import annotations

from typing import Final

from ...arguments import shown
from . import dsml
from . import markers as m
from .options import Options
from .reading import Turn, joined
from .segments import REPLY, Piece
from .v3_2 import message_extras, place_tools
from .wire import fail

# What parts of a message stand apart by.
PARAGRAPHS: Final = "\n\n"

EFFORT_MAX: Final = (
    "Reasoning Effort: Absolute maximum with no shortcuts permitted.\n"
    "You MUST be very thorough in your thinking and comprehensively decompose the problem to "
    "resolve the root cause, rigorously stress-testing your logic against all potential paths, "
    "edge cases, and adversarial scenarios.\n"
    "Explicitly write out your entire deliberation process, documenting every intermediate step, "
    "considered alternative, and rejected hypothesis to ensure absolutely no assumption is left "
    "unchecked.\n\n"
)

_KEPT = frozenset(("user", "system", "latest_reminder", "direct_search_results"))


class Group:
    """Users' turns and results that follow each other: together they are one user's turn."""

    __slots__ = ("index", "role", "task", "turns")

    def __init__(self, turn: Turn) -> None:
        self.index = turn.index
        self.role = "user"
        # Only the turn that opens the group can have a task.
        self.task = turn.message.get("task") if turn.role == "user" else None
        self.turns = [turn]


def render_v4(turns: list[Turn], options: Options) -> list[Piece]:
    """A last user's turn or result opens the answer; there is no `add_generation_prompt`.

    With thinking on, thoughts before the last user's turn (or result) are left out, unless there
    are tools or `drop_reasoning` is False.  Effort "max" puts a paragraph at the front.  A
    message's `task`, `wo_eos`, `tools` and `response_format` are honoured.
    """
    thinking = bool(options.thinking)
    place_tools(turns, options)
    drop = options.drop_reasoning is not False and not any(
        turn.message.get("tools") for turn in turns
    )
    items = grouped(turns)
    last_user = _last_user(items)
    if thinking and drop:
        items = [
            item
            for at, item in enumerate(items)
            if at >= last_user or item.role in _KEPT or item.role == "assistant"
        ]
        last_user = _last_user(items)
    out: list[Piece] = [(m.BOS, True, None, REPLY)]
    if items and thinking and options.effort == "max":
        out.append((EFFORT_MAX, False, None, REPLY))
    task: object = None
    last = len(items) - 1
    for at, item in enumerate(items):
        kept = not drop or at > last_user
        if isinstance(item, Group):
            user_turns(out, item)
        elif item.role == "assistant":
            _answer(out, item, thought=thinking and kept and task is None)
        else:
            _other(out, item, options)
        task = item.task if isinstance(item, Group) else item.message.get("task")
        after = items[at + 1] if at < last else None
        if after is not None and after.role not in ("assistant", "latest_reminder"):
            continue
        owner, kind = (item.index, "framing") if at < last else (None, REPLY)
        if after is not None and after.role == "assistant":
            owner = after.index
        opening = m.END_THINK
        if thinking and (not drop or at >= last_user):
            opening = m.THINK
        if task is not None:
            if not isinstance(task, str) or task not in m.TASKS:
                known = ", ".join(m.TASKS)
                fail(
                    item.index, f"messages[{item.index}].task", f"is none of {known}: {shown(task)}"
                )
            if task == "action":
                out.append((m.ASSISTANT, True, owner, kind))
                out.append((m.THINK if thinking else m.END_THINK, True, owner, kind))
            out.append((m.TASKS[task], True, owner, kind))
        elif item.role in ("user", "developer"):
            out.append((m.ASSISTANT, True, owner, kind))
            out.append((opening, True, owner, kind))
    return out


def _last_user(items: list[Turn | Group]) -> int:
    for at in range(len(items) - 1, -1, -1):
        if items[at].role in ("user", "developer"):
            return at
    return -1


def grouped(turns: list[Turn]) -> list[Turn | Group]:
    """The turns, with those of users and results gathered, results in the order of their calls."""
    items: list[Turn | Group] = []
    order: dict[str, int] = {}
    group: Group | None = None
    for turn in turns:
        if turn.role in ("user", "tool"):
            if group is not None and (turn.role == "tool" or group.task is None):
                group.turns.append(turn)
            else:
                group = Group(turn)
                items.append(group)
            continue
        if group is not None:
            _sort_results(group, order)
            group = None
        if turn.role == "assistant" and turn.calls:
            order = {
                call.id: at
                for at, call in enumerate(turn.calls)
                if isinstance(call.id, str) and call.id
            }
        items.append(turn)
    if group is not None:
        _sort_results(group, order)
    return items


def _sort_results(group: Group, order: dict[str, int]) -> None:
    places = [at for at, turn in enumerate(group.turns) if turn.role == "tool"]
    if len(places) < 2 or not order:
        return

    def place(turn: Turn) -> int:
        # A result of no known call goes first, as it does in the encoder.
        call = turn.message.get("tool_call_id")
        return order.get(call, 0) if isinstance(call, str) else 0

    results = sorted((group.turns[at] for at in places), key=place)
    for at, result in zip(places, results, strict=True):
        group.turns[at] = result


def user_turns(out: list[Piece], group: Group, *, defined: bool = False) -> None:
    """A user's turn; `defined` says that the format joins the parts of its content itself."""
    out.append((m.USER, True, group.turns[0].index, "framing"))
    between = ""
    for turn in group.turns:
        index = turn.index
        content = joined(turn, PARAGRAPHS, defined=defined or turn.role == "tool")
        if turn.role == "tool":
            # The encoder formats null as it is, and takes absent content as empty.
            if content is None:
                content = "None" if "content" in turn.message else ""
            out.append((f"{between}<tool_result>", False, index, "tool_result"))
            out.append((content, False, index, "tool_result"))
            out.append(("</tool_result>", False, index, "tool_result"))
        elif content is None and "content" in turn.message:
            fail(index, f"{turn.path}.content", "is None: this format has text there")
        else:
            out.append((between, False, index, "framing"))
            out.append((content or "", False, index, "text"))
        between = PARAGRAPHS


def _answer(out: list[Piece], turn: Turn, *, thought: bool) -> None:
    index = turn.index
    if thought:
        out.append((turn.reasoning or "", False, index, "thinking"))
        out.append((m.END_THINK, True, index, "framing"))
    out.append((joined(turn, PARAGRAPHS, defined=False) or "", False, index, "text"))
    if turn.calls:
        dsml.V4.calls(out, turn, dsml.named_values)
    if not turn.message.get("wo_eos"):
        out.append((m.EOS, True, index, "framing"))


def _other(out: list[Piece], turn: Turn, options: Options) -> None:
    index = turn.index
    content = joined(turn, PARAGRAPHS, defined=False)
    if turn.role == "system":
        out.append((content or "", False, index, "text"))
        message_extras(out, turn, options, dsml.V4)
    elif turn.role == "developer":
        if not content:
            fail(index, f"{turn.path}.content", "is empty: a developer message must have text")
        out.append((m.USER, True, index, "framing"))
        out.append((content, False, index, "text"))
        message_extras(out, turn, options, dsml.V4)
    elif turn.role == "latest_reminder":
        out.append((m.REMINDER, True, index, "framing"))
        out.append(("None" if content is None else content, False, index, "text"))
    else:
        fail(index, f"{turn.path}.role", f"is no role of this format: {turn.role!r}")
