"""Step 6: the history is compacted to the sentences that are worth most.

Every sentence of the messages that may change competes for the tokens that the history has left:
by its worth (sentences.py), how recent its message is and who said it, for each token that it
takes.  What is chosen stays word for word, in its message, in its place; an ellipsis stands for
what is missing.  A message of which nothing is chosen goes; calls of tools and their results stay
or go together, and a call that stays is not changed.

Linear but for one sort of the sentences.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..shorten import cleared
from .sentences import Worth, sentences, words_of
from .slots import role_of, slots_of, with_texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .slots import Slot
    from .state import State

__all__ = ["GAP", "History", "old_budget"]

# What stands for sentences that are missing.
GAP = "… "
_GAP_TOKENS = 2

_ROLES = {"user": 1.25, "assistant": 1.0, "tool": 0.8, "function": 0.8}
# What the oldest message counts of the newest.
_OLDEST = 0.6
# Every sentence costs a little more than its tokens, so that scraps do not crowd out the rest.
_COST = 4
# Choices that are tried until one fits, and of these the ones to fill the budget to this part.
_ROUNDS, _CORRECTIONS = 12, 3
_SLACK = 0.02


@dataclass(slots=True)
class _Unit:
    """A sentence, by its number; of number -1, all of a group that has no sentence."""

    group: int
    number: int
    rank: float
    tokens: int = 0
    chosen: bool = False


@dataclass(slots=True)
class _Text:
    """A text in its sentences."""

    at: int
    slot: Slot
    pieces: list[str]
    units: list[_Unit] = field(default_factory=list)


class History:
    """Compacts the history above its part of the cap; `always` leaves it to no later step."""

    name = "history"

    def __call__(self, state: State) -> None:
        """Where there is a summariser, that comes first: it calls `compact` if it fails."""
        if not state.summarised:
            self.compact(state)

    def compact(self, state: State) -> None:
        """To `history_target` tokens or fewer, and the whole prompt to its limit."""
        if state.history_pressed or state.total > state.limit:
            _Compaction(state).run()


def old_budget(state: State, old: int) -> int:
    """Tokens for what may change of the history, which has `old`: at least 0."""
    history = state.history_target - (state.history_tokens - old)
    return max(0, min(history, state.limit - (state.total - old)))


class _Compaction:
    """One compaction: units are made and ranked, chosen, and put together again."""

    def __init__(self, state: State) -> None:
        self.state = state
        groups, stays = state.groups()
        self.groups = [group for group, stay in zip(groups, stays, strict=True) if not stay]
        self.old = sum(state.tokens[at] for group in self.groups for at in group.indices)
        self.budget = old_budget(state, self.old)
        self.texts: list[_Text] = []
        self.fixed: list[int] = []
        self.units: list[_Unit] = []
        self.opened: dict[int, int] = {}

    def run(self) -> None:
        """Compacts, and makes sure by real counts that it is enough."""
        if self.old <= self.budget or not self.groups:
            return
        self._read()
        # Joined, sentences have some tokens more or less than alone: the first choice is corrected
        # by real counts, also where there is room for more.
        best: dict[int, tuple[Any | None, int]] | None = None
        filled, budget = -1, self.budget
        for attempt in range(_ROUNDS):
            self._choose(budget)
            made = self._made()
            tokens = sum(tokens for _, tokens in made.values())
            if filled < tokens <= self.budget:
                best, filled = made, tokens
            if best is not None and (attempt >= _CORRECTIONS or tokens > self.budget):
                break
            excess = tokens - self.budget
            budget -= (excess << attempt) if excess > 0 else excess
            if -_SLACK * self.budget < excess <= 0:
                break
        if best is None:
            best = dict.fromkeys((at for group in self.groups for at in group.indices), (None, 0))
        messages = self.state.messages
        self.state.keep({at: new for at, (new, _) in best.items() if new is not messages[at]})

    # ---- reading

    def _read(self) -> None:
        """Makes the units.  Text of the newest messages is read first: older repetitions go."""
        state = self.state
        slots = {at: slots_of(state.messages[at]) for group in self.groups for at in group.indices}
        pieces: list[str] = []
        words: list[set[str]] = []
        of_messages: list[set[str]] = []
        seen: set[str] = set()
        for number in range(len(self.groups) - 1, -1, -1):
            for at in reversed(self.groups[number].indices):
                among: set[str] = set()
                weight = self._weight(at)
                for slot in reversed(slots[at]):
                    text = _Text(at, slot, _pieces(slot))
                    for piece in text.pieces:
                        plain = " ".join(piece.split()).casefold()
                        new = bool(plain) and plain not in seen
                        seen.add(plain)
                        unit = _Unit(number, len(pieces), weight if new else 0.0)
                        text.units.append(unit)
                        own = words_of(piece[:_READ])
                        among |= own
                        pieces.append(piece)
                        words.append(own)
                        self.units.append(unit)
                    self.texts.append(text)
                of_messages.append(among)
        worth = Worth(of_messages)
        for unit, piece, own in zip(self.units, pieces, words, strict=True):
            if unit.rank:
                unit.rank *= worth.of(piece[:_READ], own)
        counts = state.framing.counter.count_batch(pieces)
        for unit, tokens in zip(self.units, counts, strict=True):
            unit.tokens = tokens + _GAP_TOKENS
        self._fix(counts)

    def _weight(self, at: int) -> float:
        """Newer messages weigh more, and those of some roles."""
        state = self.state
        age = at / max(1, len(state.messages) - 1)
        role = _ROLES.get(role_of(state.messages[at]), 1.0)
        return role * (_OLDEST + (1 - _OLDEST) * age)

    def _fix(self, counts: Sequence[int]) -> None:
        """What each group costs without its sentences, and how its sentences rank for that."""
        state = self.state
        self.fixed = [0] * len(self.groups)
        texts = [0] * len(self.groups)
        number_of = [0] * len(self.groups)
        results = [0] * len(self.groups)
        for text in self.texts:
            if text.units:
                own = text.units[0].group
                texts[own] += sum(counts[unit.number] for unit in text.units)
                number_of[own] += len(text.units)
                results[own] += text.slot.result
        for number, group in enumerate(self.groups):
            whole = sum(state.tokens[at] for at in group.indices)
            self.fixed[number] = max(0, whole - texts[number]) + _CLEARED * results[number]
            if not number_of[number]:
                # Nothing but calls, images and the like: it stays whole or goes.
                rank = _BARE * self._weight(group.indices[0])
                unit = _Unit(number, -1, rank)
                self.units.append(unit)
                number_of[number] = 1
        for unit in self.units:
            share = self.fixed[unit.group] / number_of[unit.group]
            unit.rank /= unit.tokens + share + _COST
        self.units.sort(key=lambda unit: -unit.rank)

    # ---- choosing

    def _choose(self, budget: int) -> None:
        """Takes the best units that fit; a group's first one pays for what surrounds it."""
        self.opened = {}
        left = budget
        for unit in self.units:
            unit.chosen = False
            if unit.rank <= 0:
                continue
            cost = unit.tokens + (0 if unit.group in self.opened else self.fixed[unit.group])
            if cost <= left:
                left -= cost
                unit.chosen = True
                self.opened[unit.group] = 1

    # ---- putting together

    def _made(self) -> dict[int, tuple[Any | None, int]]:
        """The message in the place of each old one, None where it goes, and its tokens."""
        state = self.state
        new: dict[int, dict[Any, str | None]] = {}
        for text in self.texts:
            if all(unit.chosen for unit in text.units):
                continue
            made: str | None = _joined(text)
            if not made and text.slot.result:
                made = cleared(state.count_text(text.slot.text))
            new.setdefault(text.at, {})[text.slot.path] = made or None
        made_of: dict[int, tuple[Any | None, int]] = {}
        for number, group in enumerate(self.groups):
            for at in group.indices:
                message = state.messages[at]
                if number not in self.opened:
                    made_of[at] = None, 0
                    continue
                tokens = state.tokens[at]
                if at in new:
                    changed = with_texts(message, new[at])
                    counted = state.count(changed)
                    if counted < tokens:
                        message, tokens = changed, counted
                made_of[at] = message, tokens
        return made_of


# Characters of a piece that are looked at for its worth; only JSON is longer than a sentence.
_READ = 2000
# Tokens of what stands for a cleared result, about.
_CLEARED = 7
# What a message without any text is worth.
_BARE = 1.0


def _pieces(slot: Slot) -> list[str]:
    """Sentences; JSON is one piece."""
    if slot.result and slot.text.lstrip()[:1] in ("{", "["):
        return [slot.text]
    return sentences(slot.text)


def _joined(text: _Text) -> str:
    """The chosen sentences, with a mark where others were."""
    parts: list[str] = []
    gap = False
    for unit, piece in zip(text.units, text.pieces, strict=True):
        if unit.chosen:
            if gap:
                parts.append(GAP)
            parts.append(piece)
        elif piece.strip():
            gap = True
            continue
        gap = False
    if not parts:
        return ""
    if gap:
        parts.append(GAP)
    return "".join(parts).rstrip()
