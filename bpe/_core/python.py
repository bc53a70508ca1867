"""The reference core: the published pattern, the plain merge.

It says in the fewest words what the compiled core must do, and runs where nothing can be compiled.
"""

from __future__ import annotations

import re
from array import array
from heapq import heapify, heappop, heappush
from itertools import pairwise
from operator import index
from struct import iter_unpack

from ..errors import RefusedTextError, TokenRangeError, TokenTypeError, UnknownTokenError
from .patterns import check, split
from .special_set import special_regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ..vocabulary import Vocabulary
    from .interface import SpecialSet

# The rank of a pair that does not merge: more than any rank.
NEVER = 1 << 32
# Longer pieces are merged with a heap, in n log n steps; the plain merge takes n * n small ones,
# and is faster up to here.
LONG_PIECE = 256
# Text repeats its words: each call remembers the ids of the pieces it met, up to this many.
REMEMBERED = 1 << 16
# What `struct` calls the integers.
_INTEGER_FORMATS = frozenset("bBhHiIlLqQnN")


class PythonSpecialSet:
    """Special tokens as one regular expression."""

    __slots__ = ("ids", "regex")

    def __init__(self, tokens: Mapping[str, int]) -> None:
        self.ids = dict(tokens)
        self.regex: re.Pattern[str] = re.compile(special_regex(self.ids))

    def first(self, text: str) -> str | None:
        found = self.regex.search(text)
        return found and found.group()


