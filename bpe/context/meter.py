"""Meter: what messages take of a budget, each on its own and all together.

Where text is counted exactly, a message takes its tokens.  Where it is estimated, it takes its
tokens x (1 + error), with the larger of the counter's error and the message's own (which its parts
make up), so that both (1 + error) x the total of `count_breakdown` and (1 + the counter's error) x
the total fit.  Such costs are whole numbers of millionths of a token, or sums of them would
depend on their order.
"""

from __future__ import annotations

from math import ceil

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .breakdown import Breakdown
    from .counter import ModelCounter
    from .counting import Framing

__all__ = ["Meter", "Remembering", "Sizes"]

_MILLION = 1_000_000


class Sizes:
    """What messages take: `tokens` and `costs` of each; the totals include `overhead`, the cost of
    all that is no message.  Costs are in units of 1 / `Meter.scale` tokens.
    """

    __slots__ = ("costs", "overhead", "tokens", "total_cost", "total_tokens")

    def __init__(self, tokens: list[int], costs: list[int], total: int, overhead: int) -> None:
        self.tokens = tokens
        self.costs = costs
        self.overhead = overhead
        self.total_tokens = total
        self.total_cost = sum(costs) + overhead


class Meter:
    """Measures requests of one model with these tools.

    `additive`: the cost of a message is the same in any request, and sums are exact; otherwise the
    costs of single messages are those in the request they were measured in.
    """

    __slots__ = ("_choice", "_error", "_tools", "additive", "counter", "framing", "scale")

    def __init__(self, framing: Framing, tools: object, tool_choice: object) -> None:
        self.counter = framing.counter
        self.additive = framing.additive
        self._tools = tools
        self._choice = tool_choice
        self._error = 0.0 if self.counter.exact else self.counter.error
        self.scale = 1 if self.counter.exact else _MILLION
        self.framing = framing

    def measure(self, messages: Sequence[Any]) -> Sizes:
        """All messages, in one count."""
        each = getattr(self.framing, "tokens_each", None)
        if each is not None and self.scale == 1:
            tokens: list[int] = each(messages)
            overhead = self.framing.overhead(messages, self._tools, self._choice)
            return Sizes(tokens, tokens, sum(tokens) + overhead, overhead)
        return self._measured(self.framing.breakdown(messages, self._tools, self._choice))

    def _measured(self, found: Breakdown) -> Sizes:
        tokens = [message.tokens for message in found.messages]
        rest = found.total - sum(tokens)
        if self.scale == 1:
            return Sizes(tokens, tokens, found.total, rest)
        costs = [
            ceil(_MILLION * message.tokens * (1.0 + max(self._error, message.error)))
            for message in found.messages
        ]
        # The breakdown gives the error of tools and reply only within that of the total.
        apart = sum([message.tokens * message.error for message in found.messages])
        surplus = max(found.total * found.error - apart, rest * self._error)
        # Rounded, because what is left of the digits depends on the messages.
        overhead = ceil(round(_MILLION * (rest + surplus), 2))
        return Sizes(tokens, costs, found.total, overhead)

    def total(self, messages: Sequence[Any]) -> tuple[int, int]:
        """Tokens and cost of a request."""
        if self.scale == 1:
            tokens = self.framing.count(messages, self._tools, self._choice)
            return tokens, tokens
        sizes = self.measure(messages)
        return sizes.total_tokens, sizes.total_cost

    def cost(self, messages: Sequence[Any]) -> int:
        """The cost of a request."""
        return self.total(messages)[1]

    def tokens_of(self, messages: Sequence[Any]) -> Sizes:
        """Messages that are measured one by one, apart from any request; no overhead."""
        if self.additive:
            each = getattr(self.framing, "tokens_each", None)
            if each is None or self.scale != 1:
                found = self._measured(self.framing.breakdown(messages))
                return Sizes(found.tokens, found.costs, sum(found.tokens), 0)
            tokens: list[int] = each(messages)
            return Sizes(tokens, tokens, sum(tokens), 0)
        tokens = [self.framing.message_tokens(message) for message in messages]
        costs = [ceil(self.scale * each * (1.0 + self._error)) for each in tokens]
        return Sizes(tokens, costs, sum(tokens), 0)

    def in_tokens(self, cost: int) -> int:
        """A cost in tokens, rounded up."""
        return -(-cost // self.scale)


class Remembering:
    """A counter that keeps the counts of texts, for as long as one conversation is compressed."""

    __slots__ = ("_count", "_known", "error", "exact", "name")

    def __init__(self, counter: ModelCounter) -> None:
        self.exact = counter.exact
        self.error = counter.error
        self.name = counter.encoding
        self._count = counter.count
        self._known: dict[str, int] = {}

    def count(self, text: str) -> int:
        """The number of tokens of `text`."""
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._count(text)
        return known
