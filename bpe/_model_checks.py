"""Values of models that users register, checked before they enter the table of bpe/models.py.

Every error names the place (the file or call, and the model) and what would be right.
"""

from __future__ import annotations

from ._model_names import LONGEST_NAME, plain_name
from .arguments import described, shown
from .encodings import list_encodings
from .errors import ArgumentError, TokenTypeError, UnknownEncodingError
from .models import FRAMINGS, Model

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._model_rows import Images

__all__ = ["checked_model", "checked_name", "read_models"]

# Tokens; more than any window has, and few enough that a part of them is a float.
_MOST_TOKENS = 1 << 62
# The rules for images (see Model), and how many numbers each has.
_IMAGE_RULES = {"tiles": 2, "patches": 2, "claude": 3, "gemini": 3, "fixed": 1}


def checked_name(name: object, where: str) -> str:
    if not isinstance(name, str):
        raise TokenTypeError(
            f"{where}: a model name must be a str, not {described(name)}", value=name
        )
    key = name.lower()
    parts = key.split("/")
    if not all(parts) or len(key) > LONGEST_NAME or plain_name(parts[-1]) != parts[-1]:
        raise ArgumentError(
            f"{where}: {name!r} cannot be a model's name: it must be a name, or provider/name, "
            f"of 1 to {LONGEST_NAME} characters, without what a look-up drops (ft:, openai:, "
            "us.anthropic.)"
        )
    return key


def checked_model(values: object, known: Model, place: str) -> Model:
    """A Model of checked values; what is left out is that of `known`."""
    if not isinstance(values, dict):
        raise ArgumentError(f"{place} must be a table of values, not {described(values)}")
    for key in values:
        if key not in Model.__slots__:
            raise ArgumentError(
                f"{place} has no value {key!r}: there are {', '.join(sorted(Model.__slots__))}"
            )
    encoding = _checked_encoding(values, "encoding", place)
    nearest = _checked_encoding(values, "nearest", place)
    if encoding is not None and nearest is not None:
        raise ArgumentError(
            f"{place}: encoding={encoding!r} says what the model uses, nearest={nearest!r} that "
            "this is not known: give one of them"
        )
    if encoding is None and nearest is None:
        encoding, nearest = known.encoding, known.nearest
    window = _checked_tokens(values, "context_window", 1, place)
    completion = _checked_tokens(values, "max_completion", 0, place)
    if window is not None and completion is not None and completion > window:
        raise ArgumentError(
            f"{place}: max_completion={completion} is more than context_window={window}"
        )
    if window is None:
        window = known.context_window
        if window is not None and completion is not None:
            window = max(window, completion)
    if completion is None:
        completion = known.max_completion
        if window is not None and completion is not None:
            completion = min(window, completion)
    framing = values.get("framing", known.framing)
    if framing not in FRAMINGS:
        raise ArgumentError(f"{place}: framing={shown(framing)} is none of {', '.join(FRAMINGS)}")
    images = _checked_images(values, known, place)
    return Model(encoding, nearest, window, completion, framing, images)


def _checked_encoding(values: Mapping[str, object], key: str, place: str) -> str | None:
    value = values.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise TokenTypeError(f"{place}: {key} must be a str, not {described(value)}", value=value)
    if value not in list_encodings():
        raise UnknownEncodingError(
            f"{place}: {key}={value!r} is no bundled encoding: these are "
            f"{', '.join(list_encodings())}",
            name=value,
        )
    return value


def _checked_tokens(values: Mapping[str, object], key: str, least: int, place: str) -> int | None:
    value = values.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise TokenTypeError(f"{place}: {key} must be an int, not {described(value)}", value=value)
    if value < least:
        raise ArgumentError(f"{place}: {key}={shown(value)} is below {least}")
    if value > _MOST_TOKENS:
        raise ArgumentError(f"{place}: {key} must be at most {_MOST_TOKENS}: {shown(value)}")
    return value


def _checked_images(values: Mapping[str, object], known: Model, place: str) -> Images | None:
    rule = values.get("images")
    if rule is None:
        return known.images
    if (
        isinstance(rule, (tuple, list))
        and rule
        and isinstance(rule[0], str)
        and rule[0] in _IMAGE_RULES
    ):
        kind, *numbers = rule
        fit = all(
            isinstance(number, (int, float))
            and not isinstance(number, bool)
            # neither NaN nor an infinity
            and 0 < number < 1e12
            for number in numbers
        )
        if fit and len(numbers) == _IMAGE_RULES[kind]:
            return tuple(rule)
    rules = ", ".join(f"{name} with {count} numbers" for name, count in _IMAGE_RULES.items())
    raise ArgumentError(
        f"{place}: images={described(rule)} is no rule: there are {rules}, each above 0"
    )


def read_models(path: str, where: str) -> dict[object, object]:
    """The models of a TOML file, not yet checked."""
    import tomllib

    try:
        with open(path, "rb") as file:
            content = tomllib.load(file)
    except (OSError, ValueError) as error:  # TOMLDecodeError is a ValueError, as is a NUL
        raise ArgumentError(f"{where} cannot be read as a table of models: {error}") from error
    for key in content:
        if key != "models":
            raise ArgumentError(f'{where} has no table {key!r}: only [models."name"] is known')
    models = content.get("models", {})
    if not isinstance(models, dict):
        raise ArgumentError(f"{where}: models must be a table of tables, not {described(models)}")
    return models