class PythonCore:
    """One vocabulary, ready to encode and decode; see interface.Core."""

    __slots__ = ("_bytes_of", "_id_of", "_keep", "_pair_rank", "_pattern", "_whole_first")

    def __init__(self, vocabulary: Vocabulary) -> None:
        check(vocabulary.pattern)
        self._pattern = vocabulary.pattern
        self._keep = vocabulary.keep_unmatched
        self._id_of = ranks = dict(vocabulary.ranks)
        self._bytes_of = {token: data for data, token in ranks.items()}
        for name, token in vocabulary.special_tokens.items():
            # Where two share an id, the first is what decoding gives.
            self._bytes_of.setdefault(token, name.encode())
        merges = vocabulary.merges
        self._whole_first = merges is None or vocabulary.ignore_merges
        self._pair_rank = _any_pair(ranks) if merges is None else _listed_pairs(merges)

    # -- encoding ----------------------------------------------------------------------------------

    def special_set(self, tokens: Mapping[str, int]) -> PythonSpecialSet:
        return PythonSpecialSet(tokens)

    def encode(
        self, text: str, specials: SpecialSet | None = None, refused: SpecialSet | None = None
    ) -> list[int]:
        return [token for tokens in self._pieces(text, specials, refused) for token in tokens]

    def encode_array(
        self, text: str, specials: SpecialSet | None = None, refused: SpecialSet | None = None
    ) -> memoryview:
        return memoryview(array("I", self.encode(text, specials, refused)))

    def count(
        self, text: str, specials: SpecialSet | None = None, refused: SpecialSet | None = None
    ) -> int:
        return sum(map(len, self._pieces(text, specials, refused)))

    # Threads would only take turns here, so `num_threads` changes nothing.

    def encode_batch(
        self,
        texts: Sequence[str],
        specials: SpecialSet | None = None,
        refused: SpecialSet | None = None,
        num_threads: int = 0,
    ) -> list[list[int]]:
        return [self.encode(text, specials, refused) for text in texts]

    def count_batch(
        self,
        texts: Sequence[str],
        specials: SpecialSet | None = None,
        refused: SpecialSet | None = None,
        num_threads: int = 0,
    ) -> list[int]:
        return [self.count(text, specials, refused) for text in texts]

    def encode_bytes(self, data: bytes) -> list[int]:
        try:
            return self.encode(data.decode())
        except UnicodeDecodeError as error:
            valid = error.start
        pieces = list(self._pieces(data[:valid].decode()))
        tokens = [token for piece in pieces for token in piece]
        # The rest belongs to the last piece, for all we know.  After blanks, a pattern may take
        # the blanks before them too (`\s*[\r\n]`), so those are taken back as well.
        unstable = len(pieces[-1]) if pieces else 0
        if unstable and self._is_blank(tokens[-unstable]):
            while unstable < len(tokens) and self._is_blank(tokens[-unstable - 1]):
                unstable += 1
        stable = len(tokens) - unstable
        rest = b"".join(self._bytes_of[token] for token in tokens[stable:]) + data[valid:]
        return tokens[:stable] + self._encode_piece(rest)

    def _is_blank(self, token: int) -> bool:
        return not self._bytes_of[token].strip(b" \n\t")

    def _pieces(
        self, text: str, specials: SpecialSet | None = None, refused: SpecialSet | None = None
    ) -> Iterator[list[int]]:
        """The ids of each piece, and of each special token, in order."""
        if type(text) is not str:
            raise TypeError(f"text must be a str, not {type(text).__name__}")
        if not text.isascii():
            # Lone surrogates are refused wherever they are, also where the pattern drops text.
            text.encode()
        if refused is not None and refused.first(text) is not None:
            raise RefusedTextError
        if specials is None:
            yield from self._ordinary(text)
            return
        assert isinstance(specials, PythonSpecialSet), "the set was made by another core"
        done = 0
        for found in specials.regex.finditer(text):
            # The pattern sees nothing but the stretch: a look-ahead finds the end of the text.
            yield from self._ordinary(text[done : found.start()])
            yield [specials.ids[found.group()]]
            done = found.end()
        yield from self._ordinary(text[done:])

    def _ordinary(self, text: str) -> Iterator[list[int]]:
        met: dict[str, list[int]] = {}
        for start, end in split(text, self._pattern, self._keep):
            piece = text[start:end]
            tokens = met.get(piece)
            if tokens is None:
                tokens = self._encode_piece(piece.encode())
                if len(met) == REMEMBERED:
                    met.clear()
                met[piece] = tokens
            yield tokens

    def _encode_piece(self, piece: bytes) -> list[int]:
        if self._whole_first:
            token = self._id_of.get(piece)
            if token is not None:
                return [token]
        parts = [piece[i : i + 1] for i in range(len(piece))]
        merge = merge_plain if len(parts) <= LONG_PIECE else merge_heap
        return [self._id_of[part] for part in merge(parts, self._pair_rank)]

    # -- decoding ----------------------------------------------------------------------------------

    def token_id(self, token: bytes) -> int | None:
        return self._id_of.get(token)

    def token_bytes(self, token: int) -> bytes:
        return self.decode((token,))

    def decode(self, tokens: Iterable[int]) -> bytes:
        tokens = integers(tokens)
        try:
            return b"".join(map(self._bytes_of.__getitem__, map(index, tokens)))
        except (KeyError, TypeError):
            pass
        # Again, slowly, to say which one it was.
        for place, token in enumerate(tokens):
            self._check_token(token, place)
        raise AssertionError("a token could be decoded only at the second time")

    def decode_text(self, tokens: Iterable[int], errors: str) -> str:
        return self.decode(tokens).decode("utf-8", errors)

    def _check_token(self, token: object, place: int) -> None:
        try:
            number = index(token)  # type: ignore[arg-type]
        except TypeError:
            raise TokenTypeError(
                f"a token id must be an integer, not {type(token).__name__}, at index {place}",
                value=token,
                index=place,
            ) from None
        if not 0 <= number < NEVER:
            # Python refuses to write integers of thousands of digits.
            said = number if number.bit_length() <= 256 else f"of {number.bit_length()} bits, it"
            raise TokenRangeError(
                f"no token id: {said} is not between 0 and 2**32 - 1, at index {place}",
                token=number,
                index=place,
            )
        if number not in self._bytes_of:
            raise UnknownTokenError(
                f"no token has the id {number}, at index {place}", token=number, index=place
            )


