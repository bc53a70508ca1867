"""Step 1: blocks that were retrieved again and again stand once, where they are newest.

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

__all__ = ["REPEATED", "RagDeduplication", "resemblance", "shingles"]

REPEATED = "[repeated below]"

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
                for begin, stop in sorted(blocks):
                    parts += (text[end:begin], REPEATED)
                    end = stop
                new[path] = "".join((*parts, text[end:]))
            state.replace(at, with_texts(message, new))


def _repeated(state: State) -> dict[int, dict[Path, list[tuple[int, int]]]]:
    """Blocks that may go, by message and text; newer blocks are seen first."""
    protected, latest = state.protected(), state.latest_user()
    seen = _Seen()
    found: dict[int, dict[Path, list[tuple[int, int]]]] = {}
    system = [at for at, message in enumerate(state.messages) if is_system(message)]
    others = [at for at, message in enumerate(state.messages) if not is_system(message)]
    for at in (*system, *reversed(others)):
        older = at < latest and at not in protected
        for slot in reversed(slots_of(state.messages[at])):
            # Within JSON a block's marks may stand in two strings.
            changeable = older and not (slot.result and slot.text.lstrip()[:1] in ("{", "["))
            for block in reversed(blocks_of(slot.text, state.rag_markers)):
                known = seen.repeats(slot.text[block.inner : block.outer])
                if known and changeable:
                    places = found.setdefault(at, {}).setdefault(slot.path, [])
                    places.append((block.begin, block.end))
    return found


class _Seen:
    """Blocks that stay, of which older ones may be repetitions."""

    def __init__(self) -> None:
        self.exact: set[str] = set()
        self.near: list[Shingles] = []
        self.owners: dict[tuple[str, ...], int] = {}

    def repeats(self, text: str) -> bool:
        """Whether it is, exactly or nearly, a block that was seen; if not it is one from now on."""
        plain = " ".join(text.split())
        if not plain or plain in self.exact:
            return bool(plain)
        self.exact.add(plain)
        made = shingles(plain)
        votes = Counter(owner for each in made if (owner := self.owners.get(each)) is not None)
        if votes:
            owner, _ = votes.most_common(1)[0]
            if resemblance(made, self.near[owner]) >= _RESEMBLANCE:
                return True
        number = len(self.near)
        self.near.append(made)
        for each in made:
            self.owners.setdefault(each, number)
        return False


def shingles(text: str, width: int = _WORDS) -> Shingles:
    """The sets of so many successive words; none where there are fewer."""
    words = _WORD.findall(text.casefold())
    return set(zip(*(words[begin:] for begin in range(width)), strict=False))


def resemblance(one: Shingles, other: Shingles) -> float:
    """The Jaccard index: what both have, of what either has; 0.0 where there is nothing."""
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0
