"""What is known of a model by its name: encoding, limits, framing, images.

The rows stand in bpe/_model_rows.py, with the date and the sources of their facts.  More, and
others in their place, come from `register_model`, `register_models` (a TOML file) and the file that
the environment variable BPE_MODELS names, which is read when a model is first looked up.

A name is looked up in lower case.  What stands before the last `/` is dropped, and so are a
provider before `:` (`openai:gpt-4o`), the vendor and region of Bedrock's names
(`us.anthropic.claude-...`), and `ft:` with what follows the model in such a name.  The longest
name of the table that the rest begins with wins, if it ends there or before `-`, `:` or `@`: gpt-4
is not found in gpt-4.1.  What is left over keeps the match certain if it is a date, `latest` or
`preview` (gpt-4o-2024-08-06), else the model is taken for a relative, and counts are estimates.
"""

from __future__ import annotations

import os
from _thread import RLock  # threading's own, without the import of threading

from ._model_names import LONGEST_NAME, is_version, plain_name
from .arguments import described
from .errors import TokenTypeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ._model_rows import Images

__all__ = [
    "FRAMINGS",
    "Match",
    "Model",
    "find_model",
    "get_model_limits",
    "match_model",
    "model_names",
    "register_model",
    "register_models",
]

# How the messages of a chat are framed; bpe/context has the rules.
FRAMINGS = (
    "openai",
    "openai-0301",
    "deepseek-v3",
    "deepseek-v3-2412",
    "deepseek-r1",
    "deepseek-r1-0528",
    "deepseek-v3.1",
    "deepseek-v3.1-terminus",
    "deepseek-v3.2",
    "deepseek-v4",
    "generic",
)
# Tokens of a model of which nothing is known: few enough to be safe with almost any.
_WINDOW, _COMPLETION = 8_000, 2_000

_ENDS = frozenset("-:@")
_CACHED_NAMES = 1024


class Model:
    """What is known of one model, or of all whose names begin alike.  None is unknown.

    - `encoding`: the bundled encoding whose ids the model uses.  None marks a vocabulary that is
      not public or not bundled: no answer is better than a wrong one.
    - `nearest`: where `encoding` is None, the bundled encoding that estimates.
    - `context_window`, `max_completion`: in tokens; the window holds prompt and answer.
    - `framing`: one of FRAMINGS.
    - `images`: how an image becomes tokens.
      `("tiles", base, tile)`: scaled down to fit 2048 x 2048 and to a short side of 768, then
      `base` and `tile` for each tile of 512 x 512; low detail is `base`.
      `("patches", factor, cap)`: patches of 32 x 32, scaled down to at most `cap` of them, times
      `factor`.
      `("claude", pixels, edge, cap)`: scaled down to a long edge of `edge` and `cap` tokens, one
      for `pixels` pixels.
      `("gemini", tokens, small, tile)`: `tokens` if no side exceeds `small`, else `tokens` for
      each tile of `tile` x `tile`.
      `("fixed", tokens)`: the same for every image.
    """

    __slots__ = (
        "context_window",
        "encoding",
        "framing",
        "images",
        "max_completion",
        "nearest",
    )

    def __init__(
        self,
        encoding: str | None,
        nearest: str | None = None,
        context_window: int | None = None,
        max_completion: int | None = None,
        framing: str = "generic",
        images: Images | None = None,
    ) -> None:
        self.encoding = encoding
        self.nearest = nearest
        self.context_window = context_window
        self.max_completion = max_completion
        self.framing = framing
        self.images = images

    def __repr__(self) -> str:
        return (
            f"Model(encoding={self.encoding!r}, nearest={self.nearest!r}, "
            f"context_window={self.context_window!r}, max_completion={self.max_completion!r}, "
            f"framing={self.framing!r}, images={self.images!r})"
        )


