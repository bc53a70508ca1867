"""Draft: a conversation while it is compressed."""

from __future__ import annotations

from ..errors import TokenCountError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any

    from .groups import Group
    from .meter import Meter, Sizes

__all__ = ["Draft"]


class Draft:
    """The messages as they are to be, their groups, and what they take.

    - `stays`: for each group whether it is protected; `droppable`: the numbers of all others.
    - `tokens`, `costs`: of each message; sums of them if the meter is additive, else estimates.
    """

    __slots__ = (
        "costs",
        "droppable",
        "fixed",
        "groups",
        "messages",
        "meter",
        "overhead",
        "overhead_tokens",
        "stays",
        "tokens",
    )

    def __init__(
        self,
        messages: list[Any],
        groups: list[Group],
        stays: list[bool],
        sizes: Sizes,
        meter: Meter,
    ) -> None:
        self.messages = messages
        self.groups = groups
        self.stays = stays
        self.meter = meter
        self.tokens = sizes.tokens
        self.costs = sizes.costs
        self.overhead = sizes.overhead
        self.overhead_tokens = sizes.total_tokens - sum(sizes.tokens)
        self.droppable = [number for number, stay in enumerate(stays) if not stay]
        self.fixed = 0
        self.sum_up()

    def sum_up(self) -> None:
        """`fixed`, the cost of what is protected, is counted again."""
        if self.meter.additive:
            costs = self.costs
            self.fixed = self.overhead + sum([costs[index] for index in self.protected_indices()])
        else:
            self.fixed = self.meter.cost(self.chosen(()))

    def protected_indices(self) -> list[int]:
        """The messages of protected groups, group by group."""
        return [
            index
            for group, stay in zip(self.groups, self.stays, strict=True)
            if stay
            for index in group.indices
        ]

    def group_costs(self) -> list[int]:
        """The cost of each droppable group."""
        costs, groups = self.costs, self.groups
        return [
            costs[groups[number].indices[0]]
            if len(groups[number].indices) == 1
            else sum([costs[index] for index in groups[number].indices])
            for number in self.droppable
        ]

    def kept_indices(self, places: Collection[int]) -> list[int]:
        """The messages that are kept with these of the droppable groups, in their order."""
        kept = self.protected_indices()
        for place in places:
            kept += self.groups[self.droppable[place]].indices
        kept.sort()
        return kept

    def chosen(self, places: Collection[int]) -> list[Any]:
        """The same, as messages."""
        return [self.messages[index] for index in self.kept_indices(places)]

    def cost(self, places: Collection[int]) -> int:
        """The cost of a request with these of the droppable groups.

        What the format does not take fits nowhere: so many tokens no window has.
        """
        if self.meter.additive:
            groups, costs = self.groups, self.costs
            return self.fixed + sum(
                [costs[index] for at in places for index in groups[self.droppable[at]].indices]
            )
        try:
            return self.meter.cost(self.chosen(places))
        except TokenCountError:
            return (1 << 60) * self.meter.scale

    def total(self, indices: Iterable[int]) -> int:
        """The tokens of a request with these messages."""
        if self.meter.additive:
            return self.overhead_tokens + sum([self.tokens[index] for index in indices])
        return self.meter.total([self.messages[index] for index in indices])[0]

    def exchange(self, changes: Mapping[int, Any]) -> None:
        """Other messages in the place of these; what they take is measured."""
        if not changes:
            return
        sizes = self.meter.tokens_of([*changes.values()])
        if self.tokens is self.costs:
            self.tokens = self.costs = [*self.tokens]
        for at, (index, message) in enumerate(changes.items()):
            self.messages[index] = message
            self.tokens[index] = sizes.tokens[at]
            self.costs[index] = sizes.costs[at]
