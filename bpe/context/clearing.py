"""Old tool results cleared, and equal ones replaced by a reference to the newest."""

from __future__ import annotations

from typing import NamedTuple

from .messages import compact_json
from .shorten import cleared
from .texts import results_in, with_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from .meter import Meter
    from .texts import Path

__all__ = ["Clearing", "Found", "clearings", "find_results", "pruned", "reference"]


# How texts begin that stand for others already.
_DONE = ("[cleared: ", "[same as ")


class Found(NamedTuple):
    """A tool result: its message and path there, its text, the id of its call, its tokens."""

    index: int  # type: ignore[assignment]  # the name of a tuple's method, too
    path: Path
    text: str
    call_id: object
    tokens: int


class Clearing(NamedTuple):
    """What may stand for `messages[index]`.

    `cleared` has all results cleared that this makes shorter, None if it makes none; `referring`
    has references in the place of results which a newer one, in one of the messages `targets`,
    equals; None if there are none.
    """

    index: int  # type: ignore[assignment]
    cleared: dict[str, Any] | None
    referring: dict[str, Any] | None
    targets: tuple[int, ...]


def reference(call_id: object) -> str:
    """What stands for a result that the newer one of this call equals."""
    if isinstance(call_id, str) and call_id:
        return f"[same as the newer result of {call_id}]"
    return "[same as a newer result]"


def find_results(messages: Sequence[Any], meter: Meter) -> list[Found]:
    """All results of calls, in their order; those of parts have the text of their JSON."""
    places: list[tuple[int, Path, str, object, object]] = []
    for index, message in enumerate(messages):
        if type(message) is dict and message.get("role") in ("system", "assistant"):
            continue
        for path, value, call_id in results_in(message):
            if value is not None:
                text = value if isinstance(value, str) else compact_json(value, path)
                places.append((index, path, text, call_id, value))
    counts = meter.counter.count_batch([place[2] for place in places])
    framing = meter.framing
    found: list[Found] = []
    for (index, path, text, call_id, value), tokens in zip(places, counts, strict=True):
        if isinstance(value, (list, tuple)):
            # Parts are not counted as their JSON.
            whole = framing.message_tokens({"role": "user", "content": value})
            tokens = whole - framing.message_tokens({"role": "user", "content": ""})
        found.append(Found(index, path, text, call_id, tokens))
    return found


def clearings(
    found: Sequence[Found], messages: Sequence[Any], allowed: Collection[int], meter: Meter
) -> list[Clearing]:
    """What may stand for each of the messages `allowed`, in their order."""
    newest: dict[str, Found] = {}
    for result in found:
        newest[result.text] = result
    by_message: dict[int, list[Found]] = {}
    for result in found:
        if result.index in allowed:
            by_message.setdefault(result.index, []).append(result)
    count = meter.counter.count
    made: list[Clearing] = []
    for index, results in by_message.items():
        empty: dict[Path, object] = {}
        equal: dict[Path, object] = {}
        targets: list[int] = []
        for result in results:
            if result.text.startswith(_DONE):
                continue
            marker = cleared(result.tokens)
            if result.tokens > count(marker):
                empty[result.path] = marker
            latest = newest[result.text]
            if latest.index > index:
                said = reference(latest.call_id)
                if result.tokens > count(said):
                    equal[result.path] = said
                    targets.append(latest.index)
        if empty or equal:
            message = messages[index]
            made.append(
                Clearing(
                    index,
                    with_values(message, empty) if empty else None,
                    with_values(message, equal) if equal else None,
                    (*targets,),
                )
            )
    return made


def pruned(
    found: Sequence[Found], messages: Sequence[Any], spared: Collection[int], meter: Meter
) -> dict[int, tuple[bool, dict[str, Any]]]:
    """All messages with results but the spared ones, with each result replaced where that is
    shorter: by a reference to an equal one that is spared, else cleared.  The flag says whether
    there are only references.
    """
    newest = {result.text: result for result in found if result.index in spared}
    count = meter.counter.count
    changes: dict[int, dict[Path, object]] = {}
    clears: set[int] = set()
    for result in found:
        if result.index in spared or result.text.startswith(_DONE):
            continue
        latest = newest.get(result.text)
        said = None if latest is None else reference(latest.call_id)
        if said is None or count(said) >= result.tokens:
            said = cleared(result.tokens)
            if count(said) >= result.tokens:
                continue
            clears.add(result.index)
        changes.setdefault(result.index, {})[result.path] = said
    return {
        index: (index not in clears, with_values(messages[index], values))
        for index, values in changes.items()
    }
