"""Budget: how the tokens of a context window are to be spent.

    |<------------------------------- window -------------------------------->|
    | system | tools | rag | history |               headroom                 |
    |<------------------ prompt ------------------>|   margin   |    output   |

The five shares sum to the window.  Headroom is what nobody fills on purpose: it holds the reserve
for the output and the safety margin, and what is more than these is slack for the prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import isfinite

from ..arguments import shown
from ..errors import BudgetError, TokenTypeError
from ..models import get_model_limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["SHARES", "Budget", "apportioned"]

# The parts of a window, in their order, and how the prompt is divided where nobody says otherwise.
PARTS: Final = ("system", "tools", "rag", "history", "headroom")
SHARES: Final = {"system": 0.05, "tools": 0.10, "rag": 0.25, "history": 0.50, "headroom": 0.10}

# Of the prompt: compression starts at the trigger, and ends at the target.
TRIGGER, TARGET = 0.8, 0.5
# One token in so many: what a provider adds of its own, and the uncertainty of tools and images.
MARGIN = 50
# Tokens; more than any window has, and few enough that a part of them is a float.
LARGEST = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The tokens of a context window, each number on its own; all are integers.

    - `window`: what a model takes, prompt and output together.
    - `output`: reserved for the answer.  `margin`: left free in case a count was an estimate.
      What remains is `prompt`, the most that a prompt may have.
    - `trigger`: a prompt of this many tokens or more is to be compressed.  `target`: compressed
      until it has this many or fewer.  The target is below the trigger, so that a compressed
      prompt does not trigger at once again, and the trigger at most `prompt`.
    - `system`, `tools`, `rag`, `history`, `headroom`: who gets how much of the window; they sum to
      it, and headroom is at least output and margin.

    `for_window` and `for_model` fill in what is not said.  Raises BudgetError where the numbers
    contradict each other, with what is `needed` and `available` in tokens.
    """

    window: int
    output: int
    margin: int
    trigger: int
    target: int
    system: int
    tools: int
    rag: int
    history: int
    headroom: int

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_tokens(field.name, getattr(self, field.name))
        if self.prompt < 1:
            needed = self.output + self.margin + 1
            raise BudgetError(
                f"a window of {self.window} tokens has no room for a prompt beside {self.output} "
                f"for the output and a margin of {self.margin}",
                needed=needed,
                available=self.window,
            )
        if not 1 <= self.trigger <= self.prompt:
            raise BudgetError(
                f"the trigger must be between 1 and {self.prompt} tokens, which the prompt may "
                f"have: {self.trigger}",
                needed=self.trigger,
                available=self.prompt,
            )
        if self.target >= self.trigger:
            raise BudgetError(
                f"the target must be below the trigger, or compressing would start again at once: "
                f"{self.target} tokens, trigger {self.trigger}",
                needed=self.target,
                available=self.trigger - 1,
            )
        total = sum(self.shares.values())
        if total != self.window:
            raise BudgetError(
                f"the shares must sum to the window of {self.window} tokens, not to {total}",
                needed=total,
                available=self.window,
            )
        if self.headroom < self.output + self.margin:
            raise BudgetError(
                f"the output and the margin need {self.output + self.margin} tokens of headroom, "
                f"which has {self.headroom}",
                needed=self.output + self.margin,
                available=self.headroom,
            )

    @classmethod
    def for_window(
        cls,
        window: int,
        *,
        output: int | None = None,
        margin: int | None = None,
        trigger: int | float = TRIGGER,
        target: int | float = TARGET,
        shares: Mapping[str, float] | None = None,
    ) -> Budget:
        """A budget for a window of so many tokens.

        - `output`: tokens; a quarter of the window by default.
        - `margin`: tokens; a fiftieth of the window, rounded up, by default.
        - `trigger`, `target`: an int is tokens, a float is a part of what the prompt may have,
          rounded down.
        - `shares`: weights by name ("system", "tools", "rag", "history", "headroom"; a name that
          is left out gets nothing).  They divide the prompt, by the largest remainder; headroom
          gets the output and the margin on top of its part.

        >>> budget = Budget.for_window(1000, output=200, margin=0)
        >>> budget.prompt, budget.trigger, budget.shares
        (800, 640, {'system': 40, 'tools': 80, 'rag': 200, 'history': 400, 'headroom': 280})
        """
        _check_tokens("window", window)
        if output is None:
            output = window // 4
        if margin is None:
            margin = -(-window // MARGIN)
        _check_tokens("output", output)
        _check_tokens("margin", margin)
        prompt = max(0, window - output - margin)  # without room for one, the constructor says so
        parts = apportioned(prompt, _weights(SHARES if shares is None else shares))
        parts["headroom"] += window - prompt
        return cls(
            window=window,
            output=output,
            margin=margin,
            trigger=_part_of("trigger", trigger, prompt),
            target=_part_of("target", target, prompt),
            **parts,
        )

    @classmethod
    def for_model(
        cls,
        model: str,
        *,
        output: int | None = None,
        margin: int | None = None,
        trigger: int | float = TRIGGER,
        target: int | float = TARGET,
        shares: Mapping[str, float] | None = None,
    ) -> Budget:
        """`for_window` with the context window of a model (see `bpe.get_model_limits`).

        `output` is by default the most that the model writes, but no more than a quarter of the
        window.

        >>> budget = Budget.for_model("gpt-4o")
        >>> budget.window, budget.output, budget.margin, budget.prompt
        (128000, 16384, 2560, 109056)
        """
        limits = get_model_limits(model)
        window = limits["context_window"]
        if output is None:
            output = min(limits["max_completion"], window // 4)
        return cls.for_window(
            window, output=output, margin=margin, trigger=trigger, target=target, shares=shares
        )

    @property
    def prompt(self) -> int:
        """The most tokens that a prompt may have: the window without output and margin."""
        return self.window - self.output - self.margin

    @property
    def shares(self) -> dict[str, int]:
        """Tokens by part; they sum to the window."""
        return {name: getattr(self, name) for name in PARTS}

    def fits(self, tokens: int) -> bool:
        """Whether a prompt of so many tokens leaves the output and the margin free."""
        _check_number(tokens)
        return tokens <= self.prompt

    def over(self, tokens: int) -> int:
        """How many of so many prompt tokens must go for it to fit; 0 if it does."""
        _check_number(tokens)
        return max(0, tokens - self.prompt)

    def require(self, tokens: int) -> None:
        """BudgetError, with `needed` and `available`, for a prompt that does not fit."""
        if not self.fits(tokens):
            raise BudgetError(
                f"a prompt of {shown(tokens)} tokens does not fit: {self.prompt} of the window of "
                f"{self.window} are for it",
                needed=tokens,
                available=self.prompt,
            )

    def should_compress(self, tokens: int) -> bool:
        """Whether a prompt of so many tokens is to be compressed: from the trigger on."""
        _check_number(tokens)
        return tokens >= self.trigger

    def to_free(self, tokens: int) -> int:
        """How many tokens compressing is to free: down to the target, or 0 below the trigger."""
        return tokens - self.target if self.should_compress(tokens) else 0


def apportioned(total: int, weights: Mapping[str, float]) -> dict[str, int]:
    """`total` divided by weights into integers that sum to it, by the largest remainder.

    Of equal remainders the earlier name gets the token.  Exact for any size: a float is the
    fraction that it stands for.

    >>> apportioned(10, {"a": 1, "b": 1, "c": 1})
    {'a': 4, 'b': 3, 'c': 3}
    """
    ratios = {name: weight.as_integer_ratio() for name, weight in weights.items()}
    common = max(below for _, below in ratios.values())  # all are powers of two
    quotas = {name: above * (common // below) for name, (above, below) in ratios.items()}
    whole = sum(quotas.values())
    parts = {name: total * quota // whole for name, quota in quotas.items()}
    left = total - sum(parts.values())
    # The sort is stable, which settles ties.
    for name in sorted(quotas, key=lambda name: -(total * quotas[name] % whole))[:left]:
        parts[name] += 1
    return parts


def _weights(shares: Mapping[str, float]) -> dict[str, float]:
    if not isinstance(shares, Mapping):
        raise TokenTypeError(f"shares must be a mapping, not {type(shares).__name__}", value=shares)
    unknown = [name for name in shares if name not in PARTS]
    if unknown:
        raise BudgetError(f"no share is called {shown(unknown[0])}: they are {', '.join(PARTS)}")
    for name, weight in shares.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)):
            raise BudgetError(f"the share of {name} must be a number, not {type(weight).__name__}")
        if isinstance(weight, int) and abs(weight) > LARGEST:
            raise BudgetError(f"the share of {name} must be at most {LARGEST}")
        if not isfinite(weight) or weight < 0:
            raise BudgetError(f"the share of {name} must be finite and at least 0: {weight}")
    if not any(shares.values()):
        raise BudgetError("all shares are 0")
    return {name: shares.get(name, 0) for name in PARTS}


def _part_of(name: str, value: float, prompt: int) -> int:
    """Tokens: an int as it is, a float as that part of the prompt."""
    if type(value) is not float:
        _check_tokens(name, value)
        return int(value)
    if not 0.0 <= value <= 1.0:
        raise BudgetError(f"the {name} must be between 0.0 and 1.0 of the prompt: {value}")
    return int(value * prompt)


def _check_number(tokens: object) -> None:
    if isinstance(tokens, bool) or not isinstance(tokens, (int, float)):
        raise TokenTypeError(f"tokens must be a number, not {type(tokens).__name__}", value=tokens)


def _check_tokens(name: str, value: object) -> None:
    if type(value) is not int:
        raise BudgetError(f"{name} must be an integer of tokens, not {type(value).__name__}")
    if abs(value) > LARGEST:  # and perhaps of more digits than can be written
        raise BudgetError(f"{name} must be at most {LARGEST} tokens", available=LARGEST)
    if value < 0:
        raise BudgetError(f"{name} must be at least 0 tokens: {value}", needed=0, available=value)
