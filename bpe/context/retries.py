"""When a request is worth another attempt, and after how many seconds."""

from __future__ import annotations

from random import random

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

__all__ = ["backoff", "is_transient", "retry_after"]

# Of the exponential backoff, in seconds: before the second attempt, and the longest.
_FIRST: Final = 0.5
_LONGEST: Final = 8.0


def is_transient(status: int) -> bool:
    """Whether another attempt may fare better: 408, 425, 429 and 5xx but 501 and 505 (RFC 9110)."""
    return status in (408, 425, 429) or (500 <= status < 600 and status not in (501, 505))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to wait; None where it does not say, or nothing sensible.

    `headers` has names in any case, or in lower case.  `retry-after-ms` (OpenAI's) comes before
    `retry-after`, a number of seconds or a date (RFC 9110, 10.2.3).  A time that is over is 0.

    >>> retry_after({"retry-after": "3"}), retry_after({"retry-after": "soon"})
    (3.0, None)
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * unit
        except ValueError:
            continue
        if seconds == seconds:  # no NaN
            return max(0.0, seconds)
    value = headers.get("retry-after")
    return None if value is None else _until(value)


def backoff(attempt: int) -> float:
    """The seconds to wait after attempt number `attempt`, from 1: doubling, with jitter.

    Between half and all of 0.5 s x 2^(attempt - 1), at most 8 s, so that those who failed together
    do not come back together.
    """
    longest: float = min(_LONGEST, _FIRST * 2 ** min(attempt - 1, 16))
    return longest * (0.5 + 0.5 * random())


def _until(date: str) -> float | None:
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
