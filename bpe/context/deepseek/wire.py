"""JSON as the formats write it, and errors that name a place."""

from __future__ import annotations

import json
from typing import NoReturn

from ...errors import TokenCountError

# What Python's json writes and reads, while JSON itself does not know it.
_NO_JSON = "NaN and infinity are no JSON"

# A text of so many characters cannot be nested deeply.
_SHALLOW = 200


def fail(index: int | None, path: str, problem: str) -> NoReturn:
    """A TokenCountError that names the place."""
    raise TokenCountError(f"{path} {problem}", index=index, path=path)


def to_json(value: object, index: int | None, path: str) -> str:
    """A caller's value, with `, ` and `: ` between items and non-ASCII characters kept.

    TokenCountError for what is no JSON: NaN, cycles, other types, too many levels.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except RecursionError:
        fail(index, path, "is nested too deeply to be written as JSON")
    except (TypeError, ValueError) as error:
        fail(index, path, f"cannot be written as JSON: {error}")


def parsed_to_json(value: object) -> str:
    """As `to_json`, of a value that was read from JSON: NaN stays NaN, as it does elsewhere."""
    return json.dumps(value, ensure_ascii=False)


def strict_object(text: str) -> dict[str, object] | None:
    """A JSON object by the letter: without NaN, numbers of 64 bits; None if `text` is none."""
    try:
        value = json.loads(text, parse_constant=_refuse, parse_int=_integer)
        text.encode()  # a str with lone surrogates is no JSON
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # nor "\ud800" or 1e400
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(name: str) -> NoReturn:
    raise ValueError(_NO_JSON)


def _integer(digits: str) -> int | float:
    # A number that fits in no integer of 64 bits is read as a double.
    value = int(digits) if len(digits) <= 20 else 1 << 64
    return value if -(1 << 63) <= value < 1 << 64 else float(digits)


def any_json(text: str) -> tuple[object, bool]:
    """What Python reads a text as, and whether it is JSON at all."""
    try:
        value = json.loads(text)
        if len(text) > _SHALLOW:
            json.dumps(value)  # what is nested too deeply cannot be written again
    except (ValueError, RecursionError):
        return None, False
    return value, True