# -- merging ---------------------------------------------------------------------------------------


def _any_pair(ranks: Mapping[bytes, int]) -> Callable[[bytes, bytes], int]:
    """By tiktoken's rule two parts merge if their joined bytes are a token; its id is the rank."""
    get = ranks.get
    return lambda left, right: get(left + right, NEVER)


def _listed_pairs(merges: Sequence[tuple[bytes, bytes]]) -> Callable[[bytes, bytes], int]:
    """By tokenizer.json's rule two parts merge if the pair is listed; its place is the rank."""
    places: dict[tuple[bytes, bytes], int] = {}
    for place, pair in enumerate(merges):
        places.setdefault(pair, place)
    return lambda left, right: places.get((left, right), NEVER)


def merge_plain(parts: list[bytes], pair_rank: Callable[[bytes, bytes], int]) -> list[bytes]:
    """Merge, as long as there is one, the pair of lowest rank, of equals the leftmost."""
    ranks = [pair_rank(left, right) for left, right in pairwise(parts)]
    while ranks:
        lowest = min(ranks)
        if lowest == NEVER:
            break
        at = ranks.index(lowest)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
        del ranks[at]
        if at < len(ranks):
            ranks[at] = pair_rank(parts[at], parts[at + 1])
        if at > 0:
            ranks[at - 1] = pair_rank(parts[at - 1], parts[at])
    return parts


def merge_heap(parts: list[bytes], pair_rank: Callable[[bytes, bytes], int]) -> list[bytes]:
    """The same in O(n log n): the pairs in a heap, the parts in a linked list."""
    end = len(parts)
    after = list(range(1, end + 1))
    before = list(range(-1, end - 1))
    # The rank of each part with the one after it.
    ranks = [pair_rank(left, right) for left, right in pairwise(parts)]
    ranks.append(NEVER)
    heap = [(rank, at) for at, rank in enumerate(ranks) if rank != NEVER]
    heapify(heap)
    while heap:
        rank, left = heappop(heap)
        if ranks[left] != rank:
            continue  # one of the two has merged with another since
        right = after[left]
        parts[left] += parts[right]
        parts[right] = b""
        ranks[right] = NEVER
        after[left] = after[right]
        if after[left] < end:
            before[after[left]] = left
        for at in (before[left], left):
            if at < 0:
                continue
            ranks[at] = pair_rank(parts[at], parts[after[at]]) if after[at] < end else NEVER
            if ranks[at] != NEVER:
                heappush(heap, (ranks[at], at))
    return [part for part in parts if part]


# -- integers --------------------------------------------------------------------------------------


def integers(tokens: Iterable[int]) -> Sequence[int]:
    """The ids, as what can be read twice; from a buffer of any integers, whatever its layout."""
    if isinstance(tokens, (list, tuple)):
        return tokens
    try:
        view = memoryview(tokens)  # type: ignore[arg-type]
    except (TypeError, ValueError, BufferError):
        # No buffer, or one that memoryview cannot name (NumPy's dates): its items will tell.
        try:
            return list(tokens)
        except TypeError:
            raise TokenTypeError(
                f"decoding takes an iterable of token ids, not {type(tokens).__name__}",
                value=tokens,
            ) from None
    if view.ndim != 1:
        raise TokenTypeError(
            f"ids must have one dimension, not {view.ndim}: decode each row, or use decode_batch",
            value=tokens,
        )
    kind = view.format.lstrip("@=<>!")
    if kind not in _INTEGER_FORMATS:
        return list(tokens)
    if kind == view.format or view.format == "@" + kind:
        return view.tolist()
    # Not this machine's layout, which a memoryview does not read; `tobytes` also ends strides.
    return [number for (number,) in iter_unpack(view.format, view.tobytes())]
