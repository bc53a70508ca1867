"""One long piece that grows at one end, merged again from near that end only.

In a well-formed vocabulary (every token is what its own bytes are encoded to) a sequence of tokens
is the encoding of its bytes if and only if each two neighbours are the encoding of theirs.  So when
a window that begins where a token begins is merged anew, longer than before, and its first token
is the one that was there, then every pair of neighbours is one that stood in an encoding: all
tokens before the window and those of the window are the encoding of the whole.  The same holds
from the other end.  (_core/long.pxd merges long pieces so.)
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .measure import Measure

# What of a piece may still change is nearly always its last few tokens: those of a window are at
# least so many, and so many bytes.
_TOKENS = 3
_BYTES = 48


class Merging:
    """The tokens of a piece so far: `count` of them, of which the last few are in a window.

    Immutable.  With `leftward` the piece grows at its start, and the window is there.
    """

    __slots__ = ("_before", "_ids", "_leftward", "_measure", "_window", "count")

    def __init__(
        self, measure: Measure, before: int, window: bytes, ids: list[int], leftward: bool
    ) -> None:
        self._measure = measure
        self._before = before
        self._window = window
        self._ids = ids
        self._leftward = leftward
        self.count = before + len(ids)

    @classmethod
    def of(cls, measure: Measure, data: bytes, *, leftward: bool = False) -> Merging | None:
        """The piece `data`; None if the vocabulary is not known to be well formed."""
        ids = measure.merge(data)
        return None if ids is None else cls(measure, 0, data, ids, leftward)._trimmed()

    def grown(self, data: bytes) -> Merging | None:
        """With `data` added; None: the window was too small, the piece must be merged anew."""
        if not data:
            return self
        window = data + self._window if self._leftward else self._window + data
        ids = self._measure.merge(window)
        joint = -1 if self._leftward else 0
        if ids is None or (self._before and ids[joint] != self._ids[joint]):
            return None
        return Merging(self._measure, self._before, window, ids, self._leftward)._trimmed()

    def _trimmed(self) -> Merging:
        """With a window of no more than is needed."""
        ids = self._ids
        if len(self._window) < 2 * _BYTES or len(ids) < 2 * _TOKENS:
            return self
        length = self._measure.token_length
        size = kept = 0
        order = ids if self._leftward else reversed(ids)
        for token in order:
            if kept >= _TOKENS and size >= _BYTES:
                break
            size += length(token)
            kept += 1
        if self._leftward:
            window, ids = self._window[:size], ids[:kept]
        else:
            window, ids = self._window[-size:], ids[-kept:]
        return Merging(self._measure, self.count - kept, window, ids, self._leftward)