class Match:
    """The model that a name stands for, its name in the table, and whether it is certainly that."""

    __slots__ = ("certain", "model", "name")

    def __init__(self, model: Model, name: str, certain: bool) -> None:
        self.model = model
        self.name = name
        self.certain = certain

    def __repr__(self) -> str:
        return f"Match({self.name!r}, certain={self.certain!r}, {self.model!r})"


class _Table:
    """Rows by name, and what was found.  Never changed but for the cache: a new one replaces it."""

    __slots__ = ("cache", "open", "own", "rows")

    def __init__(
        self, rows: Mapping[str, Match], open_rows: Mapping[str, Match], own: Mapping[str, Match]
    ) -> None:
        self.rows = rows  # the table's
        self.open = open_rows  # those that end in *
        self.own = own  # registered ones, whose names may hold a provider
        self.cache: dict[str, Match | None] = {}


_table: _Table | None = None
# Reentrant: a signal handler or a finaliser may look a model up while its thread does.
_lock = RLock()


def match_model(name: str) -> Match | None:
    """The row that a model's name stands for, None if there is none; the module says how.

    >>> match_model("openrouter/openai/gpt-4o-2024-08-06").name
    'gpt-4o'
    >>> match_model("gpt-4o-my-variant").certain
    False

    Raises TokenTypeError for a name that is no str, and ArgumentError if the file of BPE_MODELS is
    unfit.
    """
    if not isinstance(name, str):
        raise TokenTypeError(f"a model name must be a str, not {described(name)}", value=name)
    table = _table or _first_table()
    try:
        return table.cache[name]
    except KeyError:
        pass
    if len(name) > LONGEST_NAME:
        return None
    found = _search(table, name.lower())
    if len(table.cache) >= _CACHED_NAMES:
        table.cache.clear()
    table.cache[name] = found
    return found


def find_model(name: str) -> Model | None:
    """The model that a name stands for, None if there is none; its encoding may be None.

    >>> find_model("openai/gpt-4o-2024-08-06").encoding
    'o200k_base'
    """
    found = match_model(name)
    return None if found is None else found.model


def get_model_limits(model: str) -> dict[str, int]:
    """The context window of a model and the most it answers, in tokens, in this order.

    8,000 and 2,000 stand for what is not known, the latter never above the former.

    >>> get_model_limits("gpt-4o")
    {'context_window': 128000, 'max_completion': 16384}
    >>> get_model_limits("nobody-knows-it")
    {'context_window': 8000, 'max_completion': 2000}
    """
    found = find_model(model)
    window = None if found is None else found.context_window
    completion = None if found is None else found.max_completion
    if window is None:
        window = max(_WINDOW, completion or 0)
    if completion is None:
        completion = min(_COMPLETION, window)
    return {"context_window": window, "max_completion": completion}


def model_names() -> Iterator[str]:
    """Every name in the table, those registered included."""
    table = _table or _first_table()
    yield from table.own
    yield from table.rows
    yield from table.open


def register_model(
    name: str,
    *,
    encoding: str | None = None,
    nearest: str | None = None,
    context_window: int | None = None,
    max_completion: int | None = None,
    framing: str | None = None,
    images: tuple[str | float, ...] | None = None,
) -> None:
    """Make a model known, or correct what is known of it, for this process.

    `name` stands for itself and for what begins with it, as the table's names do, and goes before
    them.  With a provider ("azure/gpt-4o") it stands for that provider's only.  The values are
    those of `Model`; what is left out stays as it was for this name, or unknown; an `encoding`
    replaces a `nearest`, and the other way round.

    >>> register_model("my-gpt", encoding="o200k_base", context_window=32_000, framing="openai")
    >>> get_model_limits("my-gpt-2026-11-01")
    {'context_window': 32000, 'max_completion': 2000}

    Raises UnknownEncodingError for an encoding that is not bundled, TokenTypeError and
    ArgumentError for other values that are unfit.
    """
    values = {
        "encoding": encoding,
        "nearest": nearest,
        "context_window": context_window,
        "max_completion": max_completion,
        "framing": framing,
        "images": images,
    }
    given = {key: value for key, value in values.items() if value is not None}
    _register({name: given}, "register_model")


