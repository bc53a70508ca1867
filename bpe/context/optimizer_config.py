"""TokenOptimizationConfig: what the optimizer may spend, and from where on it acts.

The same fields come from code, from the table [token_optimization] of a TOML file, and from
variables TOKEN_OPTIMIZATION__<FIELD>; what is not said has its default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from math import isfinite

from ..arguments import shown
from ..errors import ArgumentError, TokenTypeError
from ..models import get_model_limits
from .budget import LARGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["TokenOptimizationConfig"]

_TABLE = "token_optimization"
_PREFIX = "TOKEN_OPTIMIZATION__"

# Fields by the values that they take; the rest are counts of at least 1.
_SWITCHES = frozenset(("enabled", "repetition_detection_enabled", "progressive_tool_compression"))
_RATIOS = frozenset(
    (
        "response_headroom_ratio",
        "compaction_trigger_ratio",
        "system_prompt_budget_ratio",
        "rag_budget_ratio",
        "repetition_threshold",
        "conciseness_pressure_threshold",
    )
)
# The range that APIs accept.
_PENALTIES = frozenset(("frequency_penalty", "presence_penalty"))
_LARGEST_PENALTY = 2.0
_NAMES = frozenset(("prompt_template_dir", "tokenizer_model"))

_TRUE = frozenset(("true", "1", "yes", "on"))
_FALSE = frozenset(("false", "0", "no", "off"))
_NONE = frozenset(("", "none", "null"))


class _ForModel:
    """`for_model` of a configuration, or of the class: then of the defaults."""

    def __get__(
        self, instance: TokenOptimizationConfig | None, owner: type[TokenOptimizationConfig]
    ) -> Callable[[str], TokenOptimizationConfig]:
        def for_model(model: str) -> TokenOptimizationConfig:
            """The same with the context window of a model; 8,000 where it is not known."""
            config = owner() if instance is None else instance
            return replace(config, context_window_tokens=get_model_limits(model)["context_window"])

        return for_model


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOptimizationConfig:
    """Ratios are from 0 to 1, counts are from 1 to 2**62; anything else is an ArgumentError.

    - `enabled`: False returns everything as it came.
    - `context_window_tokens`, of which `response_headroom_ratio` is left to the answer; the rest
      is the prompt budget.  `for_model(model)` takes the window from the table of models.
    - `conciseness_pressure_threshold`: the part of the prompt budget from which on the optimizer
      acts.  `compaction_trigger_ratio`: the same of the history's cap.
    - `system_prompt_budget_ratio`, `rag_budget_ratio`: caps, as parts of the window.
    - `max_history_tokens`, `max_summary_tokens`, `max_profile_prompt_tokens`,
      `tool_result_max_tokens`: caps in tokens.
    - `max_tools_per_request`, `progressive_tool_compression`: of tool definitions.
    - `output_max_tokens`, `frequency_penalty`, `presence_penalty`: only go into `request_params`.
    - `repetition_*`: of the RepetitionDetector.
    - `prompt_template_dir`: a folder of `<name>.prompt.txt`.  `tokenizer_model`: counts instead of
      the optimizer's `model`.

    >>> TokenOptimizationConfig(context_window_tokens=1000).prompt_budget
    750
    >>> TokenOptimizationConfig().for_model("gpt-4o").context_window_tokens
    128000
    """

    enabled: bool = True
    context_window_tokens: int = 8192
    response_headroom_ratio: float = 0.25
    compaction_trigger_ratio: float = 0.70
    max_summary_tokens: int = 256
    system_prompt_budget_ratio: float = 0.15
    rag_budget_ratio: float = 0.15
    repetition_detection_enabled: bool = True
    repetition_ngram_size: int = 3
    repetition_threshold: float = 0.3
    max_tools_per_request: int = 8
    output_max_tokens: int = 512
    frequency_penalty: float = 1.1
    presence_penalty: float = 0.6
    progressive_tool_compression: bool = True
    conciseness_pressure_threshold: float = 0.7
    tool_result_max_tokens: int = 100
    max_history_tokens: int = 4096
    max_profile_prompt_tokens: int = 300
    prompt_template_dir: str | os.PathLike[str] | None = None
    tokenizer_model: str | None = None

    for_model = _ForModel()

    def __post_init__(self) -> None:
        for field in fields(self):
            _check(field.name, getattr(self, field.name))

    @property
    def prompt_budget(self) -> int:
        """Tokens that a prompt may have: the window without the headroom for the answer."""
        return part_of(self.context_window_tokens, 1 - self.response_headroom_ratio)

    @property
    def system_cap(self) -> int:
        """Tokens for the system prompt."""
        return part_of(self.context_window_tokens, self.system_prompt_budget_ratio)

    @property
    def rag_cap(self) -> int:
        """Tokens for retrieved blocks."""
        return part_of(self.context_window_tokens, self.rag_budget_ratio)

    def history_cap(self, tools: int = 0) -> int:
        """Tokens for the history, beside definitions of so many tokens; at least 0."""
        left = self.prompt_budget - self.system_cap - self.rag_cap - tools
        return max(0, min(self.max_history_tokens, left))

    @property
    def request_params(self) -> dict[str, Any]:
        """What goes to the API beside messages and tools."""
        return {
            "max_tokens": self.output_max_tokens,
            "frequency_penalty": self.frequency_penalty,
            "presence_penalty": self.presence_penalty,
        }

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> TokenOptimizationConfig:
        """From fields by name; an unknown one is an ArgumentError."""
        if not isinstance(values, Mapping):
            raise TokenTypeError(
                f"values must be a mapping, not {type(values).__name__}", value=values
            )
        return cls(**_known(values, "field"))

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> TokenOptimizationConfig:
        """From the table [token_optimization] of a file; without the table all are defaults.

        Raises OSError for a file that cannot be read, ArgumentError for one that is no TOML.
        """
        return cls(**_read_toml(path))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> TokenOptimizationConfig:
        """From variables such as TOKEN_OPTIMIZATION__CONTEXT_WINDOW_TOKENS=32000."""
        return cls(**_read_env(os.environ if environ is None else environ))

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> TokenOptimizationConfig:
        """From a TOML file, if one is given, over which the variables go."""
        values = {} if path is None else _read_toml(path)
        return cls(**(values | _read_env(os.environ if environ is None else environ)))


def part_of(tokens: int, ratio: float) -> int:
    """A part in whole tokens, rounded down but for the noise of floats: 1000 x (1 - 0.9) is 100."""
    return int(tokens * ratio + 1e-6)


def _check(name: str, value: object) -> None:
    if name in _SWITCHES:
        if not isinstance(value, bool):
            raise ArgumentError(f"{name} must be True or False, not {shown(value)}")
    elif name in _NAMES:
        if value is not None and (not isinstance(value, (str, os.PathLike)) or value == ""):
            raise ArgumentError(f"{name} must be a name or None, not {shown(value)}")
        if name == "tokenizer_model" and isinstance(value, os.PathLike):
            raise ArgumentError(f"{name} must be the name of a model, not {shown(value)}")
    elif name in _RATIOS or name in _PENALTIES:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ArgumentError(f"{name} must be a finite number, not {shown(value)}")
        if isinstance(value, float) and not isfinite(value):
            raise ArgumentError(f"{name} must be a finite number, not {shown(value)}")
        lowest, highest = (0, 1) if name in _RATIOS else (-_LARGEST_PENALTY, _LARGEST_PENALTY)
        if not lowest <= value <= highest:
            raise ArgumentError(f"{name} must be from {lowest} to {highest}: {shown(value)}")
    elif type(value) is not int:
        raise ArgumentError(f"{name} must be an integer, not {shown(value)}")
    elif value < 1:
        raise ArgumentError(f"{name} must be positive: {shown(value)}")
    elif value > LARGEST:
        raise ArgumentError(f"{name} must be at most {LARGEST}: {shown(value)}")


def _known(values: Mapping[str, Any], what: str) -> dict[str, Any]:
    names = TokenOptimizationConfig.__dataclass_fields__
    for name in values:
        if name not in names:
            near = get_close_matches(str(name), names, 1)
            hint = f"; {near[0]} is meant?" if near else f": they are {', '.join(names)}"
            raise ArgumentError(f"no {what} of TokenOptimizationConfig is called {name!r}{hint}")
    return dict(values)


def _read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    import tomllib

    with open(path, "rb") as file:
        try:
            content = tomllib.load(file)
        except ValueError as error:  # also for an integer of thousands of digits
            raise ArgumentError(f"{os.fspath(path)!r} is no TOML: {error}") from None
    table = content.get(_TABLE, {})
    if not isinstance(table, dict):
        raise ArgumentError(f"{_TABLE} in {os.fspath(path)!r} must be a table, not {shown(table)}")
    return _known(table, f"key of [{_TABLE}]")


def _read_env(environ: Mapping[str, str]) -> dict[str, Any]:
    found = {
        name[len(_PREFIX) :].lower(): (name, text)
        for name, text in environ.items()
        if name.upper().startswith(_PREFIX)
    }
    known = _known(found, f"variable {_PREFIX}*")
    return {field: _parsed(field, name, text.strip()) for field, (name, text) in known.items()}


def _parsed(field: str, name: str, text: str) -> object:
    if field in _NAMES:
        return None if text.lower() in _NONE else text
    if field in _SWITCHES:
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise ArgumentError(f"{name} must be true or false, not {text!r}")
    number = float if field in _RATIOS or field in _PENALTIES else int
    try:
        return number(text)
    except ValueError:
        kind = "number" if number is float else "integer"
        raise ArgumentError(f"{name} must be a {kind}, not {text!r}") from None
