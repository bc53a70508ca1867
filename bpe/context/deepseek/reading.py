"""Messages as callers have them -> turns as the formats need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ...arguments import shown
from ..messages import as_mapping
from .wire import fail, to_json

# Parts whose text is taken as it is.
_TEXT: Final = frozenset({"text", "input_text", "output_text"})


class Call:
    """A call of a tool; `arguments` as the caller has them, a str or anything else."""

    __slots__ = ("arguments", "id", "name", "path", "type")

    def __init__(self, name: str, arguments: object, call_id: object, kind: str, path: str) -> None:
        self.name = name
        self.arguments = arguments
        self.id = call_id
        self.type = kind
        self.path = path


class Turn:
    """One message, or a part of one that the formats treat as a message of its own.

    `content` is None where it is null or absent.  `blocks` are the texts of its parts where it is a
    list, of which the formats make one.  `exact` is False where this reading of the
    message goes beyond what the format defines.
    """

    __slots__ = (
        "blocks",
        "calls",
        "content",
        "exact",
        "index",
        "message",
        "place",
        "reasoning",
        "role",
    )

    def __init__(
        self,
        index: int,
        role: str,
        content: str | None,
        message: Mapping[str, Any],
        place: str | None = None,
    ) -> None:
        self.index = index
        self.role = role
        self.content = content
        self.message = message
        self.place = place
        self.calls: list[Call] = []
        self.reasoning: str | None = None
        self.blocks: list[str] | None = None
        self.exact = True

    @property
    def path(self) -> str:
        """Where it is, for errors."""
        return self.place or f"messages[{self.index}]"


def read(messages: object) -> list[Turn]:
    """The turns of `messages`; TokenCountError, with index and path, for what is none."""
    if isinstance(messages, (str, bytes, Mapping)) or not isinstance(messages, Iterable):
        fail(None, "messages", f"must be a list of messages, not {type(messages).__name__}")
    turns: list[Turn] = []
    for index, given in enumerate(messages):
        message = given if type(given) is dict else as_mapping(given)
        if message is None:
            fail(index, f"messages[{index}]", f"must be a mapping, not {type(given).__name__}")
        role = message.get("role")
        if not isinstance(role, str) or not role:
            problem = (
                "is missing" if role is None else f"must be the name of a role, not {shown(role)}"
            )
            fail(index, f"messages[{index}].role", problem)
        content = message.get("content")
        turn = Turn(index, role, content if isinstance(content, str) else None, message)
        if role == "assistant":
            _read_answer(turn)
        if content is None or turn.content is not None:
            turns.append(turn)
        elif isinstance(content, (list, tuple)):
            turns += _read_parts(turn, content)
        else:
            kind = type(content).__name__
            path = f"messages[{index}].content"
            fail(index, path, f"must be a str, a list of parts or None, not {kind}")
    return turns


def joined(turn: Turn, separator: str, *, defined: bool) -> str | None:
    """The text of a turn, whose parts, if it has any, stand `separator` apart.

    `defined` says that the format itself joins parts so; otherwise the turn is no longer exact.
    """
    if turn.blocks is None:
        return turn.content
    if not defined and len(turn.blocks) != 1:
        turn.exact = False
    return separator.join(turn.blocks)


def _read_answer(turn: Turn) -> None:
    message = turn.message
    reasoning = message.get("reasoning_content")
    if reasoning is not None:
        if not isinstance(reasoning, str):
            kind = type(reasoning).__name__
            fail(turn.index, f"{turn.path}.reasoning_content", f"must be a str, not {kind}")
        turn.reasoning = reasoning
    calls = message.get("tool_calls")
    if calls is not None:
        path = f"{turn.path}.tool_calls"
        if not isinstance(calls, (list, tuple)):
            fail(turn.index, path, f"must be a list, not {type(calls).__name__}")
        turn.calls = [_call(turn, call, f"{path}[{at}]") for at, call in enumerate(calls)]
    elif message.get("function_call") is not None:
        turn.calls = [_call(turn, message["function_call"], f"{turn.path}.function_call")]
        turn.exact = False
    if message.get("content") is None and isinstance(message.get("refusal"), str):
        turn.content = message["refusal"]
        turn.exact = False


def _call(turn: Turn, value: object, path: str) -> Call:
    call = as_mapping(value)
    if call is None:
        fail(turn.index, path, f"must be a mapping, not {type(value).__name__}")
    function: Mapping[str, Any] | None = call
    if call.get("function") is not None:
        path += ".function"
        function = as_mapping(call["function"])
        if function is None:
            fail(turn.index, path, f"must be a mapping, not {type(call['function']).__name__}")
    assert function is not None
    name = function.get("name")
    if not isinstance(name, str):
        problem = "is missing" if name is None else f"must be a str, not {type(name).__name__}"
        fail(turn.index, f"{path}.name", problem)
    arguments = function.get("arguments")
    if arguments is None:
        arguments = "{}"
        turn.exact = False
    kind = call.get("type")
    if not isinstance(kind, str):
        kind = "function"
    return Call(name, arguments, call.get("id"), kind, f"{path}.arguments")


# ---- content that is a list of parts


def _read_parts(turn: Turn, content: list[Any] | tuple[Any, ...]) -> list[Turn]:
    """The turns of a message with a list of parts: its own, and one for each result in it."""
    turn.blocks = blocks = []
    turns: list[Turn] = []
    for at, value in enumerate(content):
        path = f"{turn.path}.content[{at}]"
        if isinstance(value, str):
            blocks.append(value)
            turn.exact = False
            continue
        part = as_mapping(value)
        if part is None:
            fail(turn.index, path, f"must be a mapping or a str, not {type(value).__name__}")
        kind = part.get("type", "text" if "text" in part else None)
        if not isinstance(kind, str):
            problem = "is missing" if kind is None else f"must be a str, not {type(kind).__name__}"
            fail(turn.index, f"{path}.type", problem)
        if kind in _TEXT:
            blocks.append(_text_of(turn, part, "text", path))
        elif kind == "refusal":
            blocks.append(_text_of(turn, part, "refusal", path))
            turn.exact = False
        elif kind == "thinking" and turn.role == "assistant":
            turn.reasoning = (turn.reasoning or "") + _text_of(turn, part, "thinking", path)
            turn.exact = False
        elif kind == "tool_use" and turn.role == "assistant":
            given = part.get("input")
            arguments = to_json({} if given is None else given, turn.index, f"{path}.input")
            call = {"id": part.get("id"), "name": part.get("name"), "arguments": arguments}
            turn.calls.append(_call(turn, call, path))
            turn.exact = False
        elif kind == "tool_result" and turn.role == "user":
            turns.append(_result(turn, part, path))
        else:
            # What these models cannot be given; so do DeepSeek's own programs tell them.
            blocks.append(f"[Unsupported {kind}]")
            turn.exact = False
    if blocks or not turns:
        # Results come first: that is where they stand in a request that answers calls.
        turns.append(turn)
    return turns


def _text_of(turn: Turn, part: Mapping[str, Any], key: str, path: str) -> str:
    text = part.get(key)
    if not isinstance(text, str):
        problem = "is missing" if text is None else f"must be a str, not {type(text).__name__}"
        fail(turn.index, f"{path}.{key}", problem)
    return text


def _result(turn: Turn, part: Mapping[str, Any], path: str) -> Turn:
    """A `tool_result` block as the message of role "tool" that it would be elsewhere."""
    content = part.get("content")
    if content is None:
        content = ""
    message = {"role": "tool", "tool_call_id": part.get("tool_use_id"), "content": content}
    result = Turn(turn.index, "tool", None, message, path)
    if isinstance(content, str):
        result.content = content
    elif isinstance(content, (list, tuple)):
        _read_parts(result, content)
    else:
        kind = type(content).__name__
        fail(turn.index, f"{path}.content", f"must be a str or a list of parts, not {kind}")
    result.exact = False
    return result
