"""Calibrated: characters times a ratio for each kind of text, which samples and usage keep right.

Most texts are not encoded at all: their kind is read off a bounded sample of them, and their number
of characters is multiplied with the tokens per character of that kind.  Some texts are given to the
real tokenizer, which corrects the ratio and tells how far off the estimate would have been.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from threading import Lock
from typing import Final

from ..arguments import shown
from ..errors import ArgumentError, TokenCountError, TokenTypeError
from .kinds import KINDS, Kind, kind_of, pieces
from .prompts import with_system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .counter import Counter
    from .prompts import Messages

# Tokens per character before anything was sampled: means of cl100k_base, o200k_base and deepseek_v3
# over pieces of 1,000 characters of the texts that kinds.py names, rounded to a twentieth.
PRIOR: Final[dict[Kind, float]] = {
    "prose": 0.25,
    "code": 0.30,
    "json": 0.35,
    "cjk": 0.45,
    "other": 0.55,
}
# Characters that the prior weighs as much as: a first sample of some words does not overthrow it.
PRIOR_CHARS = 256
# Of a longer text the tokenizer sees slices: so many characters in all, in so many slices.
SAMPLE_CHARS, SLICES = 4096, 4
# Recent samples, and recent reports of usage, that each kind remembers.
WINDOW = 64
# The share of texts that the bound is to hold for.
COVERAGE = 0.95
# Tokens: far more than any request has, and few enough for a float.
_MOST = 1 << 62


@dataclass(frozen=True, slots=True)
class KindReport:
    """What is known of one kind of text.

    `ratio` is tokens per character as samples say, `correction` the factor by which reported usage
    differs from that (1.0 without any).  `errors` are how many recent relative errors,
    `(estimate - truth) / truth`, the rest is computed from, at most 64 of samples and 64 of usage:
    each estimate was made before its truth was known.  `bias` is their mean, `mean_error` that of
    their absolute values.

    `bound` is one of the absolute errors, the k-th smallest of n with k = ceil(0.95 * (n + 1)), or
    the largest when there are fewer than 19: as long as texts of the kind stay like the recent
    ones, the error of the next is at most `bound` with a probability of `coverage`, k / (n + 1).
    It says nothing of texts unlike those, and a sum over many texts is closer than each of them.
    Where nothing is known `bound` is infinite and `coverage` 0.
    """

    kind: Kind
    calls: int
    samples: int
    ratio: float
    correction: float
    errors: int
    mean_error: float
    bias: float
    bound: float
    coverage: float


class _Window:
    """The last pairs (base, truth) and their sums; their quotient, and the errors of estimates."""

    __slots__ = ("errors", "pairs", "sum_base", "sum_truth")

    def __init__(self) -> None:
        self.pairs: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        self.errors: deque[float] = deque(maxlen=WINDOW)
        self.sum_base = 0.0
        self.sum_truth = 0.0

    def add(self, base: float, truth: float, error: float) -> None:
        self.pairs.append((base, truth))
        self.errors.append(error)
        # From the pairs, not by adding and subtracting: no rounding is carried along.
        self.sum_base = math.fsum(pair[0] for pair in self.pairs)
        self.sum_truth = math.fsum(pair[1] for pair in self.pairs)


class _State:
    """What is remembered of one kind of text."""

    __slots__ = ("calls", "samples", "seen", "usage")

    def __init__(self) -> None:
        self.calls = 0
        self.seen = 0
        self.samples = _Window()
        self.usage = _Window()


class Calibrated:
    """A Counter that estimates most texts and encodes some, to learn what its estimates are worth.

    Of each kind of text (prose, code, JSON, CJK, other) the calls 1, 2, 4, 8 and so on are
    sampled, then every `every`-th: the real tokenizer counts the text, or slices of it where it
    has more than 4,096 characters.  `count` of a text that was sampled whole is what the tokenizer
    said.  `observe` learns from the usage that a provider reports.

    `counter` is the real tokenizer; None is that of `model`, or what stands for it.  Where it is
    only near to the model's own, its `error` is part of the bound until usage was observed.

    State is bounded: 64 samples and 64 reports for each kind.  The same calls in the same order
    give the same counts; any number of threads may call, and none waits for another's encoding.
    """

    __slots__ = ("_counter", "_counter_error", "_lock", "_states", "every", "model")

    exact = False

    def __init__(
        self, model: str = "gpt-4o", *, counter: Counter | None = None, every: int = 16
    ) -> None:
        from .counter import counter_for, wrapped

        if type(every) is not int or every < 1:
            raise ArgumentError(f"every must be an integer, at least 1: {shown(every)}")
        found = counter_for(model) if counter is None else wrapped(counter, model)
        self.model = model
        self.every = every
        self._counter = found
        self._counter_error = 0.0 if found.exact else found.error
        self._lock = Lock()
        self._states = {kind: _State() for kind in KINDS}

    # ---- counting

    def count(self, text: str) -> int:
        """An estimate of the tokens of `text`; the number itself where it was sampled whole."""
        if not isinstance(text, str):
            raise TokenTypeError(f"text must be a str, not {type(text).__name__}", value=text)
        if not text:
            return 0
        kind = kind_of(text)
        state = self._states[kind]
        with self._lock:
            state.calls += 1
            calls = state.calls
            if calls % self.every and (calls > self.every or calls & (calls - 1)):
                return max(1, round(len(text) * _ratio(kind, state) * _correction(state)))
        return self._sample(text, kind, state)

    def count_up_to(self, text: str, limit: int) -> int:
        """`count(text)` if that is at most `limit`, else `limit + 1`."""
        check_limit(limit)
        return min(self.count(text), limit + 1)

    def count_request(
        self,
        messages: Messages,
        system_prompt: str = "",
        tools: Sequence[Mapping[str, Any]] | None = None,
    ) -> int:
        """`count_messages` with estimated texts, the system prompt being a first message."""
        from .counting import count_messages

        def count(messages: Messages) -> int:
            return count_messages(messages, self.model, tools, counter=self)

        return with_system(count, messages, system_prompt)

    def _sample(self, text: str, kind: Kind, state: _State) -> int:
        parts = pieces(text, SAMPLE_CHARS, SLICES)
        chars = sum(map(len, parts))
        tokens = sum(map(self._counter.count, parts))
        with self._lock:
            state.seen += 1
            correction = _correction(state)
            # Of another vocabulary's tokens usage says nothing: only the ratio can be judged.
            judged = correction if self._counter.exact else 1.0
            before = chars * _ratio(kind, state) * judged
            state.samples.add(chars, tokens, _relative(before, tokens))
            if chars < len(text):
                return max(1, round(len(text) * _ratio(kind, state) * correction))
        # An exact tokenizer is right about this text, whatever usage says of others.
        return tokens if self._counter.exact else max(1, round(tokens * correction))

    # ---- learning from usage

    def observe(
        self,
        text_or_messages: str | Messages,
        reported_tokens: int,
        *,
        system_prompt: str = "",
        tools: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        """Learn from what a provider said a text, or the prompt of a request, had of tokens.

        What the format adds to messages is subtracted first, and where their texts are of several
        kinds each is taken to be off by the same factor.  Raises TokenCountError where the number
        cannot be that of these messages: it is no more than what the format alone adds.
        """
        if type(reported_tokens) is int and abs(reported_tokens) > _MOST:
            raise TokenCountError(
                f"reported_tokens must be at most {_MOST}", path="reported_tokens"
            )
        if type(reported_tokens) is not int or reported_tokens < 0:
            raise TokenCountError(
                f"reported_tokens must be an integer, at least 0: {shown(reported_tokens)}",
                path="reported_tokens",
            )
        recorder = _Recorder(self)
        fixed = 0
        if isinstance(text_or_messages, str):
            recorder.count(text_or_messages)
        else:
            fixed = self._framing(recorder, text_or_messages, system_prompt, tools)
        estimates = recorder.estimates
        total = math.fsum(estimates.values())
        if not total:
            return
        if reported_tokens <= fixed:
            raise TokenCountError(
                f"{reported_tokens} tokens were reported, and the format alone adds {fixed}: that "
                "is the usage of another request",
                path="reported_tokens",
            )
        factor = (reported_tokens - fixed) / total
        with self._lock:
            for kind, estimate in estimates.items():
                state = self._states[kind]
                before = estimate * _correction(state)
                truth = estimate * factor
                state.usage.add(estimate, truth, _relative(before, truth))

    def _framing(
        self,
        recorder: _Recorder,
        messages: Messages,
        system_prompt: str,
        tools: Sequence[Mapping[str, Any]] | None,
    ) -> int:
        from .counting import count_messages

        def count(messages: Messages) -> int:
            recorder.clear()
            return count_messages(messages, self.model, tools, counter=recorder)

        return with_system(count, messages, system_prompt) - recorder.counted

    # ---- what it knows of itself

    def report(self) -> dict[Kind, KindReport]:
        """What is known of each kind of text; errors are those of `KindReport`."""
        with self._lock:
            return {kind: self._report(kind, state) for kind, state in self._states.items()}

    @property
    def error(self) -> float:
        """The largest bound of the kinds that were counted or observed; 1.0 before any was."""
        bounds = [row.bound for row in self.report().values() if row.errors]
        return max(bounds, default=1.0)

    def _report(self, kind: Kind, state: _State) -> KindReport:
        known = state.samples.errors
        surplus = 0.0
        if not self._counter.exact:
            # Samples are counted with another vocabulary: usage, where there is any, is the truth.
            if state.usage.errors:
                known = state.usage.errors
            else:
                surplus = self._counter_error
        elif state.usage.errors:
            known = deque([*state.samples.errors, *state.usage.errors])
        errors = sorted(map(abs, known))
        n = len(errors)
        rank = min(n, math.ceil(COVERAGE * (n + 1)))
        return KindReport(
            kind=kind,
            calls=state.calls,
            samples=state.seen,
            ratio=_ratio(kind, state),
            correction=_correction(state),
            errors=n,
            mean_error=math.fsum(errors) / n if n else 0.0,
            bias=math.fsum(known) / n if n else 0.0,
            bound=(1 + errors[rank - 1]) * (1 + surplus) - 1 if n else math.inf,
            coverage=rank / (n + 1),
        )

    def __repr__(self) -> str:
        return f"Calibrated({self.model!r}, every={self.every})"


class _Recorder:
    """A Counter that estimates without sampling, and remembers how much of which kind."""

    exact = False

    def __init__(self, calibrated: Calibrated) -> None:
        self._states = calibrated._states
        self._lock = calibrated._lock
        self.error = 0.0
        self.clear()

    def clear(self) -> None:
        self.counted = 0
        self.estimates: dict[Kind, float] = {}

    def count(self, text: str) -> int:
        if not text:
            return 0
        kind = kind_of(text)
        with self._lock:
            estimate = len(text) * _ratio(kind, self._states[kind])
        self.estimates[kind] = self.estimates.get(kind, 0.0) + estimate
        tokens = max(1, round(estimate))
        self.counted += tokens
        return tokens


def check_limit(limit: object) -> None:
    """TokenTypeError unless a limit is an integer."""
    if not isinstance(limit, int) or isinstance(limit, bool):
        raise TokenTypeError(f"limit must be an integer, not {type(limit).__name__}", value=limit)


def _ratio(kind: Kind, state: _State) -> float:
    """Tokens per character: of the recent samples, and of the prior as if it were one more."""
    samples = state.samples
    return (samples.sum_truth + PRIOR[kind] * PRIOR_CHARS) / (samples.sum_base + PRIOR_CHARS)


def _correction(state: _State) -> float:
    """The tokens that recent usage reported, divided by those that samples alone would say."""
    usage = state.usage
    return usage.sum_truth / usage.sum_base if usage.sum_base else 1.0


def _relative(estimate: float, truth: float) -> float:
    """(estimate - truth) / truth; a truth of no tokens at all is taken as one."""
    return (estimate - truth) / max(truth, 1.0)
