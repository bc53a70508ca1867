"""What text is counted with: any Counter, and the one that belongs to a model."""

from __future__ import annotations

import os
import sys
import warnings
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ..encodings import list_encodings
from ..errors import EstimateWarning, ModelNotSupportedError, TokenCountError, TokenTypeError
from ..loading import load
from ..models import match_model
from ..tokenizer import Tokenizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..models import Match

__all__ = ["Counter", "ModelCounter", "counter_for"]

# The encoding that stands for a tokenizer of which nothing is known.
NEAREST = "o200k_base"

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


@runtime_checkable
class Counter(Protocol):
    """Anything that counts the tokens of a text.

    It may also have `count_batch(texts)`, `count_up_to(text, limit)` and
    `truncate(text, max_tokens, keep=..., marker=...)`, which are used where they are, and
    `exact` and `error` (relative), which are taken to be True and 0.0 where they are not.
    """

    def count(self, text: str) -> int:
        """The number of tokens of `text`."""
        ...


@dataclass(frozen=True, slots=True)
class ModelCounter:
    """A Counter for the text of one model, and how sure its counts are.

    `encoding` is the bundled encoding that counts, None for another counter.  `error` is the
    relative error to expect of a text, 0.0 where `exact`.
    """

    model: str
    counter: Counter
    encoding: str | None
    exact: bool
    error: float
    _batch: Callable[[Sequence[str]], list[int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        batch = getattr(self.counter, "count_batch", None)
        object.__setattr__(self, "_batch", batch or self._each)

    def count(self, text: str) -> int:
        """The number of tokens of `text`; the text of special tokens counts as text."""
        return self.counter.count(text)

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        """`count` of each text; TokenCountError if the counter has another number of them."""
        counts = self._batch(texts)
        if len(counts) != len(texts):
            raise TokenCountError(
                f"count_batch of {type(self.counter).__name__} returned {len(counts)} counts for "
                f"{len(texts)} texts"
            )
        return counts

    def _each(self, texts: Sequence[str]) -> list[int]:
        return [*map(self.counter.count, texts)]


def counter_for(model: str, *, strict: bool = False) -> ModelCounter:
    """The counter of a model: its own encoding, the nearest one, or a rule of thumb.

    `model` may also be the name of a bundled encoding.  Where the model's tokenizer is not
    public, or the name is only like a known one, an EstimateWarning is given (once for each
    name), `exact` is False and `error` comes from the table of measured errors; with `strict`
    that is a ModelNotSupportedError instead.

    >>> counter_for("gpt-4o").count("hello world")
    2
    """
    match = match_model(model)
    known = _known.get(model)
    if known is not None and known[0] is match:
        made = known[1]
    else:
        made = _made(model, match)
        if len(_known) >= _KEPT:
            _known.clear()
        _known[model] = match, made
    if not made.exact:
        _say_so(made, match, strict)
    return made


def wrapped(counter: Counter, model: str, own: str | None = None) -> ModelCounter:
    """A counter of the caller's own, which is believed unless it says itself that it estimates.

    Nor is a tokenizer believed that is known to be another than the model's, whose encoding is
    `own` (None: that of the model table): it estimates, with the error that was measured of it.
    """
    if isinstance(counter, ModelCounter):
        if counter.exact and _is_another(counter.counter, counter.encoding, model, own):
            error = _error_of(counter.encoding)
            return ModelCounter(model, counter.counter, counter.encoding, exact=False, error=error)
        return counter
    if not callable(getattr(counter, "count", None)):
        raise TokenTypeError(
            f"a counter needs a method count(text), which {type(counter).__name__} lacks",
            value=counter,
        )
    name = getattr(counter, "name", None)
    encoding = name if name in list_encodings() else None
    exact = bool(getattr(counter, "exact", True))
    error = float(getattr(counter, "error", 0.0))
    if exact and _is_another(counter, encoding, model, own):
        exact, error = False, _error_of(encoding)
    return ModelCounter(model, counter, encoding, exact=exact, error=error)


def _is_another(counter: Counter, encoding: str | None, model: str, own: str | None) -> bool:
    """Whether a counter is a tokenizer that is known not to be the model's."""
    if encoding is None and not isinstance(counter, Tokenizer):
        return False
    if own is None:
        match = match_model(model)
        if match is None or not match.certain:
            return False  # nobody knows better than the caller
        own = match.model.encoding
        if own is None:
            # Its vocabulary is none of the bundled ones, but may well have been loaded.
            return encoding is not None
    from .accuracy import ALIKE

    return encoding is None or ALIKE.get(own, own) != ALIKE.get(encoding, encoding)


def _error_of(encoding: str | None) -> float:
    from .accuracy import error_of

    return error_of(encoding)


# By name, with what the model table said then: a registered model takes the place of an old one.
_known: dict[str, tuple[Match | None, ModelCounter]] = {}
_KEPT = 1024
_told: set[str] = set()


def _made(model: str, match: Match | None) -> ModelCounter:
    encoding = None
    nearest: str | None = NEAREST
    if match is not None:
        encoding, nearest = match.model.encoding, match.model.nearest
        if encoding is not None and not match.certain:
            encoding, nearest = None, encoding
    elif model in list_encodings():
        encoding = model
    if encoding is not None:
        return ModelCounter(model, load(encoding), encoding, exact=True, error=0.0)
    from .accuracy import error_of

    if nearest in list_encodings():
        return ModelCounter(model, load(nearest), nearest, exact=False, error=error_of(nearest))
    from .estimate import Heuristic

    return ModelCounter(model, Heuristic(), None, exact=False, error=error_of(None))


def _say_so(made: ModelCounter, match: Match | None, strict: bool) -> None:
    if match is None:
        why = f"nothing is known of the tokenizer of {made.model!r}"
    elif match.model.encoding is None:
        why = f"the tokenizer of {made.model!r} is not public, or not bundled"
    else:
        why = f"{made.model!r} is only known to be named like {match.name!r}"
    if strict:
        raise ModelNotSupportedError(
            f"{why}: no exact count. Without strict=True it is estimated; "
            "bpe.register_model(name, encoding=...) says what is known of a model",
            model=made.model,
        )
    if made.model in _told:
        return
    if len(_told) >= _KEPT:
        _told.clear()
    _told.add(made.model)
    by = f"with {made.encoding}" if made.encoding else "from the number of characters"
    warnings.warn(
        f"{why}: its tokens are estimated {by}, with a relative error of up to "
        f"{made.error:.0%} for most texts (95th percentile)",
        EstimateWarning,
        stacklevel=_outside(),
    )


def _outside() -> int:
    """The stacklevel of the first caller that is not of this package."""
    level = 1
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    return level
