"""What a trimmed conversation must not have done to the one it was made from.

The rules are written here a second time, from their description, so that they judge the library
as they judge its peers.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from conversations import Message, text_of

MODEL = "gpt-4o"
LAST = 2
# Groups that would still have fitted, together at least this share of the budget: far too much cut.
FAR = 0.1

# (index in the original or None, the message as it is in the result)
Kept = list[tuple[int | None, Message]]

VIOLATIONS = {
    "pairs": "broken pairs of calls and results",
    "over": "over the budget, in real tokens",
    "system": "system text lost or changed",
    "user": "no user message left",
    "changed": "changed what fits",
    "far": "cut far more than needed",
    "next": "cut although the next older group fits",
    "last": "last message lost or changed",
    "order": "order changed",
    "raised": "raised an error",
}


@dataclass(frozen=True)
class Case:
    """A conversation and a budget in which its protected part fits."""

    seed: int
    messages: list[Message]
    groups: list[list[int]]
    tokens: list[int]
    total: int
    needed: int
    budget: int

    @property
    def fits(self) -> bool:
        return self.total <= self.budget


@dataclass
class Verdict:
    """Names of violated invariants, and the share of the budget that the result fills."""

    violated: set[str] = field(default_factory=set)
    tokens: int = 0
    filled: float = 0.0


def count(messages: Sequence[Message]) -> int:
    import bpe

    return bpe.count_messages(messages, MODEL) if messages else 0


def groups_of(messages: Sequence[Message]) -> list[list[int]]:
    """Indices, together where calls and their results are; in the order of their first message."""
    groups: list[list[int]] = []
    waiting: dict[str, list[int]] = {}
    for index, message in enumerate(messages):
        group = None
        if message["role"] == "tool":
            group = waiting.pop(message.get("tool_call_id", ""), None)
        if group is None:
            group = []
            groups.append(group)
        group.append(index)
        for call in message.get("tool_calls") or ():
            waiting[call["id"]] = group
    return groups


def is_user(message: Message) -> bool:
    return message["role"] == "user" and bool(text_of(message).strip())


def protected(messages: Sequence[Message], groups: list[list[int]], last: int = LAST) -> set[int]:
    """System messages, the last ones widened to groups, and a user message."""
    home = {index: group for group in groups for index in group}
    size = len(messages)
    kept = {i for i, message in enumerate(messages) if message["role"] in ("system", "developer")}
    for index in range(max(0, size - last), size):
        kept.update(home[index])
    if not any(is_user(messages[index]) for index in kept):
        latest = [index for index, message in enumerate(messages) if is_user(message)][-1:]
        kept.update(latest)
    return kept


def case(messages: list[Message], seed: int) -> Case:
    """A budget between what is protected and the whole; in three of ten cases more than that."""
    rng = random.Random(f"budget {seed}")
    groups = groups_of(messages)
    tokens = [count([message]) - 3 for message in messages]
    total = sum(tokens) + 3
    needed = sum(tokens[index] for index in protected(messages, groups)) + 3
    if needed >= total or rng.random() < 0.3:
        budget = round(total * rng.uniform(1.0, 1.3)) if rng.random() < 0.9 else total
    else:
        budget = rng.randint(needed, total - 1)
    return Case(seed, messages, groups, tokens, total, needed, budget)


def judge(made: Case, kept: Kept) -> Verdict:
    """Which invariants a result violates."""
    messages = [message for _, message in kept]
    verdict = Verdict(tokens=count(messages))
    verdict.filled = verdict.tokens / made.budget
    found = verdict.violated
    indices = [index for index, _ in kept if index is not None]
    present = set(indices)
    if verdict.tokens > made.budget:
        found.add("over")
    if any(len(present & set(group)) not in (0, len(group)) for group in made.groups):
        found.add("pairs")
    system = "\n".join(text_of(m) for m in messages if m["role"] in ("system", "developer"))
    for message in made.messages:
        if message["role"] in ("system", "developer") and text_of(message) not in system:
            found.add("system")
    if any(map(is_user, made.messages)) and not any(map(is_user, messages)):
        found.add("user")
    if made.fits and messages != made.messages:
        found.add("changed")
    if not messages or messages[-1] != made.messages[-1]:
        found.add("last")
    # Several system messages may become the first one.
    rest = [index for index in indices if made.messages[index]["role"] != "system"]
    if any(left >= right for left, right in itertools.pairwise(rest)):
        found.add("order")
    # Groups may be interleaved: the next older one is by their first or by their last message.
    added = min(_uncut(made, present, verdict.tokens, at) for at in (0, -1))
    if added and not made.fits:
        found.add("next")
        if added >= FAR * made.budget:
            found.add("far")
    return verdict


def _uncut(made: Case, present: set[int], tokens: int, at: int) -> int:
    """Tokens of the newest groups that went though they fit, up to the first that does not."""
    room, added = made.budget - tokens, 0
    for group in sorted(made.groups, key=lambda group: group[at], reverse=True):
        missing = sum(made.tokens[i] for i in group if i not in present)
        # A system message that was merged into another one is not missing.
        if not missing or made.messages[group[0]]["role"] in ("system", "developer"):
            continue
        if added + missing > room:
            break
        added += missing
    return added


def own_promises(made: Case, result: Any, again: Any, strategy: str) -> list[str]:
    """What the library's result says of itself, and its own invariants beyond the table's."""
    wrong = []
    kept = list(zip(result.selected_indices, result.messages, strict=False))
    if len(result.selected_indices) != len(result.messages):
        wrong.append("selected_indices has another length than messages")
    if result.total_tokens != (count(result.messages) if result.messages else result.total_tokens):
        wrong.append("total_tokens is not the count")
    if result.original_tokens != made.total:
        wrong.append("original_tokens is not the count")
    if result.total_tokens > made.budget:
        wrong.append("over the budget")
    if result.total_tokens > made.total:
        wrong.append("longer than the input")
    if result.removed_count != len(made.messages) - len(result.messages):
        wrong.append("removed_count")
    if abs(result.compression_ratio - result.total_tokens / made.total) > 1e-9:
        wrong.append("compression_ratio")
    by_index = dict(kept)
    wrong.extend(
        f"protected message {index} lost or changed"
        for index in sorted(protected(made.messages, made.groups))
        if index not in by_index or by_index[index] is not made.messages[index]
    )
    if strategy == "window":
        wrong.extend(
            f"message {index} is another object"
            for index, message in kept
            if message is not made.messages[index]
        )
    if made.fits and [id(m) for m in result.messages] != [id(m) for m in made.messages]:
        wrong.append("input that fits is not the same objects")
    if list(again.messages) != list(result.messages):
        wrong.append("not idempotent")
    if strategy != "window":
        room = made.budget - result.total_tokens
        present = set(result.selected_indices)
        wrong.extend(
            f"group {group} would still fit"
            for group in made.groups
            if not present & set(group) and sum(made.tokens[i] for i in group) <= room
        )
    return wrong
