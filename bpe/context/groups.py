"""Groups of messages: what of a conversation stays or goes together.

An assistant message with calls and all their results are one group, wherever the results stand;
any other message is a group of its own.  Understood are OpenAI's `tool_calls` and the messages of
role "tool" that answer them, the older `function_call` and "function", Anthropic's `tool_use` and
`tool_result` blocks, and the items of the Responses API (with the reasoning that stands before a
call).  A result belongs to the latest call of its id that waits for one, else to the latest call of
its id.
"""

from __future__ import annotations

from typing import NamedTuple

from ..arguments import shown
from ..errors import ArgumentError, TokenTypeError
from .messages import RESULTS, as_mapping, listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, TypeAlias

    # How a call is named, and by whom: ids, names and items have name spaces of their own.
    Key: TypeAlias = tuple[str, object]

__all__ = ["Group", "Stray", "groups_of", "has_own_content", "is_protected_role", "protected"]

_INSTRUCTIONS = frozenset(("system", "developer"))
_ITEM_CALLS = frozenset(("function_call", "custom_tool_call"))
_ITEM_RESULTS = frozenset(("function_call_output", "custom_tool_call_output"))


class Stray(NamedTuple):
    """A call that was never answered, or a result that answers no call which waits for one.

    It stands in `messages[index]`, as the entry `place` of the list `where` ("tool_calls" or
    "content"), or is the message itself where `place` is None.
    """

    index: int  # type: ignore[assignment]  # the name of a tuple's method, too
    where: str
    place: int | None
    is_call: bool


class Group(NamedTuple):
    """Messages that stay or go together; `indices` rise, and need not be adjacent.

    - `calls`: whether it has calls of tools.
    - `pending`: some calls have no result yet, and nothing but results comes after them.
    - `strays`: its orphans.  A call is one if the conversation went on without its result, a
      result if there is no call for it or that has been answered before.
    """

    indices: tuple[int, ...]
    calls: bool = False
    pending: bool = False
    strays: tuple[Stray, ...] = ()


def groups_of(messages: Sequence[Any]) -> list[Group]:
    """The groups of a conversation, by their first message; each message is in one of them.

    Linear in the number of messages.  What is no message is a group of its own: whoever counts
    will refuse it.

    >>> call = {"id": "a", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    >>> groups = groups_of([
    ...     {"role": "user", "content": "What time is it?"},
    ...     {"role": "assistant", "content": None, "tool_calls": [call]},
    ...     {"role": "tool", "tool_call_id": "a", "content": "noon"},
    ... ])
    >>> [group.indices for group in groups]
    [(0,), (1, 2)]
    """
    reader = _Reader()
    for index, message in enumerate(listed(messages)):
        if type(message) is dict:
            # Most messages are like this, and no calls need to be looked for.
            role = message.get("role")
            plain = len(message) == 2 or role == "user" or role in _INSTRUCTIONS
            plain = plain and type(role) is str and role not in RESULTS
            if plain and type(message.get("content")) is str:
                reader.plain(index)
                continue
            if role == "tool" and reader.answered(index, message):
                continue
            fields: Mapping[str, Any] | None = message
        else:
            fields = as_mapping(message)
        reader.read(index, fields or {})
    return reader.finished()


