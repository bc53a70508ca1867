"""Listed merges brought to the table of pairs, if both give the same ids for every text."""

from __future__ import annotations

from itertools import chain
from struct import pack

from ..vocabulary import BYTE, HOLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def pairs_of_merges(
    merges: Sequence[tuple[bytes, bytes]], ranks: Mapping[bytes, int]
) -> bytes | None:
    """The `pairs` table of a vocabulary, or None where it would not merge as the list does.

    It does if the merges are in the order of the ids they make, each makes a token of its own
    from two smaller ids, every longer token is made by one, and the merge of its bytes ends there.
    """
    size = max(ranks.values()) + 1
    if size > 2 * len(ranks) + 0x10000:
        return None  # mostly holes
    rows = [HOLE] * size
    for token, rank in ranks.items():
        if len(token) == 1:
            rows[rank] = (token[0], BYTE)
    made: dict[tuple[int, int], int] = {}
    last = -1
    for left, right in merges:
        a, b, whole = ranks[left], ranks[right], ranks[left + right]
        if not max(a, b, last) < whole:
            return None
        last = whole
        if not _is_reached(a, b, whole, rows, made):
            return None
        rows[whole] = (a, b)
        made[a, b] = whole
    if size - rows.count(HOLE) != len(ranks):
        return None  # a token that no merge makes
    return pack(f"<{2 * size}I", *chain.from_iterable(rows))


def _is_reached(
    left: int,
    right: int,
    whole: int,
    rows: Sequence[tuple[int, int]],
    made: Mapping[tuple[int, int], int],
) -> bool:
    """Whether the bytes of `left` and `right`, side by side, merge to just these two.

    Each of them alone does.  Side by side they do unless a merge across the border comes first.
    So run time backwards: of the two tokens at the border, take the one that was made later
    apart, and see whether the two that then meet would have merged before it was made.
    """
    before = whole  # merges of at least this id come too late
    while True:
        across = made.get((left, right))
        if across is not None and across < before:
            return False
        left_made = left if rows[left][1] != BYTE else -1
        right_made = right if rows[right][1] != BYTE else -1
        if left_made < 0 and right_made < 0:
            return True
        if left_made > right_made:
            before = left
            left = rows[left][1]
        else:
            # Of equal merges the leftmost is first: here the one across the border.
            before = right + 1
            right = rows[right][0]
