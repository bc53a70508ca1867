"""Messages as people hold them, read into texts to be counted.

A message is a mapping, or an object with `model_dump()` as the vendors' SDKs return.  Understood
are OpenAI's messages (chat completions, their older `function_call`, and the parts and calls of
the Responses API) and Anthropic's content blocks; parts.py lists what is read of each part.

`walk` is the one reader: it notes every text with its kind, and the tokens of what is no text, and
leaves it to the framing to add and to split up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from ..arguments import shown
from ..errors import TokenCountError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, TypeAlias

    from .parts import PartReader

    PartTokens: TypeAlias = Callable[[Mapping[str, Any]], int | None]
    Where: TypeAlias = tuple[str | int, ...]

__all__ = ["Walk", "as_mapping", "compact_json", "fail", "validate_messages", "walk"]

# Roles of messages that have a text and nothing else, and the kind of that.
_PLAIN = {"system": "text", "developer": "text", "user": "text", "assistant": "text"}

# Roles whose text is the result of a call.
RESULTS = frozenset(("tool", "function"))

# Items of the Responses API that stand in the place of a message and have no role.
_ROLES_OF_ITEMS = {
    "function_call": "assistant",
    "custom_tool_call": "assistant",
    "reasoning": "assistant",
    "function_call_output": "tool",
    "custom_tool_call_output": "tool",
}


class Walk:
    """What was found in messages.

    - `texts`, and the kind of part each belongs to in `kinds`: "" means the part of the text
      before it.
    - `fixed`: what is no text, as (message, how many texts stood before it, kind, tokens, exact,
      error); messages are numbered from 0.
    - For each message: its role in `roles`, the number of texts up to its end in `ends`, and in
      `named` the numbers of those with a name.
    """

    __slots__ = ("ends", "fixed", "kinds", "named", "roles", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.kinds: list[str] = []
        self.fixed: list[tuple[int, int, str, int, bool, float]] = []
        self.roles: list[str] = []
        self.ends: list[int] = []
        self.named: list[int] = []

    def text(self, kind: str, text: str) -> None:
        """A text, which opens a part of this kind."""
        self.texts.append(text)
        self.kinds.append(kind)

    def tokens(self, kind: str, tokens: int, error: float, exact: bool = False) -> None:
        """A part that is no text."""
        self.fixed.append((len(self.roles) - 1, len(self.texts), kind, tokens, exact, error))


def walk(messages: object, parts: PartReader, first: int = 0) -> Walk:
    """Reads messages, of which the first is called `messages[first]` in errors.

    Raises TokenCountError with `index` and `path` for what is malformed.
    """
    found = Walk()
    texts, kinds = found.texts, found.kinds
    add_text, add_kind = texts.append, kinds.append
    add_role, add_end = found.roles.append, found.ends.append
    index = first
    for message in listed(messages):
        if type(message) is dict:
            # Most messages are like this, and nothing else needs to be looked for.
            role, content = message.get("role"), message.get("content")
            if type(content) is str and type(role) is str:
                kind = _PLAIN.get(role) if len(message) == 2 else None
                if kind is None and role == "tool" and len(message) == 3:
                    kind = "tool_result" if "tool_call_id" in message else None
                if kind is not None:
                    add_text(content)
                    add_kind(kind)
                    add_role(role)
                    add_end(len(texts))
                    index += 1
                    continue
        _read(found, message, index, parts)
        add_end(len(texts))
        index += 1
    return found


def listed(messages: object) -> Iterable[Any]:
    """`messages`, which must be an iterable of messages and not one of them."""
    if isinstance(messages, Iterable) and not isinstance(messages, (str, bytes, Mapping)):
        return messages
    if as_mapping(messages) is not None:
        raise TokenCountError("messages must be a list: this is a single message", path="messages")
    raise TokenCountError(
        f"messages must be a list of messages, not {type(messages).__name__}", path="messages"
    )


def as_mapping(value: object) -> Mapping[str, Any] | None:
    """A mapping as it is, an SDK's object as what its `model_dump()` gives, else None."""
    if isinstance(value, Mapping):
        return value
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        dumped = dump()
        if isinstance(dumped, Mapping):
            return dumped
    return None