def register_models(path: str | os.PathLike[str]) -> None:
    """Make the models of a TOML file known: all of them, or with an error none.

        [models."my-gpt"]
        encoding = "o200k_base"     # or nearest = "o200k_base"
        context_window = 32_000
        max_completion = 4_000
        framing = "openai"
        images = ["tiles", 85, 170]

    Each table is one call of `register_model`.  Raises what that raises, and ArgumentError for a
    file that is missing or no TOML and for keys that do not exist; the message names the place.
    """
    from ._model_checks import read_models

    where = os.fsdecode(path)
    _register(read_models(where, where), where)


# ---- looking up


def _first_table() -> _Table:
    """The table, made from the rows and the file of BPE_MODELS."""
    global _table
    with _lock:
        if _table is None:
            from ._model_rows import ROWS

            rows: dict[str, Match] = {}
            open_rows: dict[str, Match] = {}
            for names, encoding, nearest, window, completion, framing, images in ROWS:
                model = Model(encoding, nearest, window, completion, framing, images)
                for name in names.split():
                    if name.endswith("*"):
                        open_rows[name[:-1]] = Match(model, name[:-1], False)
                    else:
                        rows[name] = Match(model, name, True)
            table = _Table(rows, open_rows, {})
            path = os.environ.get("BPE_MODELS")
            if path:
                from ._model_checks import read_models

                where = f"{path} (BPE_MODELS)"
                table = _extended(table, read_models(path, where), where)
            # Last: if the file is unfit, the next look-up says so again.
            _table = table
        return _table


def _search(table: _Table, name: str) -> Match | None:
    """The best row for a name in lower case: the longest, a registered one before the table's."""
    # From "a/b/c" to "c": a registered name with its provider is more than any without.
    tail = name
    while "/" in tail:
        if table.own:
            row, _ = _longest(table.own, plain_name(tail))
            if row is not None:
                return row
        tail = tail.partition("/")[2]
    row = _best(table, plain_name(tail))
    if row is None and ":" in tail:
        # mistral:7b is a provider's 7b only if there is such a model.
        row = _best(table, plain_name(tail, provider=False))
    return row


def _best(table: _Table, plain: str) -> Match | None:
    best, length = _longest(table.own, plain)
    known, known_length = _longest(table.rows, plain)
    if known_length > length:
        best, length = known, known_length
    for prefix, row in table.open.items():
        if len(prefix) > length and plain.startswith(prefix):
            best, length = row, len(prefix)
    return best


def _longest(rows: Mapping[str, Match], name: str) -> tuple[Match | None, int]:
    """The row of the longest name that this one begins with, and that length; -1 for none."""
    end = len(name)
    while end > 0:
        row = rows.get(name[:end])
        if row is not None:
            certain = row.certain and (end == len(name) or is_version(name[end:]))
            return (row if certain else Match(row.model, row.name, False)), end
        end -= 1
        while end > 0 and name[end] not in _ENDS:
            end -= 1
    return None, -1


# ---- registering


def _register(models: Mapping[object, object], where: str) -> None:
    global _table
    with _lock:
        _table = _extended(_table or _first_table(), models, where)


def _extended(table: _Table, models: Mapping[object, object], where: str) -> _Table:
    """The table with more models; `where` is named in errors."""
    from ._model_checks import checked_model, checked_name

    for name, values in models.items():
        key = checked_name(name, where)
        found = _search(table, key)
        known = Model(None) if found is None else found.model
        model = checked_model(values, known, f"{where}: model {name!r}")
        table = _Table(table.rows, table.open, {**table.own, key: Match(model, key, True)})
    return table


def _reset_lock() -> None:
    global _lock
    _lock = RLock()


# A thread that holds the lock while another forks would leave it held for ever in the child.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_lock)
