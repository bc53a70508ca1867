"""Which answers are worth another attempt, and how long to wait for it."""

from __future__ import annotations

import time
from email.utils import formatdate

from bpe.context.retries import backoff, is_transient, retry_after


def test_retry_after() -> None:
    assert retry_after({}) is None
    assert retry_after({"retry-after": "0"}) == 0.0
    assert retry_after({"retry-after": " 12 "}) == 12.0
    assert retry_after({"retry-after": "-5"}) == 0.0
    assert retry_after({"retry-after": "nan"}) is None
    assert retry_after({"retry-after": ""}) is None
    assert retry_after({"retry-after": "inf"}) == float("inf")
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert retry_after({"retry-after": "Wed, 99 Oct 2015 07:28:00 GMT"}) is None
    assert retry_after({"retry-after-ms": "soon", "retry-after": "2"}) == 2.0
    found = retry_after({"retry-after": formatdate(time.time() + 60, usegmt=True)})
    assert found is not None
    assert 55 < found <= 60
    # A date without a zone is taken for UTC.
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 -0000"}) == 0.0


def test_backoff() -> None:
    for attempt, longest in ((1, 0.5), (2, 1.0), (3, 2.0), (5, 8.0), (1000, 8.0)):
        found = [backoff(attempt) for _ in range(200)]
        assert longest / 2 <= min(found) < max(found) <= longest


def test_which_are_transient() -> None:
    transient = [code for code in range(200, 700) if is_transient(code)]
    assert transient == [408, 425, 429, *(c for c in range(500, 600) if c not in (501, 505))]
