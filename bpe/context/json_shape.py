"""JSON that is read so that it can be written again as it was, or with less in it."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["KEPT_KEYS", "Shape", "parse_json"]

# Keys that say what a result is and how it went.
KEPT_KEYS = frozenset(
    ("status", "error", "id", "name", "type", "success", "code", "message", "path", "url")
)

# Deeper than this nothing is shown.  Most tools nest a dozen levels.
_DEEPEST = 64

_quoted = json.encoder.encode_basestring


class _Number(str):
    """A number as it was spelled."""

    __slots__ = ()


class _Pairs(list["tuple[str, Any]"]):
    """An object: its keys and values in their order, duplicates included."""

    __slots__ = ()


class Parsed:
    """A value that was read: `None` would be a value, too."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


def parse_json(text: str) -> Parsed | None:
    """The value of a text that is JSON and nothing else, else None."""
    try:
        return Parsed(
            json.loads(
                text,
                object_pairs_hook=_Pairs,
                parse_float=_Number,
                parse_int=_Number,
                parse_constant=_refused,
            )
        )
    except (ValueError, RecursionError):
        return None


def _refused(constant: str) -> object:
    raise ValueError(f"{constant} is not of JSON")


class Shape:
    """How much of a value is written; `size` 0 is the least.

    Arrays have up to 1 + size / 2 items, strings 8 + 2 size characters, objects 4 + size keys
    besides those that stay, each less the deeper it is nested; keys that stay may have longer
    strings.  `unlimited` writes all of it; `bare` nothing but the keys that stay, and their
    numbers and short strings.
    """

    __slots__ = ("bare", "size", "unlimited")

    def __init__(self, size: int, *, unlimited: bool = False, bare: bool = False) -> None:
        self.size = size
        self.unlimited = unlimited
        self.bare = bare

    def render(self, value: object, depth: int = 0, kept: bool = False) -> str:
        """The compact JSON of a value."""
        if isinstance(value, _Number):
            return str(value)
        if isinstance(value, str):
            return self._string(value, kept)
        if value is None or isinstance(value, bool):
            return "null" if value is None else "true" if value else "false"
        if isinstance(value, _Pairs):
            return self._object(value, depth)
        assert isinstance(value, list)
        return self._array(value, depth)

    def _string(self, value: str, kept: bool) -> str:
        if self.unlimited:
            return _quoted(value)
        most = 8 + 2 * self.size
        if kept:
            most = 32 if self.bare else most + 64
        if len(value) <= most + 40:
            # Shorter than what a cut would leave.
            return _quoted(value)
        head, tail = most - most // 3, most // 3
        head -= "\ud800" <= value[head - 1] <= "\udbff"
        start = len(value) - tail
        start += start < len(value) and "\udc00" <= value[start] <= "\udfff"
        return _quoted(f"{value[:head]}[... {start - head} characters left out ...]{value[start:]}")

    def _array(self, values: list[Any], depth: int) -> str:
        count = len(values)
        most = count if self.unlimited else (1 + self.size // 2) >> min(depth, 30)
        if self.bare or (depth > _DEEPEST and count):
            most = 0
        if count <= most:
            return f"[{','.join([self.render(value, depth + 1) for value in values])}]"
        if not count:
            return "[]"
        head, tail = most - most // 3, most // 3
        items = [self.render(value, depth + 1) for value in values[:head]]
        items.append(f'"[... {count - head - tail} items left out ...]"')
        items += [self.render(value, depth + 1) for value in values[count - tail :]]
        return f"[{','.join(items)}]"

    def _object(self, pairs: _Pairs, depth: int) -> str:
        if depth > _DEEPEST and pairs:
            return f'{{"...":"{len(pairs)} keys left out"}}'
        others = len(pairs) if self.unlimited else 0 if self.bare else 4 + (self.size >> depth)
        parts: list[str] = []
        gone = 0
        for key, value in pairs:
            stays = key in KEPT_KEYS
            if stays:
                if self.bare and isinstance(value, list):
                    gone += 1
                    continue
            elif others > 0:
                others -= 1
            else:
                gone += 1
                continue
            parts.append(f"{_quoted(key)}:{self.render(value, depth + 1, stays)}")
        if gone and not self.bare:
            parts.append(f'"...":"{gone} keys left out"')
        return f"{{{','.join(parts)}}}"
