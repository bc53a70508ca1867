"""Requests in DeepSeek's formats: rendered, and their tokens counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple

from ...errors import ArgumentError, TokenTypeError
from ..breakdown import Breakdown, MessageCount, PartCount, certainty
from ..counter import Counter, ModelCounter
from . import markers as m
from . import recipe, templates, v3_2, v4
from .options import Options
from .reading import Turn, read
from .segments import (
    REPLY,
    TOOLS,
    Piece,
    Segment,
    check_markers,
    with_typed_markers,
)

# The bundled encoding whose ids these models use.
ENCODING: Final = "deepseek_v3"

# The relative error where a message was read in a way that its format does not define, where the
# format is not known exactly, or where the counter has another encoding and states no error.
# Nothing was measured, so it is meant to be wide.
ASSUMED_ERROR: Final = 0.1


class _Format(NamedTuple):
    render: Callable[[list[Turn], Options], list[Piece]]
    exact: bool = True


_FORMATS: Final = {
    "v3": _Format(templates.render_v3),
    "v3-2412": _Format(templates.render_v3_2412),
    "r1": _Format(templates.render_r1),
    "r1-0528": _Format(templates.render_r1_0528),
    "v3.1": _Format(templates.render_v3_1),
    "v3.1-terminus": _Format(templates.render_v3_1_terminus),
    "v3.2": _Format(v3_2.render_v3_2),
    "v3.2-dense": _Format(v3_2.render_v3_2_dense),
    "v4": _Format(v4.render_v4),
    "v4-recipe": _Format(recipe.render_v4_recipe),
    # Its marker of system messages is no token of the bundled encoding.
    "v4.1": _Format(recipe.render_v4_1, exact=False),
}
FORMATS: Final = tuple(_FORMATS)


def _format(name: str) -> _Format:
    if not isinstance(name, str):
        raise TokenTypeError(f"format must be a str, not {type(name).__name__}", value=name)
    known = _FORMATS.get(name.removeprefix("deepseek-"))
    if known is None:
        raise ArgumentError(
            f"no DeepSeek format is called {name!r}; there are {', '.join(FORMATS)}"
        )
    return known


def render(
    messages: object,
    *,
    format: str,  # noqa: A002 - the field's own name
    tools: object = None,
    tool_choice: object = None,
    thinking: bool | None = None,
    effort: str | None = None,
    add_generation_prompt: bool = True,
    drop_reasoning: bool | None = None,
) -> list[Segment]:
    """What the model is given, piece by piece; joined they are the rendered text.

    Raises TokenCountError, with `index` and `path`, for messages that the format cannot take, and
    ArgumentError for a format or effort that does not exist.  See the package for the formats and
    the choices.

    >>> pieces = render([{"role": "user", "content": "Hi"}], format="v3.1", thinking=True)
    >>> "".join(piece.text for piece in pieces)
    '<｜begin▁of▁sentence｜><｜User｜>Hi<｜Assistant｜><think>'
    """
    options = Options(tools, tool_choice, thinking, effort, add_generation_prompt, drop_reasoning)
    pieces = _format(format).render(read(messages), options)
    return [Segment(*piece) for piece in pieces if piece[0]]


def count_deepseek(
    messages: object,
    *,
    format: str,  # noqa: A002 - the field's own name
    counter: Counter,
    model: str | None = None,
    tools: object = None,
    tool_choice: object = None,
    thinking: bool | None = None,
    effort: str | None = None,
    add_generation_prompt: bool = True,
    drop_reasoning: bool | None = None,
    markers: str = "text",
) -> Breakdown:
    """The tokens of a request, by message and part.

    The total is the number of ids that the model is given: each run of plain text counts what
    `counter` says, each special token one.  It is `exact` where the format is known exactly, the
    messages are of the form that it defines, and the counter is exact and has the right encoding.
    A run that belongs to several parts is shared out by where its tokens begin; if the counter
    knows no offsets, by the counts of its pieces.

    `reply` holds what every request has: the first token, the paragraph about effort, and what
    opens the answer.  Errors as `render`.
    """
    check_markers(markers)
    form = _format(format)
    turns = read(messages)
    options = Options(tools, tool_choice, thinking, effort, add_generation_prompt, drop_reasoning)
    pieces = form.render(turns, options)
    if markers == "special":
        pieces = with_typed_markers(pieces, _specials_of(counter))
    tokens = _shared_out(pieces, counter)
    exact, error = _certainty_of(counter, form)
    messages_counted = _by_message(turns, tokens, exact, error)
    tool_tokens = sum(n for (_, kind), n in tokens.items() if kind == TOOLS)
    reply = sum(n for (_, kind), n in tokens.items() if kind == REPLY)
    in_messages = sum(message.tokens for message in messages_counted)
    tools_error = error
    if any(turn.index < 0 and not turn.exact for turn in turns):
        tools_error = max(error, ASSUMED_ERROR)
    all_exact, all_error = certainty(
        [
            *((message.tokens, message.exact, message.error) for message in messages_counted),
            (tool_tokens, exact and tools_error == error, tools_error),
            (reply, exact, error),
        ]
    )
    return Breakdown(
        model=model or f"deepseek-{format.removeprefix('deepseek-')}",
        encoding=_encoding_of(counter),
        total=in_messages + tool_tokens + reply,
        messages=messages_counted,
        tools=tool_tokens,
        reply=reply,
        exact=all_exact,
        error=all_error,
    )


def total_deepseek(
    messages: object,
    *,
    format: str,  # noqa: A002 - the field's own name
    counter: Counter,
    tools: object = None,
    tool_choice: object = None,
    thinking: bool | None = None,
    effort: str | None = None,
    add_generation_prompt: bool = True,
    drop_reasoning: bool | None = None,
    markers: str = "text",
) -> int:
    """The total of `count_deepseek`, for less: nothing is shared out.

    Each run of plain text is counted once, by `counter.count`.  When a message is appended, the
    runs of earlier ones stay the same strings, unless the format itself changes them.
    """
    check_markers(markers)
    options = Options(tools, tool_choice, thinking, effort, add_generation_prompt, drop_reasoning)
    pieces = _format(format).render(read(messages), options)
    if markers == "special":
        pieces = with_typed_markers(pieces, _specials_of(counter))
    count = counter.count
    total = 0
    run: list[str] = []
    for text, markup, _, _ in pieces:
        if markup:
            total += 1
            if run:
                total += count(run[0] if len(run) == 1 else "".join(run))
                run.clear()
        elif text:
            run.append(text)
    if run:
        total += count("".join(run))
    return total


# ---- whose tokens they are


def _shared_out(pieces: Iterable[Piece], counter: Counter) -> dict[tuple[int | None, str], int]:
    """(index, kind) -> tokens, in the order in which they first occur."""
    tokens: dict[tuple[int | None, str], int] = {}
    run: list[Piece] = []
    for piece in pieces:
        text, markup, index, kind = piece
        if markup:
            if run:
                _share_run(tokens, run, counter)
                run.clear()
            owner = (index, kind)
            tokens[owner] = tokens.get(owner, 0) + 1
        elif text:
            run.append(piece)
    if run:
        _share_run(tokens, run, counter)
    return tokens


def _share_run(
    tokens: dict[tuple[int | None, str], int], run: Sequence[Piece], counter: Counter
) -> None:
    """Adds the tokens of a run of plain text to those of its owners."""
    text, _, index, kind = run[0]
    owner = (index, kind)
    if len(run) > 1:
        text = "".join([piece[0] for piece in run])
        if any(piece[3] != kind or piece[2] != index for piece in run):
            for piece, n in zip(run, _shares(text, run, counter), strict=True):
                owner = (piece[2], piece[3])
                tokens[owner] = tokens.get(owner, 0) + n
            return
    tokens[owner] = tokens.get(owner, 0) + counter.count(text)


def _shares(text: str, run: Sequence[Piece], counter: Counter) -> list[int]:
    """How many tokens of `text` are those of each piece of the run that it is."""
    shares = [counter.count(piece[0]) for piece in run]
    rest = counter.count(text) - sum(shares)
    if not rest:
        return shares  # no token crosses from one piece to the next
    tokenizer = _inner(counter)
    encode = getattr(tokenizer, "encode_ordinary", None)
    decode = getattr(tokenizer, "decode_with_offsets", None)
    if encode is not None and decode is not None:
        decoded, offsets = decode(encode(text))
        if decoded == text:
            ends = list(accumulate(len(piece[0]) for piece in run))
            shares = [0] * len(run)
            at = 0
            for start in offsets:
                while ends[at] <= start:
                    at += 1
                shares[at] += 1
            return shares
    # What joining the pieces changes goes to the largest.
    while rest:
        largest = max(range(len(shares)), key=shares.__getitem__)
        change = max(rest, -shares[largest])
        shares[largest] += change
        rest -= change
    return shares


def _by_message(
    turns: Sequence[Turn],
    tokens: Mapping[tuple[int | None, str], int],
    exact: bool,
    error: float,
) -> tuple[MessageCount, ...]:
    roles: dict[int, str] = {}
    assumed: set[int] = set()
    for turn in turns:
        if turn.index >= 0:
            # A message that was read as several turns has the role that it names itself.
            roles[turn.index] = turn.role
            if not turn.exact:
                assumed.add(turn.index)
    parts: dict[int, list[PartCount]] = {index: [] for index in roles}
    assumed_error = max(error, ASSUMED_ERROR)
    for (index, kind), n in tokens.items():
        if index is None or not n or kind == TOOLS:
            continue
        if index in assumed:
            parts[index].append(_part(kind, n, False, assumed_error))
        else:
            parts[index].append(_part(kind, n, exact, error))
    return tuple(
        MessageCount.of(index, roles[index], parts[index])
        if index in assumed or not parts[index]
        else MessageCount(
            index,
            roles[index],
            sum([part.tokens for part in parts[index]]),
            tuple(parts[index]),
            exact,
            error,
        )
        for index in sorted(roles)
    )


# Most parts of a conversation are alike: two tokens of framing, and so on.
_part = lru_cache(maxsize=1024)(PartCount)


# ---- what is known of a counter


def _inner(counter: Counter) -> Counter:
    return counter.counter if isinstance(counter, ModelCounter) else counter


def _specials_of(counter: Counter) -> frozenset[str]:
    names = getattr(_inner(counter), "special_tokens_set", None)
    return names if isinstance(names, frozenset) else m.KNOWN


def _encoding_of(counter: Counter) -> str | None:
    encoding = getattr(counter, "encoding", None)
    if encoding is None and hasattr(counter, "special_tokens_set"):
        encoding = getattr(counter, "name", None)
    return encoding if isinstance(encoding, str) else None


def _certainty_of(counter: Counter, form: _Format) -> tuple[bool, float]:
    error = float(getattr(counter, "error", 0.0))
    exact = bool(getattr(counter, "exact", True))
    if not form.exact or _encoding_of(counter) not in (None, ENCODING):
        return False, max(error, ASSUMED_ERROR)
    return exact, error
