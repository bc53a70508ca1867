"""Snapshots: what a message looked like when it was counted, to see later whether it has changed.

`snapshot(message) == message` holds as long as the message counts the same.  Python compares both
without interpreting a line of code as long as they are made of dicts, lists and str, and a str that
is still the same object is not even read: 200 messages take some microseconds.

Equality in Python is not enough for what is written as JSON: 1 == 1.0 == True, and two dicts are
equal whatever the order of their keys.  What may be written so is wrapped in the classes below.
"""

from __future__ import annotations

from .messages import as_mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["message_snapshot", "value_snapshot"]

# Deeper than anything that is counted.
_DEEPEST = 100

# Parts that are read by their keys: in any order they count the same.
_READ_BY_KEY = frozenset(
    ("text", "input_text", "output_text", "image_url", "tool_use", "tool_result", "thinking")
)


class _Never:
    """Equal to nothing: what is not understood is counted every time."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return False


class _Scalar:
    """A number, or bytes: equal to the same value of the same type only."""

    __slots__ = ("kind", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: object) -> None:
        self.kind = type(value)
        # -0.0 and 0.0 are equal, and written differently.
        self.value = repr(value) if isinstance(value, float) else value

    def __eq__(self, other: object) -> bool:
        if type(other) is not self.kind:
            return False
        return (repr(other) if isinstance(other, float) else other) == self.value


class _Object:
    """A dict whose keys have an order."""

    __slots__ = ("keys", "values")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, keys: list[object], values: list[object]) -> None:
        self.keys = keys
        self.values = values

    def __eq__(self, other: object) -> bool:
        return type(other) is dict and self.keys == [*other] and self.values == [*other.values()]


class _Mapping:
    """A mapping that is no dict, or an SDK's object: compared by what it holds."""

    __slots__ = ("held", "kind")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, kind: type, held: object) -> None:
        self.kind = kind
        self.held = held

    def __eq__(self, other: object) -> bool:
        if type(other) is not self.kind:
            return False
        fields = as_mapping(other)
        return fields is not None and bool(self.held == dict(fields))


_NEVER = _Never()


def message_snapshot(message: object) -> object:
    """The snapshot of a message."""
    if type(message) is dict:
        # Most messages: a role and a text.
        for value in message.values():
            if type(value) is not str:
                break
        else:
            return message.copy()
        return _fields(message, {id(message)})
    return _other(message, set(), True)


def value_snapshot(value: object) -> object:
    """The snapshot of any value that may be written as JSON: definitions of tools, and the like."""
    return _value(value, set())


def _fields(message: Mapping[str, Any], path: set[int]) -> object:
    """A message, a call or a part: keys in any order, and some values that are known."""
    if not all(type(key) is str for key in message):
        return _NEVER
    made: dict[str, object] = {}
    for key, value in message.items():
        if value is None or isinstance(value, str):
            made[key] = value
        elif key in ("content", "tool_calls") and type(value) is list:
            made[key] = _items(value, path)
        elif key in ("function", "image_url") and type(value) is dict:
            made[key] = _inside(value, path)
        else:
            made[key] = _value(value, path)
    return made


def _items(items: list[Any], path: set[int]) -> object:
    """Parts of a content, or calls."""
    if id(items) in path or len(path) > _DEEPEST:
        return _NEVER
    path.add(id(items))
    made = [
        _inside(item, path)
        if type(item) is dict and ("function" in item or _read_by_key(item.get("type")))
        else _value(item, path)
        for item in items
    ]
    path.discard(id(items))
    return made


def _read_by_key(form: object) -> bool:
    return type(form) is str and form in _READ_BY_KEY


def _inside(fields: dict[str, Any], path: set[int]) -> object:
    if id(fields) in path or len(path) > _DEEPEST:
        return _NEVER
    path.add(id(fields))
    made = _fields(fields, path)
    path.discard(id(fields))
    return made


def _value(value: Any, path: set[int]) -> object:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float, bytes)):
        return _Scalar(value)
    if id(value) in path or len(path) > _DEEPEST:
        return _NEVER
    path.add(id(value))
    made: object
    if type(value) is dict:
        keys = [_value(key, path) for key in value]
        made = _Object(keys, [_value(item, path) for item in value.values()])
    elif type(value) is list:
        made = [_value(item, path) for item in value]
    elif type(value) is tuple:
        made = tuple([_value(item, path) for item in value])
    else:
        made = _other(value, path, False)
    path.discard(id(value))
    return made


def _other(value: object, path: set[int], by_key: bool) -> object:
    fields = as_mapping(value)
    if fields is None:
        return _NEVER
    held = dict(fields)
    return _Mapping(type(value), _fields(held, path) if by_key else _value(held, path))
