"""Counts for a model by its name: texts, and whole requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from ..arguments import shown
from ..errors import ArgumentError, ModelNotSupportedError, TokenTypeError
from ..models import match_model
from .breakdown import Breakdown, MessageCount
from .counter import ModelCounter, counter_for, wrapped
from .openai import ChatFraming

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .counter import Counter
    from .messages import PartTokens

__all__ = [
    "Framing",
    "count_breakdown",
    "count_messages",
    "count_tokens",
    "count_tokens_batch",
    "framing_for",
]


# Framings that are never exact: of families in general, and one with a token that is not bundled.
_NOT_EXACT = frozenset(("generic", "v4.1"))
# The bundled encoding whose ids DeepSeek's models use.
_DEEPSEEK = "deepseek_v3"


def count_tokens(text: str, model: str, *, strict: bool = False) -> int:
    """The number of tokens of `text` for a model; the text of special tokens counts as text.

    Where the model's own tokenizer is not known it is an estimate, with an EstimateWarning (once
    for each model); with `strict`, a ModelNotSupportedError.  `bpe.context.counter_for(model)`
    says how sure the count is.

    >>> count_tokens("hello world", "gpt-4o")
    2
    """
    counter = counter_for(model, strict=strict)
    if not isinstance(text, str):
        raise TokenTypeError(
            f"count_tokens counts a str, not {type(text).__name__}"
            + _hint(text, "count_tokens_batch(texts, model) counts many texts"),
            value=text,
        )
    return counter.count(text)


def count_tokens_batch(texts: Iterable[str], model: str, *, strict: bool = False) -> list[int]:
    """`count_tokens` of each text, with threads when it pays.

    >>> count_tokens_batch(["hello world", ""], "gpt-4o")
    [2, 0]
    """
    counter = counter_for(model, strict=strict)
    given: object = texts
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise TokenTypeError(
            f"count_tokens_batch counts a list of str, not {type(given).__name__}"
            + ("; count_tokens(text, model) counts one" if isinstance(given, str) else ""),
            value=given,
        )
    kept = given if isinstance(given, list) else [*given]
    for index, text in enumerate(kept):
        if not isinstance(text, str):
            raise TokenTypeError(
                f"count_tokens_batch counts a list of str, not {type(text).__name__}, "
                f"which stands at index {index}",
                value=text,
                index=index,
            )
    return counter.count_batch(kept)


def _hint(value: object, batch: str) -> str:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "; decode it first"
    if isinstance(value, dict) or (isinstance(value, list) and value and _is_chat(value)):
        return "; count_messages(messages, model) counts a chat"
    return f"; {batch}" if isinstance(value, (list, tuple)) else ""


def _is_chat(values: list[object]) -> bool:
    return isinstance(values[0], dict)


def count_messages(
    messages: Iterable[Any],
    model: str,
    tools: Iterable[Any] | None = None,
    tool_choice: object = None,
    strict: bool = False,
    *,
    counter: Counter | None = None,
    part_tokens: PartTokens | None = None,
    thinking: bool | None = None,
    effort: str | None = None,
    add_generation_prompt: bool = True,
    drop_reasoning: bool | None = None,
    markers: str = "text",
    format: str | None = None,  # noqa: A002 - the name that count_deepseek has
) -> int:
    """The prompt tokens of a request: messages, tool definitions, and what opens the reply.

    - `messages`: mappings, or the SDKs' objects, in OpenAI's or Anthropic's form.
    - `tools`, `tool_choice`: as given to the API.
    - `strict`: where tokenizer or framing of the model are not known, ModelNotSupportedError
      instead of an EstimateWarning.
    - `counter`: counts the text instead of the model's own; no count by a tokenizer other than
      the model's is exact.
    - `part_tokens(part)`: tokens of a part that is no text, such as sound or a file; None where
      it does not know.  Not with DeepSeek's formats, which have no such parts: ArgumentError.
    - `thinking`, `effort`, `add_generation_prompt`, `drop_reasoning`, `markers`: of DeepSeek's
      formats only, see bpe.context.deepseek; `format` names one of these ("v3.1"), instead of the
      model's, and is exact with their tokenizer only.

    Raises TokenCountError, with `index` and `path`, for messages or tools that are malformed.

    >>> count_messages([{"role": "user", "content": "hello world"}], "gpt-4o")
    9
    """
    return framing_for(
        model,
        strict=strict,
        counter=counter,
        part_tokens=part_tokens,
        thinking=thinking,
        effort=effort,
        add_generation_prompt=add_generation_prompt,
        drop_reasoning=drop_reasoning,
        markers=markers,
        format=format,
    ).count(messages, tools, tool_choice)


def count_breakdown(
    messages: Iterable[Any],
    model: str,
    tools: Iterable[Any] | None = None,
    tool_choice: object = None,
    strict: bool = False,
    *,
    counter: Counter | None = None,
    part_tokens: PartTokens | None = None,
    thinking: bool | None = None,
    effort: str | None = None,
    add_generation_prompt: bool = True,
    drop_reasoning: bool | None = None,
    markers: str = "text",
    format: str | None = None,  # noqa: A002
) -> Breakdown:
    """As `count_messages`, message by message and part by part, with `exact` and `error`."""
    return framing_for(
        model,
        strict=strict,
        counter=counter,
        part_tokens=part_tokens,
        thinking=thinking,
        effort=effort,
        add_generation_prompt=add_generation_prompt,
        drop_reasoning=drop_reasoning,
        markers=markers,
        format=format,
    ).breakdown(messages, tools, tool_choice)


class Framing(Protocol):
    """How a model's requests are put together."""

    @property
    def counter(self) -> ModelCounter:
        """What counts the text."""
        ...

    @property
    def additive(self) -> bool:
        """Whether a total is `overhead(...)` and the sum of `count_message` over the messages."""
        ...

    def count(self, messages: object, tools: object = None, tool_choice: object = None) -> int:
        """The total."""
        ...

    def breakdown(
        self, messages: object, tools: object = None, tool_choice: object = None
    ) -> Breakdown:
        """The total and its parts."""
        ...

    def count_message(self, message: object, index: int = 0) -> MessageCount:
        """One message: as it stands in any request if `additive`, else alone in one."""
        ...

    def message_tokens(self, message: object, index: int = 0) -> int:
        """`count_message(...).tokens`."""
        ...

    def overhead(self, messages: object, tools: object = None, tool_choice: object = None) -> int:
        """What a request has besides its messages."""
        ...


