"""State: one call's conversation on its way through the steps, with the real tokens of each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress

from ..groups import groups_of, has_own_content, protected
from ..optimizer_config import part_of
from ..token_counter import reaches
from .slots import is_system, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ..counting import Framing
    from ..groups import Group
    from ..optimizer_config import TokenOptimizationConfig
    from .marks import Marker

__all__ = ["SUMMARY_MARK", "State"]

# How a summary of earlier messages begins, by which the next call knows it again.
SUMMARY_MARK = "[Summary of the conversation so far]"


@dataclass(slots=True)
class State:
    """What steps read and change; nothing that the caller gave is changed in place.

    `tokens` has the count of each message as it stands in the request.  Where the framing is not
    additive (DeepSeek's formats) that is its count alone, and `drift`, the difference to the real
    total, is set right by `recount()`, which the optimizer calls after each step.

    `render` makes texts of templates, `summarised` says whether there is a summariser.
    `limit` is what a prompt may have at most: the prompt budget, less the error of the counter
    where it only estimates.  Tools named in `required_tools` are sent in any case.
    """

    config: TokenOptimizationConfig
    framing: Framing
    limit: int
    preserve_last_n: int
    rag_markers: Sequence[Marker]
    profile_markers: Sequence[Marker]
    render: Callable[..., str]
    summarised: bool
    messages: list[Any]
    tokens: list[int]
    tools: Any
    required_tools: frozenset[str] = frozenset()
    # Kept in step with messages, tokens and tools by the methods that change them.
    message_tokens: int = 0
    system_tokens: int = 0
    overhead: int = 0
    tool_tokens: int = 0
    rag_tokens: int = 0
    drift: int = 0
    changed: bool = False
    notes: str = ""

    # ---- figures

    @property
    def total(self) -> int:
        """Tokens of the request: `count_messages` of messages and tools."""
        return self.overhead + self.message_tokens + self.drift

    @property
    def history_tokens(self) -> int:
        """Tokens of all other messages, without the blocks retrieved for the latest user turn."""
        return self.message_tokens - self.system_tokens - self.rag_tokens

    @property
    def history_cap(self) -> int:
        """Tokens that the history may have beside the tools in use."""
        return self.config.history_cap(self.tool_tokens)

    @property
    def history_target(self) -> int:
        """Tokens to which the history is compacted, and above which it is."""
        return part_of(self.history_cap, self.config.compaction_trigger_ratio)

    @property
    def pressed(self) -> bool:
        """Whether the prompt is at the pressure threshold or above it."""
        threshold = self.config.conciseness_pressure_threshold
        total = self.total
        return total > self.limit or reaches(total, self.config.prompt_budget, threshold)

    @property
    def over_pressure(self) -> int:
        """How many tokens must go for the prompt to be below the pressure threshold."""
        below = part_of(self.config.prompt_budget, self.config.conciseness_pressure_threshold)
        return max(0, self.total - min(below, self.limit)) + 1

    @property
    def history_pressed(self) -> bool:
        """Whether the history is above its part of the cap."""
        return self.history_tokens > self.history_target

    @property
    def needed(self) -> bool:
        """Whether anything is to be done still."""
        return self.pressed or self.history_pressed

    # ---- groups

    def groups(self) -> tuple[list[Group], list[bool]]:
        """The messages as they belong together, and which of these groups stay as they are.

        Those of the system, of the last n messages and of the latest user message stay, and calls
        that wait for their results.
        """
        groups = groups_of(self.messages)
        stays = protected(self.messages, groups, self.preserve_last_n)
        return groups, [stay or group.pending for group, stay in zip(groups, stays, strict=True)]

    def protected(self) -> set[int]:
        """The messages of groups that stay as they are."""
        groups, stays = self.groups()
        return {
            at for group, stay in zip(groups, stays, strict=True) if stay for at in group.indices
        }

    def latest_user(self) -> int:
        """Where the latest user message with content of its own stands; -1 without any."""
        for at in range(len(self.messages) - 1, -1, -1):
            if has_own_content(self.messages[at]):
                return at
        return -1

    def query(self) -> str:
        """The text of the latest user message."""
        at = self.latest_user()
        return text_of(self.messages[at]) if at >= 0 else ""

    # ---- changes

    def count(self, message: object) -> int:
        """Tokens of a message."""
        return self.framing.message_tokens(message)

    def count_text(self, text: str) -> int:
        """Tokens of a text."""
        return self.framing.counter.count(text)

    def replace(self, at: int, message: object) -> bool:
        """Puts a message in the place of another, if that saves tokens; whether it did."""
        tokens = self.count(message)
        saved = self.tokens[at] - tokens
        if saved <= 0:
            return False
        self.message_tokens -= saved
        if is_system(message):
            self.system_tokens -= saved
        self.messages[at] = message
        self.tokens[at] = tokens
        self.changed = True
        return True

    def keep(self, replaced: Mapping[int, Any | None]) -> None:
        """Drops the messages that are replaced by None, and puts others in their place."""
        messages: list[Any] = []
        tokens: list[int] = []
        for at, message in enumerate(self.messages):
            new = replaced.get(at, message)
            if new is None:
                continue
            messages.append(new)
            tokens.append(self.tokens[at] if new is message else self.count(new))
        if replaced:
            self.messages, self.tokens, self.changed = messages, tokens, True
            self.reframe()

    def insert(self, at: int, message: object) -> None:
        """Adds a message."""
        self.messages.insert(at, message)
        self.tokens.insert(at, self.count(message))
        self.changed = True
        self.reframe()

    def remove(self, at: int) -> None:
        """Takes a message away."""
        del self.messages[at], self.tokens[at]
        self.changed = True
        self.reframe()

    def put_tools(self, tools: list[Any]) -> None:
        """Other definitions of tools."""
        self.tools = tools
        self.changed = True
        self.reframe()

    def after_system(self) -> int:
        """Where the leading system messages end."""
        for at, message in enumerate(self.messages):
            if not is_system(message):
                return at
        return len(self.messages)

    # ---- counting

    def reframe(self) -> None:
        """Sums up, and counts what the request has besides its messages."""
        self.message_tokens = sum(self.tokens)
        self.system_tokens = sum(compress(self.tokens, map(is_system, self.messages)))
        self.overhead = self.framing.overhead(self.messages, self.tools)
        bare = self.framing.overhead(self.messages) if self.tools else self.overhead
        self.tool_tokens = self.overhead - bare

    def recount(self) -> int:
        """The real total, which from now on `total` starts from."""
        if not self.framing.additive:
            self.reframe()
            self.drift = 0
            self.drift = self.framing.count(self.messages, self.tools) - self.total
        return self.total
