"""Compact JSON of any size in bounded parts, and where in a value something is that is no JSON.

A value is written by json's own C encoder, a small part at a time: what a bounded look says is
small goes to the encoder whole; what is larger is opened, and its small members are written
together.  So the memory needed does not grow with the value, nor the stack with its depth.
"""

from __future__ import annotations

import json

from ..errors import TokenCountError
from .json_values import json_value, shown_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, NoReturn

# Characters of JSON that are written at once: more or less, for escapes are not foreseen.
CHUNK = 1 << 16
# Containers in each other: as many as json itself takes with Python's usual limit of recursion.
MAX_DEPTH = 1000
# What is deeper than this is opened, so that the encoder needs little of the stack.
SHALLOW = 40
# Characters that are allowed for a number or constant, and for the punctuation round a member.
_NUMBER, _AROUND = 12, 3

# Cycles are found by the walk; the encoder gets nothing that may hold one.
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode

_CONTAINERS = (dict, list, tuple)
_KEYS = (str, int, float, type(None))
_SCALARS = frozenset({int, float, bool, type(None)})


def json_chunks(
    value: object,
    default: Callable[[Any], object] | None = None,
    *,
    root: str = "value",
    size: int = CHUNK,
) -> Iterator[str]:
    """The compact JSON of `value` in parts of about `size` characters.

    Errors are those of `estimate_json_tokens`; their paths begin with `root`.
    """
    ready: list[str] = []
    length = 0
    for part in _Walk(default, root, size).parts(value):
        ready.append(part)
        length += len(part)
        if length >= size:
            yield "".join(ready)
            ready.clear()
            length = 0
    if ready:
        yield "".join(ready)


def weight_of(value: object, limit: int, levels: int) -> int | None:
    """About how many characters `value` has as JSON, if json knows all that is in it.

    None if they are more than `limit`, or containers more than `levels` deep, or if something in
    it is unknown to json.  Time is bounded by the limit.
    """
    if type(value) in _SCALARS or isinstance(value, (int, float)):
        return _NUMBER
    if isinstance(value, str):
        length = len(value) + _AROUND
        return length if length <= limit else None
    weight = 0
    level: list[Any] = [value]
    # Level by level, which tells the depth, and needs no recursion.
    while level:
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is str:
                weight += len(item) + _AROUND
            elif kind in _SCALARS:
                weight += _NUMBER
            elif isinstance(item, dict):
                weight += _AROUND
                if levels <= 0 or len(item) * _AROUND > limit - weight:
                    return None
                for key in item:
                    weight += (len(key) if isinstance(key, str) else _NUMBER) + _AROUND
                below.extend(item.values())
            elif isinstance(item, (list, tuple)):
                weight += _AROUND
                if levels <= 0 or len(item) * _AROUND > limit - weight:
                    return None
                below.extend(item)
            elif isinstance(item, str):
                weight += len(item) + _AROUND
            elif isinstance(item, (int, float)):
                weight += _NUMBER
            else:
                return None
            if weight > limit:
                return None
        levels -= 1
        level = below
    return weight


def written(value: object) -> str | None:
    """The JSON of a small value, None where something in it cannot be written."""
    try:
        return _joined(_encode(value))
    except (TypeError, ValueError):  # of surrogates too: UnicodeError is a ValueError
        return None


