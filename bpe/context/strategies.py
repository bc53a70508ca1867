"""Which groups stay: the newest ones, or the most important ones.

Both work on costs that add up (`fill_window`, `fill_tiers`), and take their answer to a full count
where they do not (`refined_window`, `refined_choice`).
"""

from __future__ import annotations

from itertools import accumulate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = ["fill_tiers", "fill_window", "refined_choice", "refined_window"]

# Where totals are no sums, dropped groups are tried again with a full count each: all of them if
# they are no more than _TRIED, else fewer the more there are, of those that seem to fit, give or
# take _SLACK tokens, by which a group may be cheaper in the new request than it was in the old one.
_TRIED = 64
_SLACK = 64


def fill_window(costs: Sequence[int], room: int) -> int:
    """How many of the last of these costs fit together; the next older one does not."""
    kept = 0
    for cost in reversed(costs):
        room -= cost
        if room < 0:
            break
        kept += 1
    return kept


def fill_tiers(costs: Sequence[int], tiers: Sequence[int], room: int) -> set[int]:
    """The places of what is kept: higher tiers first, and of each as many as fit.

    Of a tier that does not fit whole, as many groups stay as can.  Of the choices that keep
    equally many of it, it is one in which the first group that goes comes as late as possible:
    what is before that stays cached at the provider.  (What is behind it are then the smallest,
    newer ones first.)  Nothing that is dropped would still fit.
    """
    places: dict[int, list[int]] = {}
    for place, tier in enumerate(tiers):
        places.setdefault(tier, []).append(place)
    kept: set[int] = set()
    for tier in sorted(places, reverse=True):
        members = places[tier]
        total = sum([costs[place] for place in members])
        if total > room:
            members = _most_and_latest(members, costs, room)
            total = sum([costs[place] for place in members])
        kept.update(members)
        room -= total
    return kept


def _most_and_latest(members: list[int], costs: Sequence[int], room: int) -> list[int]:
    by_cost = sorted(members, key=lambda place: (costs[place], -place))
    most = 0
    for total in accumulate([costs[place] for place in by_cost]):
        if total > room:
            break
        most += 1
    if not most:
        return []

    def with_first(count: int) -> list[int] | None:
        """The first so many, and the smallest of the rest, if they fit."""
        first = members[:count]
        last = members[count - 1] if count else -1
        rest = [place for place in by_cost if place > last][: most - count]
        chosen = [*first, *rest]
        return chosen if sum([costs[place] for place in chosen]) <= room else None

    low, high = 0, most
    best = by_cost[:most]
    while low < high:
        middle = (low + high + 1) // 2
        chosen = with_first(middle)
        if chosen is None:
            high = middle - 1
        else:
            best, low = chosen, middle
    return best


def refined_window(first: int, size: int, fits: Callable[[int], bool]) -> int:
    """How many of the last of `size` groups stay, by full counts: `first` is the estimate.

    It gallops from the estimate and bisects: O(log of how far off it was) counts.  The answer
    fits, and one more does not.
    """
    if first > 0 and not fits(first):
        high, step = first, 1
        while True:
            low = max(0, first - step)
            if low == 0 or fits(low):
                break
            high, step = low, 2 * step
    else:
        low, step = first, 1
        while True:
            high = min(size + 1, first + step)
            if high > size or not fits(high):
                break
            low, step = high, 2 * step
    while low + 1 < high:
        middle = (low + high) // 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return low


def refined_choice(
    choose: Callable[[int], set[int]],
    room: int,
    limit: int,
    cost: Callable[[Collection[int]], int],
    costs: Sequence[int],
    tiers: Sequence[int],
    scale: int,
) -> set[int]:
    """What is kept, by full counts: `choose(room)` takes estimates, `cost(kept)` counts all.

    Then what was dropped and seems to fit is tried, the important first, each with a full count,
    up to a number of them.
    """
    kept = choose(room)
    rounds = 0
    while kept:
        excess = cost(kept) - limit
        if excess <= 0:
            break
        rounds += 1
        room -= max(excess, scale) * rounds
        kept = choose(room) if room > 0 else set()
    left = limit - cost(kept)
    if left < 0:
        return kept
    dropped = [place for place in range(len(costs)) if place not in kept]
    tried = len(dropped)
    if tried > _TRIED:
        dropped = [place for place in dropped if costs[place] <= left + _SLACK * scale]
        tried = max(4, _TRIED * _TRIED // tried)
    dropped.sort(key=lambda place: (-tiers[place], costs[place], -place))
    for place in dropped[:tried]:
        more = kept | {place}
        if cost(more) <= limit:
            kept = more
    return kept