def framing_for(
    model: str,
    *,
    strict: bool = False,
    counter: Counter | None = None,
    part_tokens: PartTokens | None = None,
    thinking: bool | None = None,
    effort: str | None = None,
    add_generation_prompt: bool = True,
    drop_reasoning: bool | None = None,
    markers: str = "text",
    format: str | None = None,  # noqa: A002
) -> Framing:
    """How requests to a model are counted; the arguments are those of `count_messages`."""
    if format is not None and not isinstance(format, str):
        raise TokenTypeError(
            f"format must be a str or None, not {type(format).__name__}", value=format
        )
    if part_tokens is not None and not callable(part_tokens):
        raise TokenTypeError(
            f"part_tokens must be callable or None, not {type(part_tokens).__name__}",
            value=part_tokens,
        )
    if counter is None:
        made = counter_for(model, strict=strict)
    else:
        made = wrapped(counter, model, None if format is None else _DEEPSEEK)
    match = match_model(model)
    known = None if match is None else match.model
    framing = "generic" if known is None else known.framing
    deepseek = framing.removeprefix("deepseek-") if framing.startswith("deepseek-") else None
    form = deepseek if format is None else format.removeprefix("deepseek-")
    if strict:
        _check_known(made, framing if form is None else form, deepseek=form is not None)
    if form is not None:
        if part_tokens is not None:
            raise ArgumentError(
                "part_tokens is for models that are given other parts than text, and DeepSeek's "
                "formats have none: they say [Unsupported ...] in their place"
            )
        options = {
            "thinking": thinking,
            "effort": effort,
            "add_generation_prompt": add_generation_prompt,
            "drop_reasoning": drop_reasoning,
            "markers": markers,
        }
        return DeepSeekFraming(made, form, options)
    if thinking is not None or effort is not None or drop_reasoning is not None:
        raise ArgumentError(
            "thinking, effort and drop_reasoning are of DeepSeek's formats, and "
            f"{model!r} has another: pass format= to count it as one of them"
        )
    if markers != "text":
        raise ArgumentError(
            f"markers={shown(markers)}: only DeepSeek's formats know markers other than 'text'"
        )
    images = None if known is None else known.images
    return ChatFraming(made, framing, images, part_tokens)


def _check_known(counter: ModelCounter, framing: str, *, deepseek: bool) -> None:
    """For `strict`: refuses what can only be estimated."""
    another = deepseek and counter.encoding not in (None, _DEEPSEEK)
    if not counter.exact or another:
        what = "how text becomes tokens"
    elif framing in _NOT_EXACT:
        what = "how messages are framed"
    else:
        return
    raise ModelNotSupportedError(
        f"{what} is not known exactly for {counter.model!r}; without strict=True it is estimated",
        model=counter.model,
    )


class DeepSeekFraming:
    """DeepSeek's formats, where what a message becomes depends on those around it."""

    additive = False

    def __init__(self, counter: ModelCounter, form: str, options: dict[str, Any]) -> None:
        self.counter = counter
        self._format = form
        self._options = options

    def count(self, messages: object, tools: object = None, tool_choice: object = None) -> int:
        """The total."""
        from .deepseek import total_deepseek

        return total_deepseek(
            messages,
            format=self._format,
            counter=self.counter,
            tools=tools,
            tool_choice=tool_choice,
            **self._options,
        )

    def breakdown(
        self, messages: object, tools: object = None, tool_choice: object = None
    ) -> Breakdown:
        """The total and its parts."""
        from .deepseek import count_deepseek

        return count_deepseek(
            messages,
            format=self._format,
            counter=self.counter,
            model=self.counter.model,
            tools=tools,
            tool_choice=tool_choice,
            **self._options,
        )

    def count_message(self, message: object, index: int = 0) -> MessageCount:
        """The message alone in a request."""
        return replace(self.breakdown([message]).messages[0], index=index)

    def message_tokens(self, message: object, index: int = 0) -> int:
        """`count_message(...).tokens`."""
        return self.count_message(message, index).tokens

    def overhead(self, messages: object, tools: object = None, tool_choice: object = None) -> int:
        """All that is no message's own."""
        made = self.breakdown(messages, tools, tool_choice)
        return made.tools + made.reply
