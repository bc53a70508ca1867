"""The policy on special tokens: which become ids, which are refused, which are plain text.

Finding special text is the core's; who may use it is decided here, once for all methods.
"""

from __future__ import annotations

from .arguments import described, repaired
from .errors import DisallowedSpecialTokenError, TokenTypeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Literal, TypeAlias

    from ._core.interface import Core, SpecialSet

    Choice: TypeAlias = Literal["all"] | Collection[str]
    Key: TypeAlias = str | frozenset[str]

# A prepared set costs some microseconds and some memory: keep those of the callers' usual choices.
CACHE_SIZE = 64


def settled(choice: Choice) -> Choice:
    """A choice of special tokens that can be read twice; an iterator cannot."""
    return choice if isinstance(choice, (str, set, frozenset, list, tuple)) else tuple(choice)


class Specials:
    """The special tokens of one vocabulary, and prepared sets for the choices made so far.

    `refused` by default are all that are not allowed; a token that is both allowed and refused is
    refused; an allowed name that is no special token is ignored.
    """

    __slots__ = ("_cache", "_core", "names", "tokens")

    def __init__(self, core: Core, tokens: Mapping[str, int]) -> None:
        self._core = core
        self.tokens = tokens
        self.names = frozenset(tokens)
        self._cache: dict[tuple[Key, Key], tuple[SpecialSet | None, SpecialSet | None]] = {}

    def resolve(
        self, allowed: Choice, refused: Choice
    ) -> tuple[SpecialSet | None, SpecialSet | None]:
        """The sets to encode and to refuse; None is an empty one."""
        key = (_key(allowed, "allowed_special"), _key(refused or (), "disallowed_special"))
        try:
            return self._cache[key]
        except KeyError:
            pass
        wanted = self.names if key[0] == "all" else _names(key[0], "allowed_special")
        unwanted = self.names - wanted if key[1] == "all" else _names(key[1], "disallowed_special")
        pair = (self._prepare(wanted & self.names), self._prepare(unwanted))
        if len(self._cache) >= CACHE_SIZE:
            self._cache.clear()
        self._cache[key] = pair
        return pair

    def _prepare(self, names: frozenset[str]) -> SpecialSet | None:
        if not names:
            return None
        if "" in names:
            return _Everywhere()
        # In the vocabulary's order, in which the first of two equal ids wins; then foreign names,
        # which only a refusal can hold: their ids are never used.
        tokens = {name: token for name, token in self.tokens.items() if name in names}
        tokens.update((repaired(name), 0) for name in names - self.names)
        return self._core.special_set(tokens)


class _Everywhere:
    """The set that holds the empty text, as a caller may refuse: every text has it.

    The compiled core complains of its type, the other one finds it; `refuse` says why.
    """

    def first(self, text: str) -> str | None:
        return ""


def refuse(unwanted: SpecialSet | None, text: str, index: int | None = None) -> None:
    """Raise if one of the tokens is in the text: which one, and of a batch, in which text."""
    if unwanted is None:
        return
    try:
        token = unwanted.first(text)
    except UnicodeEncodeError:
        token = unwanted.first(repaired(text))
    if token is None:
        return
    place = "" if index is None else f" at index {index} of the batch"
    raise DisallowedSpecialTokenError(
        f"the text{place} holds the special token {token!r}, which is not allowed. To encode it as "
        f"that token: allowed_special={{{token!r}}} (or 'all'). To encode it as plain text: "
        "disallowed_special=() (or the names to refuse).",
        token=token,
        index=index,
    ) from None


def _key(choice: Choice, argument: str) -> Key:
    if isinstance(choice, str):
        if choice == "all":
            return "all"
        raise TokenTypeError(
            f"{argument} must be 'all' or a collection of special tokens, not the str {choice!r}: "
            f"did you mean {{{choice!r}}}?",
            value=choice,
        )
    try:
        return frozenset(choice)
    except TypeError:
        raise TokenTypeError(
            f"{argument} must be 'all' or a collection of str, not {described(choice)}",
            value=choice,
        ) from None


def _names(key: Key, argument: str) -> frozenset[str]:
    assert isinstance(key, frozenset)
    for name in key:
        if not isinstance(name, str):
            raise TokenTypeError(
                f"{argument} must be 'all' or a collection of str, but it holds {described(name)}",
                value=name,
            )
    return key
