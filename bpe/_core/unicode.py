"""Classes of code points as sorted ranges, from the bundled table of Unicode 16.

Neither `unicodedata` nor the `re` module's own classes: they follow the Python that runs, and
differ from the published tokenizers on thousands of code points.
"""

from __future__ import annotations

from .._data import read_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    # Sorted, disjoint, not adjacent; both ends are inside.
    Ranges: TypeAlias = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
CATEGORIES = (
    "Cn Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co"
)
# The property White_Space: `\s`.  It lacks U+001C to U+001F, which Python's own `\s` has.
WHITE_SPACE: Ranges = (
    (0x0009, 0x000D),
    (0x0020, 0x0020),
    (0x0085, 0x0085),
    (0x00A0, 0x00A0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
)
# What `\w` has beside letters, marks, Nd, Nl and Pc: the rest of Alphabetic (circled and squared
# letters) and Join_Control.
_WORD_EXTRA: Ranges = (
    (0x200C, 0x200D),
    (0x24B6, 0x24E9),
    (0x1F130, 0x1F149),
    (0x1F150, 0x1F169),
    (0x1F170, 0x1F189),
)

_categories: dict[str, Ranges] = {}


def category(name: str) -> Ranges | None:
    """The code points of a general category ("Lu") or group of them ("L"); None if unknown."""
    if not _categories:
        _categories.update(_read())
    if len(name) == 1:
        members = [ranges for key, ranges in _categories.items() if key[0] == name]
        return union(*members) if members else None
    return _categories.get(name)


def word() -> Ranges:
    r"""The class `\w` of Unicode's recommendation for regular expressions."""
    parts = [category(name) or () for name in ("L", "M", "Nd", "Nl", "Pc")]
    return union(*parts, _WORD_EXTRA)


def union(*sets: Iterable[tuple[int, int]]) -> Ranges:
    """The code points that are in any of the sets."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(r for ranges in sets for r in ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def complement(ranges: Ranges) -> Ranges:
    """All other code points, surrogates included."""
    gaps = []
    start = 0
    for first, last in ranges:
        if first > start:
            gaps.append((start, first - 1))
        start = last + 1
    if start <= LAST:
        gaps.append((start, LAST))
    return tuple(gaps)


def intersection(a: Ranges, b: Ranges) -> Ranges:
    """The code points that are in both sets."""
    return complement(union(complement(a), complement(b)))


def _read() -> dict[str, Ranges]:
    """The table's runs: a row number for each block of 256 code points, then the rows."""
    import re

    table = read_data("unicode16.bin")
    blocks = (LAST + 1) // 256
    starts = (blocks + row * 256 for row in table[:blocks])
    numbers = b"".join(table[start : start + 256] for start in starts)
    names = CATEGORIES.split()
    runs: dict[str, list[tuple[int, int]]] = {name: [] for name in names}
    for run in re.finditer(rb"(?s)(.)\1*", numbers):
        runs[names[numbers[run.start()]]].append((run.start(), run.end() - 1))
    return {name: tuple(ranges) for name, ranges in runs.items()}
