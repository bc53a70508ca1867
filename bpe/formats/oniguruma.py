"""What a pattern means to Oniguruma, which tokenizer.json files are written for, and not to us."""

from __future__ import annotations

from ..errors import PatternError

# Escapes that have another meaning, or none, in the syntax that our patterns have.
_ESCAPES = {
    "w": "holds digits and fractions like ² and ½ and no joiners",
    "W": "holds joiners",
    "b": r"depends on \w",
    "B": r"depends on \w",
    "h": "is a hexadecimal digit",
    "H": "is no hexadecimal digit",
    "Z": "also matches before a last newline",
}


def check_portable(pattern: str) -> None:
    """Raise PatternError for a construct that Oniguruma reads differently from Rust's `regex`."""
    depth = 0  # of brackets
    at = 0
    while at < len(pattern):
        char, following = pattern[at], pattern[at + 1 : at + 2]
        if char == "\\":
            if following in _ESCAPES:
                _refuse(pattern, at, "\\" + following, _ESCAPES[following])
            at += 2
            if following in ("p", "P", "x", "u") and pattern[at : at + 1] == "{":
                at = pattern.find("}", at) + 1 or len(pattern)
            continue
        if char == "[":
            depth += 1
            # A bracket that comes first is a member.
            at += following == "^"
            at += pattern[at + 1 : at + 2] == "]"
        elif char == "]" and depth:
            depth -= 1
        elif not depth:
            if char in "^$":
                _refuse(pattern, at, char, "matches at every line")
            if char == "}" and following == "+":
                _refuse(pattern, at, "}+", "repeats the count and is not possessive")
            if pattern.startswith(("(?m", "(?s", "(?x"), at):
                _refuse(pattern, at, pattern[at : at + 3], "is another flag")
        at += 1


def _refuse(pattern: str, position: int, construct: str, why: str) -> None:
    raise PatternError(
        f"{construct} at character {position} of the pattern {pattern[:200]!r} is not supported: "
        f"in a tokenizer.json it {why}",
        pattern=pattern,
        construct=construct,
        position=position,
    )
