"""What stands in JSON for values that json does not know, and how a place in a value is written."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import os
import uuid
from collections import deque
from collections.abc import Mapping, Set

from ..arguments import described

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

# Of a longer path only the beginning and the end are shown.
_FIRST, _LAST = 8, 4
# Characters of a key that are shown.
_KEY = 40


def json_value(value: Any, default: Callable[[Any], object] | None) -> object:
    """What is written instead of `value`, one step nearer to JSON; TypeError if nothing is.

    `default` is asked first, and raises TypeError for what it leaves to the rules here.
    """
    if default is not None:
        try:
            return default(value)
        except TypeError:
            pass
    # A model knows best how it is written: aliases, serializers, extra fields.
    if not isinstance(value, type):
        dump = getattr(value, "model_dump", None)
        if callable(dump):
            return dump(mode="json")
        if dataclasses.is_dataclass(value):
            return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        for types, write in _RULES:
            if isinstance(value, types):
                return write(value)
        # NumPy's arrays and numbers, and the standard library's arrays.
        to_list = getattr(value, "tolist", None)
        if callable(to_list):
            return to_list()
    raise TypeError(f"{described(value)} is nothing that JSON has")


def _ordered(values: Iterable[Any]) -> list[Any]:
    """The members of a set in an order that does not change from run to run."""
    found = list(values)
    if all(isinstance(value, str) for value in found) or all(
        isinstance(value, (int, float)) for value in found
    ):
        return sorted(found)
    return sorted(found, key=repr)


def _text_of(data: Any) -> str:
    try:
        return bytes(data).decode()
    except UnicodeDecodeError:
        raise TypeError(
            "bytes are written as the text that they are in UTF-8, and these are none: "
            "default= may write them otherwise"
        ) from None


_RULES: tuple[tuple[Any, Callable[[Any], object]], ...] = (
    (enum.Enum, lambda value: value.value),
    ((datetime.date, datetime.time), lambda value: value.isoformat()),  # a datetime is a date
    ((uuid.UUID, decimal.Decimal), str),
    (Mapping, dict),
    (Set, _ordered),
    (deque, list),
    ((bytes, bytearray, memoryview), _text_of),
    (os.PathLike, lambda value: os.fsdecode(value)),
)


def shown_path(root: str, places: Sequence[object]) -> str:
    """A place in a value: `root`, then a key or an index for each container on the way.

    >>> shown_path("value", ["items", 3, "unit price"])
    "value.items[3]['unit price']"
    """
    if len(places) > _FIRST + _LAST:
        first = "".join(map(_place, places[:_FIRST]))
        last = "".join(map(_place, places[-_LAST:]))
        return f"{root}{first}...{last}"
    return root + "".join(map(_place, places))


def _place(place: object) -> str:
    if isinstance(place, str):
        if place.isidentifier() and len(place) <= _KEY:
            return f".{place}"
        if len(place) > _KEY:
            place = place[: _KEY - 3] + "..."
    return f"[{place!r}]"
