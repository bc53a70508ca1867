"""Estimators: Counters that say how exact they are, from a rule of thumb to the real tokenizer.

    Heuristic   characters / 3                  no vocabulary, no state; the same for every model
    Calibrated  a ratio for each kind of text   learns from samples that the tokenizer counts
    Exact       the model's own tokenizer       refuses a model whose tokenizer is not known

Each has `count(text)` and `count_up_to(text, limit)`, `exact`, `error` (relative), and
`count_request(messages, system_prompt)` for the prompt of a whole request.  `estimator` makes any
of them.
"""

from __future__ import annotations

from typing import Literal, Protocol

from ..arguments import shown
from ..errors import ArgumentError, TokenTypeError
from .calibrated import Calibrated, KindReport, check_limit
from .prompts import check_system_prompt, with_system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from .counter import Counter
    from .prompts import Messages

__all__ = ["Calibrated", "Estimator", "Exact", "Heuristic", "KindReport", "estimator"]

# Of the conservative total: what texts may have more tokens than the rule says, and what a chat's
# format adds to each message and to the whole, rounded up from the formats that are public.
SURPLUS_NUMERATOR, SURPLUS_DENOMINATOR = 3, 2
PER_MESSAGE = 12
PER_REQUEST = 48

# Parts that PER_MESSAGE stands for.
_FRAMING = ("framing", "role")


class Estimator(Protocol):
    """A Counter that says how far it may be off, and counts whole requests too."""

    @property
    def exact(self) -> bool:
        """Whether `count` is the number of tokens, and no estimate of it."""
        ...

    @property
    def error(self) -> float:
        """The relative error to expect of a text: 0.0 where exact."""
        ...

    def count(self, text: str) -> int:
        """The number of tokens of `text`."""
        ...

    def count_up_to(self, text: str, limit: int) -> int:
        """`count(text)` if that is at most `limit`, else `limit + 1`."""
        ...

    def count_request(
        self,
        messages: Messages,
        system_prompt: str = "",
        tools: Sequence[Mapping[str, Any]] | None = None,
    ) -> int:
        """The number of tokens of a request's prompt."""
        ...


class Heuristic:
    """The number of characters divided by three, rounded up; an empty text has none.

    `chars_per_token` 3 is low for English prose (about 4 characters a token), and too high for
    Chinese, Japanese and Korean (1 to 2.5), of which it counts too few.

    >>> Heuristic().count("hello world")
    4
    """

    __slots__ = ("chars_per_token",)

    exact = False

    def __init__(self, chars_per_token: int = 3) -> None:
        if type(chars_per_token) is not int or chars_per_token < 1:
            raise ArgumentError(
                f"chars_per_token must be an integer, at least 1: {shown(chars_per_token)}"
            )
        self.chars_per_token = chars_per_token

    @property
    def error(self) -> float:
        """95th percentile of the relative error, from the table of measured errors."""
        from .accuracy import error_of

        return error_of(None)

    def count(self, text: str) -> int:
        """ceil(characters / chars_per_token)."""
        if not isinstance(text, str):
            raise _no_text(text)
        return -(-len(text) // self.chars_per_token)

    def count_up_to(self, text: str, limit: int) -> int:
        """`count(text)` if that is at most `limit`, else `limit + 1`."""
        check_limit(limit)
        return min(self.count(text), limit + 1)

    def count_batch(self, texts: Iterable[str]) -> list[int]:
        """`count` of each text."""
        return [*map(self.count, texts)]

    def count_request(
        self,
        messages: Messages,
        system_prompt: str = "",
        tools: Sequence[Mapping[str, Any]] | None = None,
    ) -> int:
        """A conservative total of a prompt, for where a request must not be too long.

        ceil(1.5 * content of the messages) + system prompt + 12 for each message + 48.  The
        content is what stands in the messages: text, names, calls, results, and images by the
        rule of OpenAI's gpt-4o; definitions of tools count like content.  Raises TokenCountError
        for malformed messages or tools.
        """
        from .counting import count_breakdown

        check_system_prompt(system_prompt)
        counts = count_breakdown(messages, _FOR_FRAMING, tools, counter=self)
        content = counts.tools + sum(
            part.tokens
            for message in counts.messages
            for part in message.parts
            if part.kind not in _FRAMING
        )
        surplus = -(-SURPLUS_NUMERATOR * content // SURPLUS_DENOMINATOR)
        return (
            surplus + self.count(system_prompt) + PER_MESSAGE * len(counts.messages) + (PER_REQUEST)
        )

    def __repr__(self) -> str:
        return f"Heuristic(chars_per_token={self.chars_per_token})"


# Whose rules for images and tools the rule of thumb takes.
_FOR_FRAMING = "gpt-4o"


class Exact:
    """The tokenizer of a model, and nothing else: no count is an estimate.

    Raises ModelNotSupportedError for a model whose tokenizer is not public or not bundled.
    """

    __slots__ = ("_counter", "model")

    exact = True
    error = 0.0

    def __init__(self, model: str = "gpt-4o") -> None:
        from .counter import counter_for

        self.model = model
        self._counter = counter_for(model, strict=True)

    def count(self, text: str) -> int:
        """The number of tokens of `text`; the text of special tokens counts as text."""
        return self._counter.count(text)

    def count_up_to(self, text: str, limit: int) -> int:
        """`count(text)` if that is at most `limit`, else `limit + 1`; stops early."""
        check_limit(limit)
        stops = getattr(self._counter.counter, "count_up_to", None)
        if stops is None:
            return min(self.count(text), limit + 1)
        found: int = stops(text, limit)
        return found

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        """`count` of each text."""
        return self._counter.count_batch(texts)

    def count_request(
        self,
        messages: Messages,
        system_prompt: str = "",
        tools: Sequence[Mapping[str, Any]] | None = None,
    ) -> int:
        """`count_messages`, the system prompt being a first message."""
        from .counting import count_messages

        def count(messages: Messages) -> int:
            return count_messages(messages, self.model, tools)

        return with_system(count, messages, system_prompt)

    def __repr__(self) -> str:
        return f"Exact({self.model!r})"


def estimator(
    kind: Literal["heuristic", "exact", "calibrated"] = "heuristic",
    model: str = "gpt-4o",
    *,
    counter: Counter | None = None,
    every: int = 16,
) -> Estimator:
    """A new estimator: "heuristic", "exact", or "calibrated" with samples every `every` calls.

    `counter` is the real tokenizer of a calibrated one; None is that of `model`.  Raises
    ArgumentError for another kind, ModelNotSupportedError for an exact one of a model whose
    tokenizer is not known.

    >>> estimator("exact", model="gpt-4o").count("hello world")
    2
    """
    if kind == "heuristic":
        return Heuristic()
    if kind == "exact":
        if counter is not None:
            raise ArgumentError("an exact estimator counts with the model's own tokenizer")
        return Exact(model)
    if kind == "calibrated":
        return Calibrated(model, counter=counter, every=every)
    raise ArgumentError(f"no estimator is called {shown(kind)}: heuristic, exact or calibrated")


def _no_text(value: object) -> TokenTypeError:
    return TokenTypeError(f"text must be a str, not {type(value).__name__}", value=value)
