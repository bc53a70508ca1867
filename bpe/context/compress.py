"""compress_context: a conversation that provably fits a budget of tokens.

What it keeps to, for every strategy:

1. The result has at most `max_tokens`, by `count_messages` with the same tools; where the count is
   an estimate, count x (1 + error) fits too (meter.py).
2. Messages keep their order; groups (groups.py) stay or go whole, so that no call loses its result.
3. What is protected stays as it is, unless that alone does not fit.
4. What fits comes back unchanged, the same objects; so compressing twice changes nothing.
5. Nothing goes without need: no dropped group would still fit; of a window, the next older one.
6. Texts are shortened to head and tail, JSON to JSON, with the marker counted (shorten.py).
7. Of the choices that are equally good, the one that changes the conversation latest, because
   providers cache prompts up to the first change.  A window has no choice: it is as long as it
   can be.  By importance groups have tiers (scoring.py); of the tier that does not fit whole as
   many groups stay as can, and of all ways to keep as many of it, it is one whose first dropped
   group comes as late as possible.  With `target_tokens` below `max_tokens` a cut goes deeper than
   it must, and for the next turns, until `max_tokens` is reached again, nothing changes at all.

Counting is one pass over all texts, and what follows is linear in the number of messages (but for
sorting).  Where a total is no sum over messages (DeepSeek's formats), cuts are found by bisection,
with a few full counts that encode no text twice.
"""

from __future__ import annotations

from operator import itemgetter

from ..arguments import shown
from ..errors import ArgumentError, BudgetError, TokenTypeError
from .clearing import find_results, pruned
from .compressed import (
    CLEARED,
    DEDUPLICATED,
    ORPHANED,
    REMOVED,
    SHORTENED,
    Action,
    CompressedContext,
)
from .counting import framing_for
from .draft import Draft
from .groups import groups_of, protected
from .messages import listed
from .meter import Meter, Remembering
from .strategies import fill_window, refined_window
from .tools import listed_tools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Literal

    from .counter import Counter
    from .groups import Group
    from .meter import Sizes

__all__ = ["compress_context", "prune_tool_results"]

STRATEGIES = ("window", "importance", "hybrid")
ORPHANS = ("keep", "drop")
ON_OVERFLOW = ("error", "truncate")


