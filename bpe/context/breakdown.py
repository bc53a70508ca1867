"""What a count is made of: parts, messages, and the whole request."""

from __future__ import annotations

from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Breakdown", "MessageCount", "PartCount", "certainty"]


@dataclass(frozen=True, slots=True)
class PartCount:
    """Tokens of one part of a message.

    `kind` is "role", "name", "text", "tool_call", "tool_result", "image", "audio", "file",
    "refusal", "thinking", "other" (a part of a type that is not known here) or "framing" (what
    stands round a message).  `error` is relative, 0.0 when `exact`.
    """

    kind: str
    tokens: int
    exact: bool
    error: float


@dataclass(frozen=True, slots=True)
class MessageCount:
    """Tokens of one message, which is `messages[index]`; `tokens` is the sum of its parts'."""

    index: int
    role: str
    tokens: int
    parts: tuple[PartCount, ...]
    exact: bool
    error: float

    @classmethod
    def of(cls, index: int, role: str, parts: Iterable[PartCount]) -> MessageCount:
        """The sum of `parts`."""
        parts = tuple(parts)
        exact, error = certainty((part.tokens, part.exact, part.error) for part in parts)
        return cls(index, role, sum(part.tokens for part in parts), parts, exact, error)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Tokens of a whole request: `total == sum(of messages) + tools + reply`.

    `tools` are the definitions and the choice among them, `reply` is what opens the answer.
    `encoding` is the bundled encoding that text was counted with, None if it was another counter.
    `error` is relative to the total: the average over all tokens of the errors of their parts.
    """

    model: str
    encoding: str | None
    total: int
    messages: tuple[MessageCount, ...]
    tools: int
    reply: int
    exact: bool
    error: float


def certainty(counts: Iterable[tuple[int, bool, float]]) -> tuple[bool, float]:
    """`exact` and `error` of a sum of (tokens, exact, error): every token weighs the same."""
    total = 0
    weighted = 0.0
    exact = True
    for tokens, is_exact, error in counts:
        total += tokens
        weighted += tokens * error
        exact = exact and is_exact
    return exact, weighted / total if total > 0 and weighted else 0.0
