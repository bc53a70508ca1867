"""The hybrid strategy: tool results give way before groups go."""

from __future__ import annotations

from .clearing import clearings, find_results
from .compressed import CLEARED, DEDUPLICATED
from .scoring import tiers_of
from .strategies import fill_tiers, refined_choice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .clearing import Clearing
    from .draft import Draft

__all__ = ["choose_by_tiers", "choose_hybrid"]

# Rounds of clearing by estimated costs, where totals are no sums; then everything is cleared.
_ROUNDS = 6
# Results that are tried to be restored there; each takes a full count.
_RESTORED = 8


def choose_by_tiers(draft: Draft, limit: int, tiers: list[int]) -> set[int]:
    """The droppable groups that stay, by importance; nothing that goes would still fit."""
    costs = draft.group_costs()
    if draft.meter.additive:
        return fill_tiers(costs, tiers, limit - draft.fixed)
    return refined_choice(
        lambda room: fill_tiers(costs, tiers, room),
        limit - draft.fixed,
        limit,
        draft.cost,
        costs,
        tiers,
        draft.meter.scale,
    )


def choose_hybrid(draft: Draft, limit: int) -> tuple[set[int], dict[int, str]]:
    """The droppable groups that stay, and what was done to messages of theirs.

    As long as it is needed, and the oldest first: results that a newer one equals become a
    reference, then results are cleared, then groups go by importance.  Then what room there is
    takes results back, the newest first.
    """
    tiers = tiers_of(draft.messages, [draft.groups[number] for number in draft.droppable])
    every = {*range(len(draft.droppable))}
    originals = [*draft.messages]
    work = _Clearer(draft, limit, every)
    work.clear()
    if draft.cost(every) <= limit:
        kept = every
    else:
        while True:
            kept = choose_by_tiers(draft, limit, tiers)
            # A result that is cleared may be longer than the reference it was before.
            if not work.settle(originals, kept) or draft.cost(kept) <= limit:
                break
        kept = _refilled(draft, limit, kept, tiers)
    work.restore(originals, kept)
    return kept, work.done


class _Clearer:
    """Exchanges messages for those that stand for them; `done` says which, and how."""

    def __init__(self, draft: Draft, limit: int, every: set[int]) -> None:
        self.draft = draft
        self.limit = limit
        self.every = every
        self.done: dict[int, str] = {}
        allowed = {index for number in draft.droppable for index in draft.groups[number].indices}
        found = find_results(draft.messages, draft.meter)
        self.plan = clearings(found, draft.messages, allowed, draft.meter)

    def clear(self) -> None:
        """References, then clearing, as far as needed."""
        self._until(
            lambda each: each.referring,
            [each for each in self.plan if each.referring is not None],
            DEDUPLICATED,
        )
        self._until(
            lambda each: each.cleared,
            [each for each in self.plan if each.cleared is not None],
            CLEARED,
        )

    def _until(self, made: Callable[[Clearing], object], plan: list[Clearing], kind: str) -> None:
        draft = self.draft
        if not plan:
            return
        sizes = draft.meter.tokens_of([made(each) for each in plan])
        at = rounds = 0
        while at < len(plan):
            excess = draft.cost(self.every) - self.limit
            if excess <= 0:
                return
            rounds += 1
            changes: dict[int, object] = {}
            while at < len(plan) and (excess > 0 or rounds > _ROUNDS):
                each = plan[at]
                saved = draft.costs[each.index] - sizes.costs[at]
                if saved > 0:
                    changes[each.index] = made(each)
                    self.done[each.index] = kind
                    excess -= saved
                at += 1
            draft.exchange(changes)

    def settle(self, originals: list[object], kept: set[int]) -> bool:
        """References to what is gone say instead that the result was cleared; whether any did."""
        draft = self.draft
        there = {*draft.kept_indices(kept)}
        changes: dict[int, object] = {}
        for each in self.plan:
            if self.done.get(each.index) != DEDUPLICATED or each.index not in there:
                continue
            if all(at in there and self.done.get(at) != CLEARED for at in each.targets):
                continue
            if each.cleared is not None:
                changes[each.index] = each.cleared
                self.done[each.index] = CLEARED
            else:
                changes[each.index] = originals[each.index]
                del self.done[each.index]
        draft.exchange(changes)
        return bool(changes)

    def restore(self, originals: list[object], kept: set[int]) -> None:
        """Cleared results come back where there is room, the newest first."""
        draft = self.draft
        there = {*draft.kept_indices(kept)}
        back = [
            each.index
            for each in reversed(self.plan)
            if each.index in there and self.done.get(each.index) == CLEARED
        ]
        if not back:
            return
        sizes = draft.meter.tokens_of([originals[index] for index in back])
        left = self.limit - draft.cost(kept)
        tried = 0
        for at, index in enumerate(back):
            more = sizes.costs[at] - draft.costs[index]
            if more > left:
                continue
            changed = draft.messages[index]
            draft.exchange({index: originals[index]})
            if not draft.meter.additive:
                now = self.limit - draft.cost(kept)
                tried += 1
                if now < 0:
                    draft.exchange({index: changed})
                else:
                    left = now
                    del self.done[index]
                if tried == _RESTORED:
                    return
                continue
            left -= more
            del self.done[index]


def _refilled(draft: Draft, limit: int, kept: set[int], tiers: list[int]) -> set[int]:
    """A last look for groups that fit, after messages were exchanged."""
    if not draft.meter.additive:
        return kept
    costs = draft.group_costs()
    left = limit - draft.cost(kept)
    dropped = [place for place in range(len(costs)) if place not in kept]
    for place in sorted(dropped, key=lambda place: (-tiers[place], costs[place], -place)):
        if costs[place] <= left:
            kept.add(place)
            left -= costs[place]
    return kept