def place(where: Where) -> str:
    """A path as it is written: `messages[3].content[0].text`."""
    return "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" if at else step
        for at, step in enumerate(where)
    )


def fail(where: Where, problem: str) -> NoReturn:
    """Raises TokenCountError, which names the place."""
    path = place(where)
    index = where[1] if len(where) > 1 and isinstance(where[1], int) else None
    raise TokenCountError(f"{path} {problem}", index=index, path=path)


def compact_json(value: object, where: Where) -> str:
    """The compact JSON of a value: insertion order, no spaces, non-ASCII kept."""
    try:
        return _encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        told = "is nested too deeply" if isinstance(error, RecursionError) else f"({error})"
        fail(where, f"cannot be written as JSON {told}")


_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=lambda value: _plain(value)
).encode


def _plain(value: object) -> object:
    found = as_mapping(value)
    if found is None:
        raise TypeError(f"it holds an object of type {type(value).__name__}")
    return dict(found)


def _read(found: Walk, message: object, index: int, parts: PartReader) -> None:
    where: Where = ("messages", index)
    fields = message if type(message) is dict else as_mapping(message)
    if fields is None:
        fail(where, f"must be a mapping, or have model_dump(), not {type(message).__name__}")
    role = fields.get("role")
    if role is None:
        item = fields.get("type")
        role = _ROLES_OF_ITEMS.get(item) if isinstance(item, str) else None
        if role is None:
            fail((*where, "role"), "is missing: each message needs a role")
        found.roles.append(role)
        parts.read(found, fields, where, "text")
        return
    if not isinstance(role, str) or not role:
        fail((*where, "role"), f"must be a str that is not empty, not {_described(role)}")
    found.roles.append(role)
    content = fields.get("content")
    if content is not None:
        kind = "tool_result" if role in RESULTS else "text"
        if type(content) is str:
            found.texts.append(content)
            found.kinds.append(kind)
        else:
            parts.content(found, content, (*where, "content"), kind)
    calls = fields.get("tool_calls")
    if calls is not None:
        parts.calls(found, calls, where)
    for key in fields:
        if key in _OTHERS and fields[key] is not None:
            _read_other(found, fields, key, where, parts)


# Keys of a message that are rarely there.
_OTHERS = frozenset(("name", "refusal", "reasoning_content", "reasoning", "function_call", "audio"))


def _read_other(
    found: Walk, fields: Mapping[str, Any], key: str, where: Where, parts: PartReader
) -> None:
    value = fields[key]
    if key == "name":
        found.text("name", checked(value, (*where, key)))
        found.named.append(len(found.roles) - 1)
    elif key == "refusal":
        found.text("refusal", checked(value, (*where, key)))
    elif key == "function_call":
        parts.function(found, value, (*where, key), "arguments")
    elif key == "audio":
        parts.audio(found, {"type": "audio", "audio": value}, (*where, key))
    else:
        text = checked(value, (*where, key))
        # Some gateways give the same thoughts under both names.
        if key == "reasoning_content" or fields.get("reasoning_content") is None:
            found.text("thinking", text)


def checked(value: object, where: Where) -> str:
    """A str, or TokenCountError."""
    if isinstance(value, str):
        return value
    fail(where, f"must be a str, not {_described(value)}")


def _described(value: object) -> str:
    if value is None or isinstance(value, (bool, int, float)) or value == "":
        return shown(value)
    return type(value).__name__


def validate_messages(messages: object) -> None:
    """Raises TokenCountError for messages that an API would refuse, or returns None.

    What counting refuses is refused here too.  Beyond that each call of a tool must have an id
    and be answered, once, before the conversation goes on, and each result must answer a call:
    OpenAI's `tool_calls` in the "tool" messages that follow at once, the older `function_call` in
    the "function" message of that name, Anthropic's `tool_use` in the next message, calls of the
    Responses API in any later item.  The error's `index` and `path` name the call or the result.

    >>> validate_messages([{"role": "tool", "tool_call_id": "a", "content": "42"}])
    Traceback (most recent call last):
    ...
    bpe.errors.TokenCountError: messages[0].tool_call_id answers no call: 'a'
    """
    from .pairing import check_pairs
    from .parts import PartReader

    kept = [*listed(messages)]
    walk(kept, PartReader())
    check_pairs([as_mapping(message) or {} for message in kept])