class _Reader:
    """Messages in their order; `members` are the groups, by number."""

    def __init__(self) -> None:
        self.members: list[list[int]] = []
        self.calling: set[int] = set()
        # Merged groups: from a number to that of the group it became part of.
        self.merged: dict[int, int] = {}
        self.latest: dict[Key, int] = {}
        self.waiting: dict[Key, list[tuple[int, Stray]]] = {}
        self.strays: dict[int, list[Stray]] = {}
        # The last message that was not there to answer or to call as an item.
        self.last_said = -1
        self.reasoning: int | None = None

    def plain(self, index: int) -> None:
        self.members.append([index])
        self.last_said = index
        self.reasoning = None

    def answered(self, index: int, message: dict[str, Any]) -> bool:
        """Adds a message of role "tool" to the call that waits for it, if one does."""
        name = message.get("tool_call_id")
        waiting = self.waiting.get(("id", name)) if type(name) is str else None
        if not waiting:
            return False
        self.members[self._root(waiting.pop()[0])].append(index)
        self.reasoning = None
        return True

    def read(self, index: int, message: Mapping[str, Any]) -> None:
        role = message.get("role")
        results, said = _results(index, role, message)
        calls = _calls(index, role, message)
        own: int | None = None
        unasked: list[Stray] = []
        for key, stray in results:
            waiting = self.waiting.get(key)
            home: int | None
            if waiting:
                home = waiting.pop()[0]
            else:
                home = self.latest.get(key)
                unasked.append(stray)
            if home is not None:
                home = self._root(home)
                own = home if own is None else self._merge(own, home)
        thoughts, self.reasoning = self.reasoning, None
        if own is None and thoughts is not None and (calls or role == "assistant"):
            own = thoughts
        if own is None:
            own = len(self.members)
            self.members.append([])
        self.members[own].append(index)
        if unasked:
            self.strays.setdefault(own, []).extend(unasked)
        for key, stray in calls:
            self.latest[key] = own
            self.waiting.setdefault(key, []).append((own, stray))
            self.calling.add(own)
        item = role is None
        if item and message.get("type") == "reasoning":
            self.reasoning = own
        if said and not (item and (calls or self.reasoning is not None)):
            self.last_said = index

    def _root(self, number: int) -> int:
        merged = self.merged
        while number in merged:
            above = merged[number]
            # Paths are halved on the way, so that chains of merges stay short.
            merged[number] = merged.get(above, above)
            number = above
        return number

    def _merge(self, one: int, other: int) -> int:
        """One message answers calls of two groups: they are one from now on."""
        if one == other:
            return one
        first, second = sorted((one, other))
        more, less = self.members[first], self.members[second]
        if len(more) < len(less):  # they are sorted in the end
            more, less = less, more
        more += less
        self.members[first] = more
        self.members[second] = []
        self.merged[second] = first
        if second in self.strays:
            self.strays.setdefault(first, []).extend(self.strays.pop(second))
        if second in self.calling:
            self.calling.add(first)
        return first

    def finished(self) -> list[Group]:
        pending: set[int] = set()
        for waiting in self.waiting.values():
            for number, stray in waiting:
                own = self._root(number)
                if stray.index >= self.last_said:
                    pending.add(own)
                else:
                    self.strays.setdefault(own, []).append(stray)
        if not self.calling and not self.strays and not self.merged:
            return [Group((*members,)) for members in self.members]
        return [
            Group(
                (members[0],) if len(members) == 1 else (*sorted(members),),
                number in self.calling,
                number in pending,
                (*sorted(self.strays[number]),) if number in self.strays else (),
            )
            for number, members in enumerate(self.members)
            if members
        ]


def _calls(index: int, role: object, message: Mapping[str, Any]) -> list[tuple[Key, Stray]]:
    found: list[tuple[Key, Stray]] = []
    if role is None:
        if message.get("type") in _ITEM_CALLS:
            found.append((_key("item", message.get("call_id")), Stray(index, "", None, True)))
        return found
    calls = message.get("tool_calls")
    if isinstance(calls, (list, tuple)):
        for at, call in enumerate(calls):
            fields = call if type(call) is dict else as_mapping(call) or {}
            found.append((_key("id", fields.get("id")), Stray(index, "tool_calls", at, True)))
    content = message.get("content")
    if role == "assistant" and isinstance(content, (list, tuple)):
        for at, part in enumerate(content):
            block = part if type(part) is dict else as_mapping(part)
            if block is not None and block.get("type") == "tool_use":
                found.append((_key("id", block.get("id")), Stray(index, "content", at, True)))
    function = message.get("function_call")
    if function is not None:
        fields = as_mapping(function) or {}
        stray = Stray(index, "function_call", 0, True)
        found.append((_key("name", fields.get("name")), stray))
    return found