def _joined(text: str) -> str:
    """`text` with surrogate pairs joined; UnicodeError for a lone one."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    return text


class _Frame:
    """A container that is open: its members yet to come, and those that wait to be written."""

    __slots__ = ("index", "key", "keyed", "members", "opened", "pending", "weight", "written")

    def __init__(self, container: Any, opened: list[object]) -> None:
        # As the encoder reads them: a subclass by its own methods.
        self.keyed = isinstance(container, dict)
        self.members: Iterator[Any] = iter(container.items() if self.keyed else container)
        self.opened = opened  # what must not come again inside, held so that no id is used again
        self.pending: Any = {} if self.keyed else []
        self.weight = 0
        self.written = False
        self.index = -1
        self.key: object = None

    @property
    def place(self) -> object:
        """The key or index of the member that was read last."""
        return self.key if self.keyed else self.index


class _Walk:
    """One walk over one value, without recursion."""

    def __init__(self, default: Callable[[Any], object] | None, root: str, size: int) -> None:
        self._default = default
        self._root = root
        self._size = size
        self._stack: list[_Frame] = []
        self._open: set[int] = set()

    def parts(self, value: object) -> Iterator[str]:
        """The JSON, in parts of at most about twice the size."""
        stack = self._stack
        small, value, opened = self._settled(value)
        if small is not None:
            yield self._one(value)
            return
        yield from self._begun(value, opened)
        while stack:
            frame = stack[-1]
            entered = False
            for member in frame.members:
                if frame.keyed:
                    frame.key, member = member
                else:
                    frame.index += 1
                weight, member, opened = self._settled(member)
                if weight is None:
                    yield self._flushed(frame)
                    yield self._before(frame)
                    yield from self._begun(member, opened)
                    entered = stack[-1] is not frame
                    if entered:
                        break
                    continue
                if frame.keyed:
                    if not isinstance(frame.key, _KEYS):
                        self._refuse_key(frame.key)
                    if frame.key in frame.pending:  # items() of a subclass may say so
                        yield self._flushed(frame)
                    frame.pending[frame.key] = member
                    weight += (len(frame.key) if isinstance(frame.key, str) else _NUMBER) + _AROUND
                else:
                    frame.pending.append(member)
                frame.weight += weight
                if frame.weight >= self._size:
                    yield self._flushed(frame)
            if not entered:
                yield self._flushed(frame)
                yield "}" if frame.keyed else "]"
                stack.pop()
                self._open.difference_update(map(id, frame.opened))

    def _settled(self, value: Any) -> tuple[int | None, Any, list[object]]:
        """The weight of a value that json knows, None if it is large; the value; what it was.

        What json does not know is replaced until it does; the list holds what was replaced.
        """
        levels = min(SHALLOW, MAX_DEPTH - len(self._stack))
        weight = weight_of(value, self._size, levels)
        opened: list[object] = []
        while weight is None and not isinstance(value, (str, *_CONTAINERS)):
            if id(value) in self._open or any(value is other for other in opened):
                self._refuse_cycle()
            opened.append(value)
            if len(opened) + len(self._stack) > MAX_DEPTH:
                self._refuse_depth()
            try:
                value = json_value(value, self._default)
            except TokenCountError:
                raise
            except Exception as error:
                path = self._path()
                raise TokenCountError(f"{path} cannot be written: {error}", path=path) from error
            weight = weight_of(value, self._size, levels)
        return weight, value, opened

    def _begun(self, value: Any, opened: list[object]) -> Iterator[str]:
        """What stands before the members of a large value; the whole of it if that is a str."""
        if isinstance(value, str):
            yield from self._long(value)
            return
        if id(value) in self._open or any(value is other for other in opened):
            self._refuse_cycle()
        if len(self._stack) >= MAX_DEPTH:
            self._refuse_depth()
        opened.append(value)
        self._open.update(map(id, opened))
        self._stack.append(_Frame(value, opened))
        yield "{" if isinstance(value, dict) else "["

    def _long(self, text: str) -> Iterator[str]:
        """A long str, escaped slice by slice; no slice ends inside a surrogate pair."""
        text = str.__str__(text)
        yield '"'
        start = 0
        while start < len(text):
            end = start + max(2, self._size)
            if end < len(text) and "\ud800" <= text[end - 1] <= "\udbff":
                end -= 1
            yield self._one(text[start:end])[1:-1]
            start = end
        yield '"'

    def _before(self, frame: _Frame) -> str:
        """What stands between the members so far and a large one: a comma, and its key."""
        comma = "," if frame.written else ""
        frame.written = True
        if not frame.keyed:
            return comma
        if not isinstance(frame.key, _KEYS):
            self._refuse_key(frame.key)
        text = written({frame.key: 0})
        if text is None:
            self._refuse_key(frame.key)
        return f"{comma}{text[1:-2]}"

    def _flushed(self, frame: _Frame) -> str:
        """The members that waited."""
        if not frame.pending:
            return ""
        text = written(frame.pending)
        if text is None:
            index = frame.index - len(frame.pending) + 1
            self._blame(frame.pending, 0 if frame.keyed else index, len(self._stack) - 1)
        frame.pending = {} if frame.keyed else []
        frame.weight = 0
        comma = "," if frame.written else ""
        frame.written = True
        return f"{comma}{text[1:-1]}"

    def _one(self, value: object) -> str:
        """A small value that stands alone, or is a member of what was opened."""
        text = written(value)
        if text is None:
            self._blame(value, 0, len(self._stack))
        return text

    # ---- what is wrong, and where

    def _path(self, depth: int | None = None, places: tuple[object, ...] = ()) -> str:
        frames = self._stack if depth is None else self._stack[:depth]
        return shown_path(self._root, [*(frame.place for frame in frames), *places])

    def _blame(self, value: Any, offset: int, depth: int) -> NoReturn:
        """Raise for what the encoder would not write in a small value.

        `depth` open containers are round it; `offset` is added to the indices of its own members.
        """
        places, problem = _culprit(value, offset) or ((), "it cannot be written")
        path = self._path(depth, places)
        raise TokenCountError(f"{path}: {problem}", path=path)

    def _refuse_key(self, key: object) -> NoReturn:
        path = self._path(len(self._stack) - 1)
        raise TokenCountError(f"{path}: {_key_problem(key)}", path=path)

    def _refuse_cycle(self) -> NoReturn:
        path = self._path()
        raise TokenCountError(f"{path} holds itself: a cycle is no JSON", path=path)

    def _refuse_depth(self) -> NoReturn:
        path = self._path()
        raise TokenCountError(
            f"{path}: more than {MAX_DEPTH} containers are in each other", path=path
        )


def _culprit(value: Any, offset: int = 0) -> tuple[tuple[object, ...], str] | None:
    """The place in a small value that cannot be written, and why; by recursion, for it is flat."""
    if isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, _KEYS) or written({key: 0}) is None:
                return (), _key_problem(key)
            found = _culprit(member)
            if found is not None:
                return (key, *found[0]), found[1]
    elif isinstance(value, (list, tuple)):
        for index, member in enumerate(value, offset):
            found = _culprit(member)
            if found is not None:
                return (index, *found[0]), found[1]
    else:
        try:
            _joined(_encode(value))
        except UnicodeError:
            return (), "a lone surrogate is no text"
        except (TypeError, ValueError) as error:
            if isinstance(value, float):
                return (), f"{value!r} is no number in JSON"
            return (), str(error)
    return None


def _key_problem(key: object) -> str:
    if isinstance(key, str):
        return f"the key {key!a} holds a lone surrogate"
    if isinstance(key, float):
        return f"the key {key!r} is no number in JSON"
    if isinstance(key, int):
        return "a key is an integer with too many digits"
    return f"a key must be a str or number, not {type(key).__name__}"
