"""The stages of the engine, each by a text that stresses it, through the public API.

pytest bench/micro --import-mode=importlib   (needs pytest-benchmark)

Figures of one stage are for comparing two states of the engine; those beside other tokenizers
come from bench/compare.py.
"""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ENCODINGS = ("cl100k_base", "o200k_base", "deepseek_v3", "gpt2")
SIZE = 100_000
Benchmark = Callable[..., Any]
Load = Callable[[str], Any]

pytestmark = pytest.mark.parametrize("encoding", ENCODINGS)


def _misses() -> Callable[[], tuple[tuple[str], dict[str, Any]]]:
    """Words never seen before, for each round anew."""
    seeds = itertools.count()

    def fresh() -> tuple[tuple[str], dict[str, Any]]:
        rng = random.Random(next(seeds))
        letters = "abcdefghijklmnopqrstuvwxyz"
        words = ("".join(rng.choices(letters, k=rng.randint(5, 12))) for _ in range(SIZE // 10))
        return (" ".join(words),), {}

    return fresh


def test_scan(benchmark: Benchmark, load: Load, encoding: str) -> None:
    """Boundaries above all: pieces of one byte, each of them a token of one byte."""
    benchmark(load(encoding).count, "a.\n" * (SIZE // 3))


def test_lookup(benchmark: Benchmark, load: Load, encoding: str, source: str) -> None:
    """Every piece has been met before."""
    t = load(encoding)
    t.count(source)
    benchmark(t.count, source)


def test_miss(benchmark: Any, load: Load, encoding: str) -> None:
    """No piece has been met before, each is short."""
    t = load(encoding)
    benchmark.pedantic(t.count, setup=_misses(), rounds=50)


@pytest.mark.parametrize("length", [20, 100, 1000, SIZE])
def test_merge(benchmark: Any, load: Load, encoding: str, length: int) -> None:
    """Pieces of one length, random letters without a break."""
    seeds = itertools.count()
    t = load(encoding)

    def fresh() -> tuple[tuple[str], dict[str, Any]]:
        rng = random.Random(next(seeds))
        letters = "abcdefghijklmnopqrstuvwxyz"
        number = max(1, SIZE // length)
        return (" ".join("".join(rng.choices(letters, k=length)) for _ in range(number)),), {}

    benchmark.pedantic(t.count, setup=fresh, rounds=20)


def test_ideographs(benchmark: Any, load: Load, encoding: str) -> None:
    """Random ideographs without a break, which the engine may cut where nothing can merge."""
    seeds = itertools.count()
    t = load(encoding)

    def fresh() -> tuple[tuple[str], dict[str, Any]]:
        rng = random.Random(next(seeds))
        return ("".join(chr(rng.randint(0x4E00, 0x9FA5)) for _ in range(SIZE // 3)),), {}

    benchmark.pedantic(t.count, setup=fresh, rounds=20)


def test_list(benchmark: Benchmark, load: Load, encoding: str, source: str) -> None:
    benchmark(load(encoding).encode_ordinary, source)


def test_array(benchmark: Benchmark, load: Load, encoding: str, source: str) -> None:
    pytest.importorskip("numpy")
    benchmark(load(encoding).encode_to_numpy, source, disallowed_special=())


def test_default_policy(benchmark: Benchmark, load: Load, encoding: str, source: str) -> None:
    """With the search for special tokens."""
    benchmark(load(encoding).encode, source)


def test_short(benchmark: Benchmark, load: Load, encoding: str) -> None:
    benchmark(load(encoding).encode_ordinary, "hello world")


def test_decode(benchmark: Benchmark, load: Load, encoding: str, source: str) -> None:
    t = load(encoding)
    ids = t.encode_ordinary(source)
    assert benchmark(t.decode, ids) == source


def test_load(benchmark: Any, encoding: str) -> None:
    """A process of its own: import, load, first ids.  Subtract a bare Python's time."""
    root = Path(__file__).resolve().parents[2]
    code = f"import bpe; bpe.load({encoding!r}).encode_ordinary('Hello, world')"
    command = [sys.executable, "-c", code]
    benchmark.pedantic(
        lambda: subprocess.run(command, check=True, cwd=root), rounds=20, warmup_rounds=2
    )
