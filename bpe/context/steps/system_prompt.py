"""Step 5: the system prompt is trimmed to its cap, section by section.

A section begins with a heading (Markdown, or a block in tags); where there are none, each paragraph
is one.  What a section is worth is told by its heading, else by its words:

    essential   the first one, and what rules, forbids or must be   never goes
    normal      all others                                         goes last
    profile     marked as describing the user                      capped, then goes second
    filler      examples, background, notes, tips                  goes first

Of equally valuable sections the last one goes first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..shorten import shorten_text
from .conciseness import CONCISENESS_MARK
from .marks import blocks_of
from .slots import is_system, slots_of, with_texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .marks import Marker
    from .slots import Path
    from .state import State

__all__ = ["ESSENTIAL", "FILLER", "NORMAL", "PROFILE", "RAG", "SystemPrompt", "sections"]

FILLER, PROFILE, NORMAL, RAG, ESSENTIAL = range(5)

_HEADING = re.compile(r"^(?:#{1,6}[ \t]+\S|<([A-Za-z][\w-]*)(?:\s[^<>]*)?>[ \t]*$)", re.MULTILINE)
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")

_FILLER_HEADS = re.compile(
    r"\b(?:examples?|samples?|background|about|notes?|tips?|hints?|faqs?|history|trivia|"
    r"changelog|appendix|misc\w*|optional|further|additional|see also|references?|credits|"
    r"introduction|overview|nice to have|filler)\b",
    re.IGNORECASE,
)
_ESSENTIAL_HEADS = re.compile(
    r"\b(?:rules?|instructions?|constraints?|safety|security|polic(?:y|ies)|important|critical|"
    r"require\w*|must|never|always|identity|role|guardrails?|formats?|output|language|tools?)\b",
    re.IGNORECASE,
)
_PROFILE_HEADS = re.compile(r"\b(?:user )?(?:profile|persona|preferences)\b", re.IGNORECASE)
_FILLER_WORDS = re.compile(
    r"^\W*(?:for example|example|e\.g\.|note|tip|hint|by the way|fun fact|background|for instance|"
    r"as an aside|filler)\b",
    re.IGNORECASE,
)
_ESSENTIAL_WORDS = re.compile(
    r"\b(?:must(?: not)?|never|always|do not|don't|under no circumstances|required|forbidden|"
    r"important|critical)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Section:
    """A part of a text, as it is now, and what it is worth."""

    text: str
    worth: int


class SystemPrompt:
    """Caps profile sections and retrieved blocks, then drops sections until the cap holds."""

    name = "system_prompt"

    def __call__(self, state: State) -> None:
        """Only while the prompt is under pressure: the history has no use for what is freed."""
        if not state.pressed:
            return
        prompt = _Prompt(state)
        prompt.cut(PROFILE, state.config.max_profile_prompt_tokens)
        prompt.cut(RAG, state.config.rag_cap)
        for worth in (FILLER, PROFILE, NORMAL):
            prompt.drop(worth)


class _Prompt:
    """All sections of all system messages; `texts` has them by message and text."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.originals = {at: each for at, each in enumerate(state.messages) if is_system(each)}
        self.texts: dict[tuple[int, Path], list[Section]] = {}
        first = True
        for at, message in self.originals.items():
            for slot in slots_of(message):
                found = sections(slot.text, state.profile_markers, state.rag_markers, first)
                self.texts[at, slot.path] = found
                first = False

    def every(self, worth: int) -> list[tuple[int, Section]]:
        """Sections of this worth that are not empty, with their messages."""
        return [
            (at, section)
            for (at, _), found in self.texts.items()
            for section in found
            if section.worth == worth and section.text
        ]

    def cut(self, worth: int, most: int) -> None:
        """Sections of this worth get so many tokens together; the first come first."""
        changed = set()
        for at, section in self.every(worth):
            counter = self.state.framing.counter
            made = shorten_text(section.text, most, counter)
            most -= min(most, counter.count(made))
            if made != section.text:
                section.text = made
                changed.add(at)
        self.put(changed)

    def drop(self, worth: int) -> None:
        """Sections of this worth go, the last first, until the cap holds or is not needed."""
        state = self.state
        found = self.every(worth)
        retrieved = sum(state.count_text(section.text) for _, section in self.every(RAG))
        while found and state.pressed:
            excess = min(
                state.system_tokens - retrieved - state.config.system_cap, state.over_pressure
            )
            if excess <= 0:
                return
            changed = set()
            while found and excess > 0:
                at, section = found.pop()
                excess -= state.count_text(section.text)
                section.text = ""
                changed.add(at)
            self.put(changed)

    def put(self, changed: set[int]) -> None:
        """The messages with what is left of their sections."""
        for at in changed:
            new: dict[Path, str | None] = {}
            for (own, path), found in self.texts.items():
                if own == at:
                    text = "".join(section.text for section in found)
                    new[path] = text if text.strip() else None
            self.state.replace(at, with_texts(self.originals[at], new))


def sections(
    text: str, profile: Sequence[Marker], rag: Sequence[Marker], first: bool
) -> list[Section]:
    """The sections of a text: joined they are the text.  The `first` of all is essential."""
    marked = [(block.begin, block.end, RAG) for block in blocks_of(text, rag)]
    marked += [(block.begin, block.end, PROFILE) for block in blocks_of(text, profile)]
    found: list[Section] = []
    end = 0
    headed = _HEADING.search(text) is not None
    for begin, stop, worth in sorted(marked):
        if begin >= end:
            found += _plain(text[end:begin], headed)
            found.append(Section(text[begin:stop], worth))
            end = stop
    found += _plain(text[end:], headed)
    if first and found and found[0].worth not in (PROFILE, RAG):
        found[0].worth = ESSENTIAL
    return found


def _plain(text: str, headed: bool) -> Iterator[Section]:
    breaks = _HEADING.finditer(text) if headed else _PARAGRAPH.finditer(text)
    begin = 0
    for match in breaks:
        at = match.start() if headed else match.end()
        if text[begin:at].strip():
            yield Section(text[begin:at], _worth(text[begin:at], headed))
            begin = at
    if begin < len(text):
        yield Section(text[begin:], _worth(text[begin:], headed))


def _worth(text: str, headed: bool) -> int:
    if CONCISENESS_MARK in text:
        return ESSENTIAL
    if headed and _HEADING.match(text.lstrip()):
        heading = text.lstrip().partition("\n")[0]
        if _PROFILE_HEADS.search(heading):
            return PROFILE
        if _ESSENTIAL_HEADS.search(heading):
            return ESSENTIAL
        if _FILLER_HEADS.search(heading):
            return FILLER
    elif _FILLER_WORDS.search(text):
        return FILLER
    return ESSENTIAL if _ESSENTIAL_WORDS.search(text) else NORMAL