def compress_context(
    messages: Iterable[Any],
    max_tokens: int,
    preserve_last_n: int = 2,
    *,
    model: str = "gpt-4o",
    counter: Counter | None = None,
    tools: Iterable[Any] | None = None,
    tool_choice: object = None,
    strategy: Literal["window", "importance", "hybrid"] = "window",
    orphans: Literal["keep", "drop"] = "keep",
    on_overflow: Literal["error", "truncate"] = "error",
    target_tokens: int | None = None,
    pinned: Iterable[int] = (),
) -> CompressedContext:
    """The conversation, with groups of messages left out until it has at most `max_tokens`.

    An assistant message with its calls and all their results is a group, and so is any other
    message.  Protected are messages of role "system" and "developer", the last `preserve_last_n`
    messages and the `pinned` ones (indices), each with its group; and the latest user message with
    content of its own, if none is among these.

    - `model`, `counter`, `tools`, `tool_choice`: as for `count_messages`.
    - `strategy`: "window" keeps the newest groups; "importance" the most important ones; "hybrid"
      first replaces tool results by references to equal, newer ones, then clears the oldest to
      `[cleared: N tokens]`, and then lets groups go by importance.
    - `orphans`: "drop" takes out calls without results (unless nothing but results comes after
      them: those are pending) and results without calls, whether or not the input fits.
    - `on_overflow`: what happens if the protected messages alone are too long.  "truncate" shortens
      their tool results, then what assistants said, then what users said, never system text or
      calls.
    - `target_tokens`: if the input exceeds `max_tokens`, it is cut down to this instead, as far as
      what is protected allows.

    The given messages are never changed.  Raises BudgetError, with `needed` and `available`, if
    the protected messages do not fit; TokenCountError for malformed messages; ArgumentError and
    TokenTypeError for arguments that make no sense (a pinned index out of range is one as soon as
    something has to go).

    >>> talk = [{"role": "user", "content": f"This is message {i}."} for i in range(10)]
    >>> made = compress_context(talk, 40)
    >>> made.total_tokens, made.original_tokens, made.selected_indices
    (33, 103, [7, 8, 9])
    """
    if type(max_tokens) is not int:
        raise _no_integer("max_tokens", max_tokens)
    _check(max_tokens, preserve_last_n, strategy, orphans, on_overflow, target_tokens)
    given = [*listed(messages)]
    framing = framing_for(model, counter=counter)
    if not framing.additive:
        framing = framing_for(model, counter=Remembering(framing.counter))
    meter = Meter(framing, listed_tools(tools), tool_choice)
    sizes = meter.measure(given)
    limit = max_tokens * meter.scale
    original = sizes.total_tokens
    size = len(given)
    if orphans == "keep" and sizes.total_cost <= limit:
        return CompressedContext.of(given, original, original, size, [*range(size)], [])
    groups = groups_of(given)
    actions: list[Action] = []
    kept, origin = given, [*range(size)]
    try:
        pins = [*pinned]
    except TypeError:
        raise TokenTypeError(
            f"pinned must be a list of indices, not {type(pinned).__name__}", value=pinned
        ) from None
    if orphans == "drop":
        kept, origin, groups, sizes, actions = _orphans_dropped(given, groups, sizes, meter)
        pins = _carried(pins, origin, size)
        if sizes.total_cost <= limit:
            total = sizes.total_tokens
            return CompressedContext.of(kept, total, original, size, origin, actions)
    draft = Draft([*kept], groups, protected(kept, groups, preserve_last_n, pins), sizes, meter)
    before = sizes.tokens
    if draft.fixed > limit:
        actions += _overflow(draft, limit, on_overflow, origin)
    if target_tokens is not None:
        limit = min(limit, target_tokens * meter.scale)
    changed: dict[int, str] = {}
    places = _choose(draft, limit, strategy, changed)
    indices = draft.kept_indices(places)
    there = {*indices}
    tokens = draft.tokens
    for index, kind in changed.items():
        if index in there:
            actions.append(Action(kind, origin[index], before[index] - tokens[index]))
    for index, was in enumerate(before):
        if index not in there:
            # Of all that is done here this is done most often.
            actions.append(_new(Action, (REMOVED, origin[index], was)))
    actions.sort(key=_by_index)
    left = draft.messages
    return CompressedContext.of(
        [left[index] for index in indices],
        draft.total(indices),
        original,
        size,
        [origin[index] for index in indices],
        actions,
    )


def prune_tool_results(
    messages: Iterable[Any],
    keep_last: int = 3,
    *,
    model: str = "gpt-4o",
    counter: Counter | None = None,
) -> CompressedContext:
    """The conversation with all but the last `keep_last` results of tools cleared.

    A result becomes a reference to a newer one that it equals, else `[cleared: N tokens]`, if that
    is shorter; no message goes.  A message with several results counts once for each.  Errors as
    of `compress_context`.

    >>> call = {"id": "a", "type": "function", "function": {"name": "read", "arguments": "{}"}}
    >>> made = prune_tool_results([
    ...     {"role": "assistant", "content": None, "tool_calls": [call]},
    ...     {"role": "tool", "tool_call_id": "a", "content": "all work and no play " * 20},
    ... ], keep_last=0)
    >>> made.messages[1]["content"]
    '[cleared: 101 tokens]'
    """
    if type(keep_last) is not int:
        raise _no_integer("keep_last", keep_last)
    if keep_last < 0:
        raise ArgumentError(f"keep_last must be at least 0: {shown(keep_last)}")
    given = [*listed(messages)]
    meter = Meter(framing_for(model, counter=counter), None, None)
    sizes = meter.measure(given)
    found = find_results(given, meter)
    spared = {result.index for result in found[max(0, len(found) - keep_last) :]}
    changes = pruned(found, given, spared, meter)
    measured = meter.tokens_of([made for _, made in changes.values()]).tokens
    before = meter.tokens_of([given[index] for index in changes]).tokens
    actions: list[Action] = []
    left = [*given]
    for at, (index, (refers, made)) in enumerate(changes.items()):
        saved = before[at] - measured[at]
        if saved > 0:
            left[index] = made
            actions.append(Action(DEDUPLICATED if refers else CLEARED, index, saved))
    total = meter.total(left)[0] if actions else sizes.total_tokens
    indices = [*range(len(given))]
    return CompressedContext.of(left, total, sizes.total_tokens, len(given), indices, actions)


