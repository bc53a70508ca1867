"""Requests in DeepSeek's formats: rendered, and their tokens counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from ...errors import ArgumentError
from ..breakdown import Breakdown, MessageCount, PartCount, certainty
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
    runs,
    with_typed_markers,
)

if TYPE_CHECKING:
    from ..counter import Counter

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
    count = counter.count
    for text, markup, made_of in runs(pieces):
        first = made_of[0][2:]
        if len(made_of) == 1 or all(piece[2:] == first for piece in made_of):
            tokens[first] = tokens.get(first, 0) + (1 if markup else count(text))
            continue
        for piece, n in zip(made_of, _shares(text, made_of, counter), strict=True):
            owner = piece[2:]
            tokens[owner] = tokens.get(owner, 0) + n
    return tokens


def _shares(text: str, made_of: Sequence[Piece], counter: Counter) -> list[int]:
    tokenizer = getattr(counter, "counter", counter)
    encode = getattr(tokenizer, "encode_ordinary", None)
    decode = getattr(tokenizer, "decode_with_offsets", None)
    shares = [0] * len(made_of)
    if encode is not None and decode is not None:
        ends = []
        end = 0
        for piece in made_of:
            end += len(piece[0])
            ends.append(end)
        decoded, offsets = decode(encode(text))
        if decoded == text:
            last = 0
            for start in offsets:
                while ends[last] <= start:
                    last += 1
                shares[last] += 1
            return shares
    # Each for itself; what joining them changes goes to the largest.
    for at, piece in enumerate(made_of):
        shares[at] = counter.count(piece[0])
    rest = counter.count(text) - sum(shares)
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
    for (index, kind), n in tokens.items():
        if index is None or kind in (TOOLS, REPLY) or not n:
            continue
        sure = exact and index not in assumed
        part_error = error if index not in assumed else max(error, ASSUMED_ERROR)
        parts[index].append(PartCount(kind, n, sure, part_error))
    return tuple(MessageCount.of(index, roles[index], parts[index]) for index in sorted(roles))


# ---- what is known of a counter


def _specials_of(counter: Counter) -> frozenset[str]:
    tokenizer = getattr(counter, "counter", counter)
    names = getattr(tokenizer, "special_tokens_set", None)
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
