"""Step 1: blocks that were retrieved again and again stand once, where they are newest.

A copy that a later step cuts is none to rely on.  So a result of a tool from before the latest user
turn (step 4) never is the one that stays, unless it is protected, and retrieved blocks of the
system prompt are only while they are within their cap (step 5).

Near duplicates are found by w-shingling: the resemblance of two texts is the Jaccard index of
their sets of w successive words (A. Broder, "On the resemblance and containment of documents",
1997), here with w = 4, and 0.8 and more is the same text in another version.  Each shingle is
remembered for the newest block that has it, so that a block is compared with the one block that it
shares most shingles with: linear in the text.
"""

from __future__ import annotations

import re
from collections import Counter

from .marks import blocks_of
from .slots import is_system, slots_of, with_texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from .slots import Path
    from .state import State

    Shingles: TypeAlias = set[tuple[str, ...]]
    # The number of a message, that of a text in it, and where the block begins there.
    Place: TypeAlias = tuple[int, int, int]
    # A block that may go, and what stands for it.
    Found: TypeAlias = tuple[int, int, str]

__all__ = ["REPEATED", "REPEATED_ABOVE", "RagDeduplication", "resemblance", "shingles"]

REPEATED = "[repeated below]"
REPEATED_ABOVE = "[repeated above]"

_WORDS = 4
_RESEMBLANCE = 0.8

# A word, or a character of a script that is written without spaces.
_WORD = re.compile(r"[^\W\u2e80-\uffff\U00020000-\U0003ffff]+|[\u2e80-\uffff\U00020000-\U0003ffff]")


class RagDeduplication:
    """Replaces marked blocks of older turns that a newer message, or the system prompt, repeats."""

    name = "rag"

    def __call__(self, state: State) -> None:
        """Oldest messages first, while it is needed."""
        repeated = _repeated(state)
        for at in sorted(repeated):
            if not state.needed:
                return
            message = state.messages[at]
            texts = {slot.path: slot.text for slot in slots_of(message)}
            new: dict[Path, str | None] = {}
            for path, blocks in repeated[at].items():
                text, end = texts[path], 0
                parts: list[str] = []
                for begin, stop, mark in sorted(blocks):
                    parts += (text[end:begin], mark)
                    end = stop
                new[path] = "".join((*parts, text[end:]))
            state.replace(at, with_texts(message, new))


def _repeated(state: State) -> dict[int, dict[Path, list[Found]]]:
    """Blocks that may go, by message and text; those that may stay are seen first, newest first."""
    protected, latest = state.protected(), state.latest_user()
    system = [at for at, message in enumerate(state.messages) if is_system(message)]
    others = [at for at, message in enumerate(state.messages) if not is_system(message)]
    slots = {at: slots_of(state.messages[at]) for at in (*system, *others)}
    found: dict[int, dict[Path, list[Found]]] = {}
    seen = _Seen({*system})

    def look(at: int, results: bool) -> None:
        older = at < latest and at not in protected
        for number in range(len(slots[at]) - 1, -1, -1):
            slot = slots[at][number]
            cut = older and slot.result
            if cut is not results:
                continue
            # Within JSON a block's marks may stand in two strings.
            changeable = older and not (slot.result and slot.text.lstrip()[:1] in ("{", "["))
            for block in reversed(blocks_of(slot.text, state.rag_markers)):
                place = at, number, block.begin
                where = seen.holder(slot.text[block.inner : block.outer], place, not cut)
                if where is not None and changeable:
                    mark = REPEATED if where > place else REPEATED_ABOVE
                    blocks = found.setdefault(at, {}).setdefault(slot.path, [])
                    blocks.append((block.begin, block.end, mark))

    if _within_cap(state, [slot.text for at in system for slot in slots[at]]):
        for at in system:
            look(at, results=False)
    for results in (False, True):
        for at in reversed(others):
            look(at, results)
    return found


def _within_cap(state: State, texts: list[str]) -> bool:
    """Whether the retrieved blocks of the system prompt stay as they are."""
    blocks = (
        text[block.begin : block.end]
        for text in texts
        for block in blocks_of(text, state.rag_markers)
    )
    return sum(map(state.count_text, blocks)) <= state.config.rag_cap


class _Seen:
    """Blocks that stay, of which others may be repetitions."""

    def __init__(self, system: set[int]) -> None:
        self.system = system
        self.exact: dict[str, Place] = {}
        self.near: list[tuple[Shingles, Place]] = []
        self.owners: dict[tuple[str, ...], int] = {}

    def holder(self, text: str, place: Place, stays: bool) -> Place | None:
        """Where a block stands that it repeats, exactly or as an older version.

        If there is none, and it `stays`, it is such a block from now on.
        """
        plain = " ".join(text.split())
        if not plain or plain in self.exact:
            return self.exact.get(plain)
        made = shingles(plain)
        votes = Counter(owner for each in made if (owner := self.owners.get(each)) is not None)
        if votes:
            owner, _ = votes.most_common(1)[0]
            other, where = self.near[owner]
            newer = where > place or where[0] in self.system
            if newer and resemblance(made, other) >= _RESEMBLANCE:
                return where
        if stays:
            self.exact[plain] = place
            number = len(self.near)
            self.near.append((made, place))
            for each in made:
                self.owners.setdefault(each, number)
        return None


def shingles(text: str, width: int = _WORDS) -> Shingles:
    """The sets of so many successive words; none where there are fewer."""
    words = _WORD.findall(text.casefold())
    return set(zip(*(words[begin:] for begin in range(width)), strict=False))


def resemblance(one: Shingles, other: Shingles) -> float:
    """The Jaccard index: what both have, of what either has; 0.0 where there is nothing."""
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0