def _choose(draft: Draft, limit: int, strategy: str, changed: dict[int, str]) -> set[int]:
    """The droppable groups that stay; `changed` learns what was done to messages of theirs."""
    if strategy == "hybrid":
        from .hybrid import choose_hybrid

        places, done = choose_hybrid(draft, limit)
        changed.update(done)
        return places
    if strategy == "importance":
        from .hybrid import choose_by_tiers
        from .scoring import tiers_of

        groups = [draft.groups[number] for number in draft.droppable]
        return choose_by_tiers(draft, limit, tiers_of(draft.messages, groups))
    count = len(draft.droppable)
    kept = fill_window(draft.group_costs(), limit - draft.fixed)
    if not draft.meter.additive:

        def fits(some: int) -> bool:
            return draft.cost(range(count - some, count)) <= limit

        kept = refined_window(kept, count, fits)
    return {*range(count - kept, count)}


def _overflow(draft: Draft, limit: int, on_overflow: str, origin: list[int]) -> list[Action]:
    """Shortens what is protected until it fits, or raises BudgetError."""
    meter = draft.meter
    available = limit // meter.scale
    needed = meter.in_tokens(draft.fixed)
    about = "" if meter.scale == 1 else " (with the error of the estimate)"
    if on_overflow == "error":
        raise BudgetError(
            f"the protected messages need {needed} tokens{about}, and max_tokens is {available}; "
            'on_overflow="truncate" shortens their texts',
            needed=needed,
            available=available,
        )
    from .overflow import shorten_protected

    saved = shorten_protected(draft, limit)
    if draft.fixed > limit:
        least = meter.in_tokens(draft.fixed)
        raise BudgetError(
            f"the protected messages need {least} tokens{about} with all texts shortened that may "
            f"be, and max_tokens is {available}",
            needed=least,
            available=available,
        )
    return [Action(SHORTENED, origin[index], tokens) for index, tokens in saved.items()]


def _orphans_dropped(
    given: list[Any], groups: list[Group], sizes: Sizes, meter: Meter
) -> tuple[list[Any], list[int], list[Group], Sizes, list[Action]]:
    """What is left, where each message stood, and what was done."""
    if not any(group.strays for group in groups):
        return given, [*range(len(given))], groups, sizes, []
    from .orphans import without_orphans

    left, origin, groups = without_orphans(given, groups)
    now = meter.measure(left)
    gone = {*range(len(given))}.difference(origin)
    actions = [Action(ORPHANED, index, sizes.tokens[index]) for index in gone]
    for at, index in enumerate(origin):
        if left[at] is not given[index]:
            actions.append(Action(ORPHANED, index, sizes.tokens[index] - now.tokens[at]))
    actions.sort(key=_by_index)
    return left, origin, groups, now, actions


def _carried(pins: list[int], origin: list[int], size: int) -> list[int]:
    """Pinned indices of the input, as those of what is left of it; others as they are."""
    if len(origin) == size:
        return pins
    now = {index: at for at, index in enumerate(origin)}
    carried: list[int] = []
    for pin in pins:
        if type(pin) is int and -size <= pin < size:
            if pin % size in now:
                carried.append(now[pin % size])
        else:
            # protected() says what is wrong with it.
            carried.append(pin)
    return carried


_by_index = itemgetter(1)
_new = tuple.__new__


def _check(
    max_tokens: int,
    preserve_last_n: object,
    strategy: object,
    orphans: object,
    on_overflow: object,
    target_tokens: object,
) -> None:
    if type(preserve_last_n) is not int:
        raise _no_integer("preserve_last_n", preserve_last_n)
    if target_tokens is not None and type(target_tokens) is not int:
        raise _no_integer("target_tokens", target_tokens)
    for name, number in (
        ("max_tokens", max_tokens),
        ("preserve_last_n", preserve_last_n),
        ("target_tokens", target_tokens),
    ):
        if number is not None and number < 0:
            raise ArgumentError(f"{name} must be at least 0: {shown(number)}")
    for name, value, known in (
        ("strategy", strategy, STRATEGIES),
        ("orphans", orphans, ORPHANS),
        ("on_overflow", on_overflow, ON_OVERFLOW),
    ):
        if value not in known:
            raise ArgumentError(f"{name} must be one of {', '.join(known)}, not {shown(value)}")


def _no_integer(name: str, value: object) -> TokenTypeError:
    return TokenTypeError(f"{name} must be an integer, not {type(value).__name__}", value=value)