def _results(
    index: int, role: object, message: Mapping[str, Any]
) -> tuple[list[tuple[Key, Stray]], bool]:
    """The results in a message, and whether it has anything besides."""
    if role is None:
        if message.get("type") in _ITEM_RESULTS:
            return [(_key("item", message.get("call_id")), Stray(index, "", None, False))], False
        return [], True
    if role == "tool":
        return [(_key("id", message.get("tool_call_id")), Stray(index, "", None, False))], False
    if role == "function":
        return [(_key("name", message.get("name")), Stray(index, "", None, False))], False
    content = message.get("content")
    if role != "user" or not isinstance(content, (list, tuple)):
        return [], True
    found: list[tuple[Key, Stray]] = []
    said = not content
    for at, part in enumerate(content):
        block = part if type(part) is dict else as_mapping(part)
        if block is not None and block.get("type") == "tool_result":
            found.append((_key("id", block.get("tool_use_id")), Stray(index, "content", at, False)))
        else:
            said = said or bool(part)
    return found, said


def _key(space: str, name: object) -> Key:
    # Whatever cannot be looked up names nothing.
    return space, name if isinstance(name, (str, int)) else None


# ---- what must stay


def is_protected_role(message: Any) -> bool:
    """Whether it is an instruction: a message of role "system" or "developer"."""
    return _role(message) in _INSTRUCTIONS


def _role(message: Any) -> str:
    fields = message if type(message) is dict else as_mapping(message)
    role = None if fields is None else fields.get("role")
    return role if isinstance(role, str) else ""


def has_own_content(message: Any) -> bool:
    """Whether it is a user message with content: not blank, and not only results of calls."""
    fields = message if type(message) is dict else as_mapping(message)
    if fields is None or fields.get("role") != "user":
        return False
    content = fields.get("content")
    if not isinstance(content, (list, tuple)):
        return not _is_blank(content)
    for part in content:
        block = part if type(part) is dict else as_mapping(part)
        if block is None:
            if not _is_blank(part):
                return True
        elif block.get("type") != "tool_result" and not _is_blank(block.get("text", True)):
            return True
    return False


def _is_blank(content: Any) -> bool:
    return not (content.strip() if isinstance(content, str) else content)


def protected(
    messages: Sequence[Any],
    groups: Sequence[Group],
    preserve_last_n: int = 2,
    pinned: Iterable[int] = (),
) -> list[bool]:
    """For each group, whether it must stay.

    So must messages of role "system" and "developer", the last n messages, the pinned ones
    (indices, negative ones from the end), each with its whole group; and if no user message with
    content of its own is among these, the latest one there is.

    Raises ArgumentError for a pinned index out of range, or a negative n; TokenTypeError for what
    is no integer.
    """
    size = len(messages)
    if type(preserve_last_n) is not int:
        raise TokenTypeError(
            f"preserve_last_n must be an integer, not {type(preserve_last_n).__name__}",
            value=preserve_last_n,
        )
    if preserve_last_n < 0:
        raise ArgumentError(f"preserve_last_n must be at least 0: {shown(preserve_last_n)}")
    first = size - preserve_last_n
    marked: set[int] = set()
    for index in pinned:
        if type(index) is not int:
            raise TokenTypeError(
                f"pinned messages are named by their index, not by {type(index).__name__}",
                value=index,
            )
        if not -size <= index < size:
            raise ArgumentError(
                f"there is no message {shown(index)} to be pinned: there are {size}"
            )
        marked.add(index % size)
    instructions = [_role(message) in _INSTRUCTIONS for message in messages]
    stays: list[bool] = []
    for group in groups:
        indices = group.indices
        if len(indices) == 1:
            (index,) = indices
            stays.append(index >= first or instructions[index] or index in marked)
        else:
            some = any(instructions[index] for index in indices)
            stays.append(indices[-1] >= first or some or not marked.isdisjoint(indices))
    if not any(
        stay and any(has_own_content(messages[index]) for index in group.indices)
        for group, stay in zip(reversed(groups), reversed(stays), strict=True)
    ):
        latest, number = -1, -1
        for at, group in enumerate(groups):
            for index in group.indices:
                if index > latest and has_own_content(messages[index]):
                    latest, number = index, at
        if number >= 0:
            stays[number] = True
    return stays
