"""Tokens of values as compact JSON."""

from __future__ import annotations

from .json_writer import CHUNK, SHALLOW, json_chunks, weight_of, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .counter import Counter

__all__ = ["estimate_json_tokens", "json_chunks"]


def estimate_json_tokens(
    value: object,
    model: str = "gpt-4o",
    *,
    default: Callable[[Any], object] | None = None,
    counter: Counter | None = None,
    strict: bool = False,
) -> int:
    """The number of tokens of `value` as compact JSON: no spaces, members in their order.

    The JSON is that of `json.dumps(value, ensure_ascii=False, separators=(",", ":"))`; its count
    is exact where the model's tokenizer is known (see `counter_for`; `strict` refuses the others).
    Beyond what json knows: pydantic models and dataclasses (as objects), mappings, sets (as sorted
    arrays), deques, NumPy's arrays and numbers, Enum (its value), datetime, date and time
    (ISO 8601), UUID, Decimal and paths (as strings), bytes (as the text that they are in UTF-8).
    `default(object)`, if given, is asked first about whatever json does not know, and raises
    TypeError to leave it to these rules.

    `counter` counts instead of the model's own; one that cannot count a text in parts (`counter()`,
    as Tokenizer has it) is given the JSON of a large value whole.

    Raises TokenCountError, with the place as `.path` ("value.items[3].price"), for a number that is
    none in JSON (NaN, infinities), a cycle, a key or object that cannot be written, text with a
    lone surrogate, and more than 1,000 containers in each other.

    >>> estimate_json_tokens({"city": "Paris", "days": [1, 2, 3]})
    13
    """
    from .counter import counter_for, wrapped

    found = counter_for(model, strict=strict) if counter is None else wrapped(counter, model)
    if weight_of(value, CHUNK, SHALLOW) is not None:
        text = written(value)
        if text is not None:
            return found.count(text)
    chunks = json_chunks(value, default)
    start = _running(found.counter)
    if start is None:
        return found.count("".join(chunks))
    running = start()
    tokens = 0
    for chunk in chunks:
        tokens = running.append(chunk)
    return tokens


def _running(counter: object) -> Callable[[], Any] | None:
    """The method that starts a running count, of what is inside a counter that holds another."""
    while counter is not None:
        found: Any = getattr(counter, "counter", None)
        if callable(found):
            start: Callable[[], Any] = found
            return start
        counter = found
    return None
