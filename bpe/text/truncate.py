"""The longest beginning, end, or both, of a text that fits into so many tokens."""

from __future__ import annotations

from ..arguments import described
from ..errors import ArgumentError, TokenTypeError
from .fitting import LeftSlices, Slices, longest
from .measure import check_number, check_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .measure import Measure

_KEEP = ("start", "end", "middle")


def truncate(
    measure: Measure, text: str, max_tokens: int, keep: str = "start", marker: str = ""
) -> str:
    """See Tokenizer.truncate."""
    check_text(text)
    check_number("max_tokens", max_tokens, 0)
    if not isinstance(marker, str):
        raise TokenTypeError(f"marker must be a str, not {described(marker)}", value=marker)
    if keep not in _KEEP:
        raise ArgumentError(f"keep must be one of {', '.join(_KEEP)}, not {described(keep)}")
    source, text = text, str.__str__(text)
    if measure.count_up_to(text, max_tokens) <= max_tokens:
        return source
    if not max_tokens:
        return ""
    if measure.count_up_to(marker, max_tokens) > max_tokens:
        raise ArgumentError(
            f"the marker {described(marker)} alone has more than max_tokens={max_tokens} tokens"
        )
    # Something is left out, or there would be no need for a marker.
    size = len(text) - 1
    if keep == "start":
        return text[: _length(Slices(measure, text, 0, size, marker), max_tokens)] + marker
    if keep == "end":
        length = _length(LeftSlices(measure, text, 1, size + 1, marker), max_tokens)
        return marker + text[size + 1 - length :]
    return _middle(measure, text, max_tokens, marker)


def _middle(measure: Measure, text: str, max_tokens: int, marker: str) -> str:
    """Head, marker, tail: half of the tokens for the head, what is left for the tail, then for the
    head again.
    """
    size = len(text)
    taken = measure.count(marker)
    half = (max_tokens - taken + 1) // 2
    head = _length(Slices(measure, text, 0, size - 1, marker), taken + half)
    before = text[:head] + marker
    tail = _length(LeftSlices(measure, text, head + 1, size, before), max_tokens)
    after = marker + text[size - tail :]
    head = max(head, _length(Slices(measure, text, 0, size - tail - 1, after), max_tokens))
    return text[:head] + after


def _length(slices: Slices, limit: int) -> int:
    found = longest(slices, limit)
    return 0 if found is None else found[0]
