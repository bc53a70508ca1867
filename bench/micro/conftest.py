"""One loaded tokenizer for each encoding, and texts that stress one stage each."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parent.parent
# The installed package if there is one, else the checkout's.
sys.path[:] = [str(BENCH), *sys.path, str(BENCH.parent)]

import workloads  # noqa: E402

Load = Callable[[str], Any]


@pytest.fixture(scope="session")
def load() -> Load:
    import bpe

    return bpe.load


@pytest.fixture(scope="session")
def source() -> str:
    """200,000 characters of the standard library's source."""
    return next(iter(workloads.corpus(None, 200_000).values()))
