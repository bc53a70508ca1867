"""Texts that are hard to cut: runs, surrogates, contractions, whitespace, marks."""

from __future__ import annotations

from random import Random

import pytest

from bpe.text import streaming

# One encoding for each published pattern.
FAMILIES = ("gpt2", "cl100k_base", "o200k_base", "deepseek_v3")

UNITS = (
    *("a", "A", "b", " ", "  ", "\n", "\r\n", "\t", "'s", "'", "'LL", "1", "23", "\xe9", "\xc9"),
    *("\u4e2d", "\u306e", "\u30fc", "\u30fb", "\u3099", "\u0301", "!", "?", "/", "-", "\u2026"),
    *("\u3002", "\x01", "\u200b", "\U0001f44d", "\ufe0f", "\ud83d", "\udc4d", "\ud800", "hello"),
    *(" world", "\u017f", "\u01c5", "\u02b0", "\U0001d7d8", "\u3000", "\u1680", "x" * 30),
    *("-" * 40, " " * 50, "\n" * 20, "\u4e2d" * 30, "7" * 10, ". ", "Then", "\n\n", "\u3002"),
)


def mixture(r: Random, longest: int = 400) -> str:
    """Few units again and again, long runs, or many units."""
    kind = r.random()
    if kind < 0.4:
        pool = r.sample(UNITS, r.randrange(1, 5))
        text = "".join(r.choices(pool, k=r.randrange(1, 80)))
    elif kind < 0.7:
        runs = (r.choice(UNITS) * r.randrange(1, 120) for _ in range(r.randrange(1, 5)))
        text = "".join(run + r.choice(("", r.choice(UNITS))) for run in runs)
    else:
        text = "".join(r.choices(UNITS, k=r.randrange(1, 60)))
    return text[:longest]


def is_whole(text: str, place: int) -> bool:
    """Whether no surrogate pair is cut at `place`."""
    pair = text[max(place - 1, 0) : place + 1]
    return len(pair.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")) == len(
        pair
    )


def shorten(monkeypatch: pytest.MonkeyPatch, long: int, long_piece: int) -> None:
    """Make the counter take the ways for long texts already for short ones."""
    patch = monkeypatch.setattr
    patch(streaming, "_LONG", long)
    patch(streaming, "_LONG_PIECE", long_piece)
    patch(streaming, "_EMPTY", streaming._State(0, 0, "", long, None))
