"""The methods of Tokenizer that measure text in tokens; what they do is in bpe/text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from .text.chunks import Chunk
    from .text.measure import Measure
    from .text.streaming import StreamingCounter


class Measuring:
    """Limits, truncation, chunks and running counts; exact, and text is all they know of.

    Special tokens are text like any other here, as they are in `count`.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def _measured(self) -> Measure: ...

    def count_up_to(self, text: str, limit: int) -> int:
        """`count(text)` if that is at most `limit`, else `limit + 1`; reads on no further.

        Only a pattern of one's own makes it count all of the text.
        """
        return self._measured().count_up_to(text, limit)

    def fits(self, text: str, limit: int) -> bool:
        """Whether `text` has at most `limit` tokens; reads no more than it takes to know."""
        return self._measured().fits(text, limit)

    def truncate(
        self,
        text: str,
        max_tokens: int,
        keep: Literal["start", "end", "middle"] = "start",
        marker: str = "",
    ) -> str:
        """The longest slice of `text` that has at most `max_tokens` tokens, by its own count.

        - `keep` says which end stays; "middle" cuts out the middle, with half of the tokens for
          the head and the rest for the tail (what that leaves goes to the head again).
        - `marker` stands where text was left out, and is counted with it.

        Text that fits is returned as it is, the same object, without the marker.  No character is
        cut in two, nor is a surrogate pair.  "Longest" means that no longer slice fits (of
        "middle": no longer head with this tail); only within stretches without a place to cut (one
        word of hundreds of letters) longer ones are not looked for beyond 128 bytes, those of the
        longest token.  With a pattern of one's own the result fits too, but is not always longest.

        Raises ArgumentError (a ValueError) for a negative limit, another `keep`, or a marker that
        has more tokens than `max_tokens` (0 gives "" in any case); TokenTypeError for wrong types.

        >>> import bpe
        >>> bpe.load("o200k_base").truncate("one two three four five six", 4, "middle", " [...]")
        'one two [...] six'
        """
        from .text.truncate import truncate

        return truncate(self._measured(), text, max_tokens, keep, marker)

    def chunks(
        self,
        text: str,
        max_tokens: int,
        overlap: int = 0,
        boundary: Literal["token", "word", "sentence", "line", "paragraph"] = "token",
    ) -> Iterator[Chunk]:
        """`text` in slices of at most `max_tokens` tokens each, by their own count.

        Yields Chunk(text, start, end, n_tokens), where `text` is source[start:end], in characters.
        Together they cover the source; each but the first shares up to `overlap` tokens of text
        with the one before it, and ends behind it.

        Each chunk is as long as it can be and ends where a unit of the kind `boundary` does; a
        unit that does not fit is cut at the next finer boundary.  Blanks behind a sentence and
        newlines behind a line or paragraph go with it; blanks go with the word behind them, as in
        tokens.  An overlap starts at such a boundary too, and gives way to a whole unit.

        Raises ArgumentError (a ValueError) unless 0 <= overlap < max_tokens, for another boundary,
        and on the way for a character that alone has more than `max_tokens` tokens.

        >>> import bpe
        >>> for chunk in bpe.load("cl100k_base").chunks("One. Two two. Three.", 6, 0, "sentence"):
        ...     print(chunk)
        Chunk(text='One. Two two. ', start=0, end=14, n_tokens=6)
        Chunk(text='Three.', start=14, end=20, n_tokens=2)
        """
        from .text.chunks import chunks

        return chunks(self._measured(), text, max_tokens, overlap, boundary)

    def counter(self) -> StreamingCounter:
        """A counter for a text that comes in parts: `append(text)` gives the count of all of it."""
        from .text.streaming import StreamingCounter

        return StreamingCounter(self._measured())
