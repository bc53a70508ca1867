"""ContextMonitor: how full the context window is, at the cost of what has changed since last time.

After each check the monitor keeps a snapshot of every message beside its tokens.  The next check
compares, which costs no encoding, and counts only messages that are new or have changed, wherever
they stand now.  Where a message's tokens depend on those around it (DeepSeek's formats), the
request is rendered again as soon as anything has changed, and only text that was not part of the
last one is encoded.  Where plain texts follow each other without a marker between them (results,
messages of one role), they are one text to the tokenizer, and of that only what was appended.

What is kept is one conversation: its snapshots refer to the same strings and hold no copies of
them, and what the last check did not see again is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock

from ..arguments import shown
from ..errors import ArgumentError, BudgetError, TokenCountError, TokenTypeError
from ..models import get_model_limits
from ..tokenizer import Tokenizer
from .counter import ModelCounter, counter_for, wrapped
from .counting import framing_for
from .history import History
from .messages import listed
from .prompts import check_system_prompt, system_message, with_system
from .snapshots import value_snapshot
from .token_counter import TRIGGER, TokenCounter, reaches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    from ..text.streaming import StreamingCounter
    from .counter import Counter

    # The tokens of a text, and what continues to count where it ends.
    _Known: TypeAlias = tuple[int, StreamingCounter | None]

__all__ = ["ContextMonitor", "ContextUsage"]

# Whose framing a Counter gets that belongs to no model; of its limits nothing is known.
_FRAMING = "gpt-4o"
_NO_MODEL = ""


@dataclass(frozen=True, slots=True)
class ContextUsage:
    """How full a context window is; all but the ratio are tokens.

    `max_tokens` is the budget of the prompt, `usage_ratio` how much of it `prompt_tokens` take, at
    most 1.0.  `completion_tokens` are those reserved for the answer, and `total_tokens` both; the
    reserve enters nowhere else.
    """

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    max_tokens: int
    usage_ratio: float
    should_compress: bool


class ContextMonitor:
    """Watches one conversation: `check_usage` counts it, and callbacks hear when it grows too full.

    - `counter`: a TokenCounter, the name of a model, or any Counter.  A Counter that has no
      `model` is taken to count for OpenAI's framing, and for a model of which nothing is known.
    - `max_tokens`: the budget of the prompt.  None: the context window less the reserve for the
      answer, which is the most that the model writes, but no more than a quarter of the window.
    - `threshold`: from this part of the budget on, `should_compress` is True.

    One monitor serves any number of threads, one check at a time.  It may be given other
    conversations too, but then counts each anew.  Raises BudgetError for a budget below 1 token.
    """

    def __init__(
        self,
        counter: TokenCounter | Counter | str,
        max_tokens: int | None = None,
        *,
        threshold: float = TRIGGER,
    ) -> None:
        found, model = _counter_of(counter)
        self._memo = _Memo(found)
        self._framing = framing_for(model or _FRAMING, counter=self._memo)
        if not self._framing.additive:
            self._memo.follow(found)
        # Messages that are counted one by one need no memory of their texts.
        self._each = framing_for(model or _FRAMING, counter=found).message_tokens
        limits = get_model_limits(model)
        window = limits["context_window"]
        self._reserve = min(limits["max_completion"], window // 4)
        if max_tokens is None:
            max_tokens = window - self._reserve
        elif type(max_tokens) is not int:
            raise TokenTypeError(
                f"max_tokens must be an integer or None, not {type(max_tokens).__name__}",
                value=max_tokens,
            )
        if max_tokens < 1:
            raise BudgetError(
                f"a prompt needs a budget of at least 1 token: {shown(max_tokens)}",
                needed=1,
                available=max_tokens,
            )
        self.max_tokens = max_tokens
        self.threshold = _checked_ratio(threshold)
        self._lock = Lock()
        self._watches: list[_Watch] = []
        self._forget()

    # ---- checking

    def check_usage(
        self,
        messages: Iterable[Any],
        system_prompt: str = "",
        *,
        tools: Iterable[Any] | None = None,
        tool_choice: object = None,
    ) -> ContextUsage:
        """What a request with these messages would take; then calls the callbacks that are due.

        `prompt_tokens` is what `count_messages` gives, with the system prompt as a first message
        unless it is empty.  Raises TokenCountError, with `index` and `path`, for messages that are
        malformed; what was known before stays known.
        """
        kept = messages.copy() if type(messages) is list else [*listed(messages)]
        definitions = None if tools is None else _as_list(tools)
        with self._lock:
            usage = self._checked(kept, system_prompt, definitions, tool_choice)
            due = self._crossed(usage)
        if due:
            _call(due, usage)
        return usage

    @property
    def usage(self) -> ContextUsage | None:
        """The result of the last check; None before the first."""
        return self._usage

    def reset(self) -> None:
        """Forget the conversation; callbacks stay, and are armed again."""
        with self._lock:
            self._forget()
            for watch in self._watches:
                watch.armed = True

    # ---- callbacks

    def on_threshold(
        self, ratio: float, callback: Callable[[ContextUsage], object]
    ) -> Callable[[], None]:
        """Call `callback(usage)` when usage reaches `ratio` of the budget; returns what undoes it.

        It is called once for each upward crossing, by the thread whose check found it, before that
        check returns: at the first check at or above the ratio, and again only after a check has
        found usage below it.  Whoever comes late, with usage above the ratio already, is called at
        the next check.  `ratio` is above 0 and at most 1.

        No lock is held meanwhile: a callback may check again.  Callbacks that are due at once are
        called by rising ratio, all of them; after that the error of one that failed is raised from
        `check_usage`, or an ExceptionGroup where several did.  The monitor has then noted the
        check (`usage`) and the crossing, and does not call again for it.
        """
        if not callable(callback):
            raise TokenTypeError(
                f"a callback must be callable, not {type(callback).__name__}", value=callback
            )
        watch = _Watch(_checked_ratio(ratio), callback)
        with self._lock:
            # Sorted here, and a new list each time: a check may be going through the old one.
            self._watches = sorted([*self._watches, watch], key=lambda each: each.ratio)

        def remove() -> None:
            with self._lock:
                self._watches = [each for each in self._watches if each is not watch]

        return remove

    def _crossed(self, usage: ContextUsage) -> list[_Watch]:
        due = []
        for watch in self._watches:
            above = reaches(usage.prompt_tokens, usage.max_tokens, watch.ratio)
            if above and watch.armed:
                due.append(watch)
            watch.armed = not above
        return due

    # ---- counting what has changed

    def _forget(self) -> None:
        self._history = History()
        self._system = ""
        self._tools: object = None
        self._choice: object = None
        self._usage: ContextUsage | None = None
        self._memo.forget()

    def _checked(
        self, messages: list[Any], system_prompt: str, tools: list[Any] | None, tool_choice: object
    ) -> ContextUsage:
        history = self._history
        unchanged = history.unchanged(messages)
        rest = self._same_rest(system_prompt, tools, tool_choice)
        if self._usage is not None and rest and unchanged == len(messages) == len(history):
            return self._usage
        check_system_prompt(system_prompt)
        if not rest:
            snapshots = value_snapshot(tools), value_snapshot(tool_choice)
        self._memo.begin()
        if self._framing.additive:
            total = self._sum(messages, unchanged, system_prompt, tools, tool_choice)
        else:
            total = self._whole(messages, unchanged, system_prompt, tools, tool_choice)
        self._memo.end()
        if not rest:
            self._system = system_prompt
            self._tools, self._choice = snapshots
        self._usage = ContextUsage(
            prompt_tokens=total,
            completion_tokens=self._reserve,
            total_tokens=total + self._reserve,
            max_tokens=self.max_tokens,
            usage_ratio=min(1.0, total / self.max_tokens),
            should_compress=reaches(total, self.max_tokens, self.threshold),
        )
        return self._usage

    def _same_rest(self, system_prompt: object, tools: object, tool_choice: object) -> bool:
        try:
            return bool(
                self._system == system_prompt
                and self._tools == tools
                and self._choice == tool_choice
            )
        except Exception:  # whatever a foreign object does when it is compared
            return False

    def _sum(
        self,
        messages: list[Any],
        unchanged: int,
        system_prompt: str,
        tools: list[Any] | None,
        tool_choice: object,
    ) -> int:
        """The total where each message has its tokens whatever stands around it."""
        before = [system_message(system_prompt)] if system_prompt else []
        # With the memory of texts: a system prompt and definitions are encoded once.
        total = self._framing.overhead([*before, *messages], tools, tool_choice)
        for message in before:
            total += self._framing.message_tokens(message)
        return total + self._history.count(messages, unchanged, self._each)

    def _whole(
        self,
        messages: list[Any],
        unchanged: int,
        system_prompt: str,
        tools: list[Any] | None,
        tool_choice: object,
    ) -> int:
        """The total where messages depend on each other: all is put together again."""

        def count(messages: Sequence[Any]) -> int:
            return self._framing.count(messages, tools, tool_choice)

        noted = self._history.noted(messages, unchanged)
        total = with_system(count, messages, system_prompt)
        self._history = noted
        return total


class _Watch:
    """A callback, its ratio, and whether it is to be called when that is reached."""

    __slots__ = ("armed", "callback", "ratio")

    def __init__(self, ratio: float, callback: Callable[[ContextUsage], object]) -> None:
        self.ratio = ratio
        self.callback = callback
        self.armed = True


class _Memo:
    """A Counter that remembers the texts of the last check, and of the one that is going on."""

    def __init__(self, counter: ModelCounter) -> None:
        self.exact = counter.exact
        self.error = counter.error
        self.name = counter.encoding
        self._count = counter.count
        self._new: Callable[[], StreamingCounter] | None = None
        self.forget()

    def follow(self, counter: ModelCounter) -> None:
        """Count texts that grow by what they grow by, if the counter is a Tokenizer."""
        if isinstance(counter.counter, Tokenizer):
            self._new = counter.counter.counter

    def forget(self) -> None:
        self._last: dict[str, _Known] = {}
        self._now: dict[str, _Known] = {}
        # The texts in the order in which they were asked for.
        self._last_order: list[str] = []
        self._order: list[str] = []

    def begin(self) -> None:
        """A check begins; the last one may have failed."""
        self._now = {}
        self._order = []

    def end(self) -> None:
        """The check is over: what it did not ask for is forgotten."""
        if self._new is not None and not self._last_order:
            # Of many texts at once only these may grow: system messages, and what comes last.
            for text in dict.fromkeys((*self._order[:1], *self._order[-1:])):
                self._now[text] = self._followed(self._new(), text)
        self._last, self._last_order = self._now, self._order
        self.begin()

    def count(self, text: str) -> int:
        known = self._now.get(text)
        if known is None:
            known = self._last.get(text)
            if known is None:
                known = self._counted(text)
            self._now[text] = known
        if self._new is not None:
            self._order.append(text)
        return known[0]

    def _counted(self, text: str) -> _Known:
        last = self._last_order
        if self._new is None or not last:
            # A counter that can go on takes twice as long.
            return self._count(text), None
        place = len(self._order)
        # What stood here last time, or at the end: before it there may be more now, or less.
        for before in (*last[place : place + 1], *last[-1:]):
            counter = self._last[before][1]
            if counter is not None and before and text.startswith(before):
                return self._followed(counter.copy(), text[len(before) :])
        return self._followed(self._new(), text)

    @staticmethod
    def _followed(counter: StreamingCounter, text: str) -> _Known:
        return counter.append(text), counter


def _counter_of(counter: TokenCounter | Counter | str) -> tuple[ModelCounter, str]:
    """What counts text, and for which model: "" if for none that is known."""
    if isinstance(counter, str):
        return counter_for(counter), counter
    if isinstance(counter, TokenCounter):
        return counter.counter, counter.model
    model = getattr(counter, "model", None)
    if not isinstance(model, str):
        model = _NO_MODEL
    return wrapped(counter, model), model


def _as_list(tools: object) -> list[Any]:
    if isinstance(tools, (str, bytes, Mapping)) or not isinstance(tools, Iterable):
        raise TokenCountError(
            f"tools must be a list of tools, not {type(tools).__name__}", path="tools"
        )
    return [*tools]


def _checked_ratio(ratio: float) -> float:
    if isinstance(ratio, bool) or not isinstance(ratio, (int, float)):
        raise TokenTypeError(
            f"a threshold must be a number, not {type(ratio).__name__}", value=ratio
        )
    if not 0 < ratio <= 1:
        raise ArgumentError(f"a threshold must be above 0 and at most 1: {shown(ratio)}")
    return float(ratio)


def _call(due: list[_Watch], usage: ContextUsage) -> None:
    """Call all of them; then raise what they raised."""
    errors: list[Exception] = []
    for watch in due:
        try:
            watch.callback(usage)
        except Exception as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ExceptionGroup(f"{len(errors)} callbacks of thresholds failed", errors)
