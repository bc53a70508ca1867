"""TokenCounter: the counts of one model, and what they mean for its context window."""

from __future__ import annotations

from ..errors import TokenTypeError
from ..models import get_model_limits
from .counting import framing_for
from .messages import listed
from .prompts import with_system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from .counter import Counter, ModelCounter

__all__ = ["TRIGGER", "TokenCounter", "reaches"]

# The part of a budget from which on a conversation is to be compressed.
TRIGGER = 0.8


class TokenCounter:
    """Counts texts and conversations for one model; a Counter itself, and safe to share.

    `counter` counts the text instead of the model's own tokenizer.  Where the model's own is not
    known, an EstimateWarning is given, `exact` is False and `error` the relative error to expect;
    with `strict` that is a ModelNotSupportedError instead.

    >>> counter = TokenCounter("gpt-4o")
    >>> counter.count_tokens("hello world")
    2
    >>> counter.count_tokens_messages([{"role": "user", "content": "hello world"}])
    9
    """

    __slots__ = ("_counter", "_framing", "model")

    def __init__(
        self,
        model: str = "gpt-4o-mini",
        *,
        counter: Counter | None = None,
        strict: bool = False,
    ) -> None:
        self.model = model
        self._framing = framing_for(model, strict=strict, counter=counter)
        self._counter = self._framing.counter

    @property
    def counter(self) -> ModelCounter:
        """What counts the text."""
        return self._counter

    @property
    def exact(self) -> bool:
        """Whether texts are counted with the model's own tokenizer."""
        return self._counter.exact

    @property
    def error(self) -> float:
        """The relative error to expect of a text, 0.0 where exact."""
        return self._counter.error

    def count(self, text: str) -> int:
        """The number of tokens of `text`; the text of special tokens counts as text."""
        return self._counter.count(text)

    def count_tokens(self, text: str) -> int:
        """The same."""
        return self._counter.count(text)

    def count_tokens_messages(self, messages: Iterable[Any]) -> int:
        """The prompt tokens of a conversation, as `count_messages` counts them.

        For OpenAI's models an empty list has 3: what opens the reply.  Raises TokenCountError,
        with `index` and `path`, for messages that are malformed.
        """
        return self._framing.count(messages)

    def estimate_context_size(
        self, messages: Iterable[Any], system_prompt: str = "", max_tokens: int = 1000
    ) -> dict[str, int]:
        """What a request takes of the window.

        `prompt_tokens` are those of the messages, with the system prompt as a first message unless
        it is empty; `completion_tokens` is `max_tokens`; `total_tokens` is the sum.  Raises
        TokenTypeError for a `max_tokens` that is no integer.
        """
        if type(max_tokens) is not int:
            raise TokenTypeError(
                f"max_tokens must be an integer, not {type(max_tokens).__name__}", value=max_tokens
            )
        prompt = with_system(self._framing.count, [*listed(messages)], system_prompt)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": max_tokens,
            "total_tokens": prompt + max_tokens,
        }

    def should_compress(
        self, current_tokens: int, max_tokens: int, threshold: float = TRIGGER
    ) -> bool:
        """Whether `current_tokens` have reached the part `threshold` of `max_tokens`.

        At the threshold it is True.  With no budget, `max_tokens` of 0 or less, it is False.
        Raises TokenTypeError for what is no number.
        """
        numbers: tuple[object, ...] = (current_tokens, max_tokens, threshold)
        for value in numbers:
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise TokenTypeError(
                    f"tokens and threshold must be numbers, not {type(value).__name__}",
                    value=value,
                )
        return reaches(current_tokens, max_tokens, threshold)

    def get_model_limits(self) -> Mapping[str, int]:
        """`context_window` and `max_completion` of the model, in tokens."""
        return get_model_limits(self.model)

    def __repr__(self) -> str:
        return f"TokenCounter({self.model!r})"


def reaches(tokens: int, max_tokens: int, threshold: float) -> bool:
    """Whether `tokens` are at least the part `threshold` of `max_tokens`; False without any."""
    # The quotient is rounded as the literal 0.8 is; a product with 0.8 may be just above or below.
    try:
        return max_tokens > 0 and tokens / max_tokens >= threshold
    except OverflowError:  # no float is so large
        return tokens // max_tokens >= threshold
