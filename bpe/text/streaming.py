"""The exact token count of a text that grows."""

from __future__ import annotations

from ..arguments import repaired
from ..errors import ArgumentError
from .boundaries import WHITE
from .measure import check_text
from .pieces import last_run, settled_part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .boundaries import Cuts
    from .measure import Measure
    from .pieces import Run

# Characters without a safe cut, above which it pays to find the pieces; and those of a piece of
# which no more than its end is then encoded again.
_LONG = 512
_LONG_PIECE = 128


class _State:
    """What is known of a text: immutable, so that a mark is nothing but one of these."""

    __slots__ = ("done", "half", "patience", "run", "tail", "total")

    def __init__(
        self, total: int, done: int, tail: str, patience: int, run: Run | None, half: str = ""
    ) -> None:
        self.total = total  # tokens of all the text
        self.done = done  # those before the tail, or the run
        self.tail = tail  # the text behind the last safe cut
        self.patience = patience  # how long the tail may become
        self.run = run  # instead of a tail, when that became too long
        self.half = half  # the first half of a surrogate pair, whose other half may follow


_EMPTY = _State(0, 0, "", _LONG, None)


class Mark:
    """A moment in the life of a StreamingCounter."""

    __slots__ = ("_measure", "_state")

    def __init__(self, measure: Measure, state: _State) -> None:
        self._measure = measure
        self._state = state


class StreamingCounter:
    r"""Counts a text that comes in parts: after each, exactly the tokens of all of it.

    Only the text behind the last place that no continuation can change is encoded again, a word
    or two mostly; of a long piece (a megabyte of one letter, of ideographs) its last few tokens.

    >>> import bpe
    >>> counter = bpe.load("cl100k_base").counter()
    >>> counter.append("It was a bright cold day in Ap")
    8
    >>> mark = counter.mark()
    >>> counter.append("ril, and the clocks")
    12
    >>> counter.rollback(mark)
    >>> counter.n_tokens
    8
    """

    __slots__ = ("_measure", "_state")

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._state = _EMPTY

    @property
    def n_tokens(self) -> int:
        """The tokens of everything that was appended so far."""
        return self._state.total

    def append(self, text: str) -> int:
        """Add `text`; the tokens of everything so far.  TokenTypeError if it is not a str."""
        check_text(text)
        state = self._state
        half = ""
        text = state.half + str.__str__(text)
        if not text.isascii():
            if "\ud800" <= text[-1] <= "\udbff":
                half, text = text[-1], text[:-1]
            text = repaired(text)
        if text:
            state = _advanced(self._measure, state, text)
        if half:
            # Alone it is U+FFFD; the next text may make another character of it.
            total = _advanced(self._measure, state, "\ufffd").total
            state = _State(total, state.done, state.tail, state.patience, state.run, half)
        self._state = state
        return state.total

    def copy(self) -> StreamingCounter:
        """Another counter that has counted the same and goes its own way from here."""
        other = StreamingCounter(self._measure)
        other._state = self._state
        return other

    def mark(self) -> Mark:
        """Remember this moment for `rollback`; it costs nothing."""
        return Mark(self._measure, self._state)

    def rollback(self, mark: Mark) -> None:
        """Back to a moment of this counter, or of another one of the same tokenizer."""
        if mark._measure is not self._measure:
            raise ArgumentError("a mark of another tokenizer's counter: its counts are others")
        self._state = mark._state

    def __repr__(self) -> str:
        return f"<StreamingCounter: {self.n_tokens} tokens>"


def _advanced(measure: Measure, state: _State, text: str) -> _State:
    """The state with `text` added, which holds no surrogates; `state.half` is not looked at."""
    cuts, run, done, tail = measure.cuts, state.run, state.done, state.tail
    if cuts is None:
        # A foreign pattern may look anywhere.
        tail += text
        return _State(measure.count(tail), 0, tail, _LONG, None)
    if run is not None:
        end = run.taken(text)
        grown = run.grown(measure, text[:end])
        if grown is None:
            tail = run.text()
        elif end == len(text):
            return _State(done + grown.count, done, "", _LONG, grown)
        elif grown.is_cut(cuts, text[end:]):
            done += grown.count
            text = text[end:]
        else:
            tail = run.text()
    # A character more may decide about the places before it.
    seen = max(len(state.tail) - 2, 0) if run is None else 0
    tail += text
    patience = state.patience
    cut = cuts.last(tail, 0, len(tail) - 1, seen)
    if cut:
        done += measure.count(tail[:cut])
        tail = tail[cut:]
        patience = _LONG
    if len(tail) > patience:
        return _settled(measure, cuts, done, tail)
    return _State(done + measure.count(tail), done, tail, patience, None)


def _settled(measure: Measure, cuts: Cuts, done: int, tail: str) -> _State:
    """The state of a long tail without a safe cut, as far as its pieces are certain."""
    starts = [start for start, _ in measure.pieces(tail)]
    part = settled_part(cuts, tail, starts)
    if part:
        done += measure.count(tail[:part])
        tail = tail[part:]
        starts = [start - part for start in starts if start >= part]
    if len(tail) - starts[-1] >= _LONG_PIECE or not tail[-_LONG_PIECE:].strip(WHITE):
        found = last_run(measure, cuts, tail, starts)
        if found is not None:
            place, run = found
            ends = [start for start in starts if 0 < start <= place]
            for start, end in zip([0, *ends], ends, strict=False):
                done += len(measure.merge(tail[start:end].encode()) or ())
            return _State(done + run.count, done, "", _LONG, run)
    # Next when there is twice as much of it, so that all this costs in step with the text.
    patience = max(_LONG, 2 * len(tail))
    return _State(done + measure.count(tail), done, tail, patience, None)
