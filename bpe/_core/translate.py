r"""From the syntax of Rust's `regex` and `fancy_regex` to that of Python's `re`.

One pass without recursion copies what both have in common, writes out each class as ranges of
code points, and refuses the rest.
"""

from __future__ import annotations

from ..errors import PatternError
from .unicode import LAST, WHITE_SPACE, category, complement, intersection, union, word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from .unicode import Ranges

_GROUPS = {"L", "M", "N", "P", "S", "Z", "C"}
_LONG_NAMES = {
    "Letter": "L",
    "Mark": "M",
    "Number": "N",
    "Punctuation": "P",
    "Symbol": "S",
    "Separator": "Z",
    "Other": "C",
}
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "a": 7}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
# Groups that both syntaxes write alike.
_OPENINGS = ("(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>")
# Simple case folding joins these with ASCII letters: LATIN SMALL LETTER LONG S, KELVIN SIGN.
_FOLDED = {ord("s"): 0x17F, ord("k"): 0x212A}
_MAX_NESTING = 20


def translation(pattern: str) -> str:
    r"""The text of the same pattern for `re`; PatternError names what has no translation.

    >>> ascii(translation(r"(?i:as)+$"))
    "'(?:[Aa][Ss\\u017f])+\\\\Z'"
    """
    return _Translator(pattern).run()


class _Translator:
    """A position in a pattern, and what was written for the text before it."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        # Whether case is ignored and whether a dot takes newlines; one entry for each open group.
        self.flags = [(False, False)]

    def run(self) -> str:
        while self.at < len(self.pattern):
            self.step(self.pattern[self.at])
        if len(self.flags) > 1:
            self.refuse("a group that is not closed", len(self.pattern))
        return "".join(self.out)

    def step(self, char: str) -> None:
        start = self.at
        self.at += 1
        if char == "[":
            self.out.append(self.written(self.char_class(), start))
        elif char == "\\":
            self.escape(start)
        elif char == "(":
            self.open_group(start)
        elif char == ")":
            if len(self.flags) == 1:
                self.refuse("a ) without (", start)
            self.flags.pop()
            self.out.append(")")
        elif char == ".":
            self.out.append(_class_text(((0, LAST),) if self.flags[-1][1] else _NO_NEWLINE))
        elif char == "^":
            self.out.append(r"\A")
        elif char == "$":
            # In `re` a plain $ would also match before a last newline.
            self.out.append(r"\Z")
        elif char == "{":
            self.counted(start)
        elif char in "|*+?":
            self.out.append(char)
        else:
            self.out.append(self.written(((ord(char), ord(char)),), start))

    def refuse(self, construct: str, position: int) -> NoReturn:
        shown = self.pattern if len(self.pattern) <= 200 else self.pattern[:197] + "..."
        raise PatternError(
            f"{construct}, at character {position} of the pattern {shown!r}, is not supported",
            pattern=self.pattern,
            construct=construct,
            position=position,
        )

    # -- groups and counts ---------------------------------------------------------------------

    def open_group(self, start: int) -> None:
        rest = self.pattern[start : start + 4]
        for opening in _OPENINGS:
            if rest.startswith(opening):
                self.at = start + len(opening)
                self.out.append(opening)
                self.flags.append(self.flags[-1])
                return
        if not rest.startswith("(?"):
            # Nobody asks for what a group captured.
            if rest.startswith("(*"):
                self.refuse("(*", start)
            self.out.append("(?:")
            self.flags.append(self.flags[-1])
            return
        end = start + 2
        while end < len(self.pattern) and self.pattern[end] not in ":)<":
            end += 1
        letters, closing = self.pattern[start + 2 : end], self.pattern[end : end + 1]
        on, _, off = letters.partition("-")
        if not letters or closing not in (":", ")") or set(on + off) - {"i", "s"}:
            self.refuse(self.pattern[start : end + 1], start)
        case, dot = self.flags[-1]
        flags = (("i" in on or case) and "i" not in off, ("s" in on or dot) and "s" not in off)
        self.at = end + 1
        if closing == ")":
            # For the rest of the group that it stands in, alternatives included.
            self.flags[-1] = flags
        else:
            self.out.append("(?:")
            self.flags.append(flags)

    def counted(self, start: int) -> None:
        end = self.pattern.find("}", start)
        low, comma, high = self.pattern[start + 1 : end].partition(",") if end > 0 else ("", "", "")
        if not _is_number(low) or (high and not _is_number(high)):
            self.refuse("a { that begins no count", start)
        self.at = end + 1
        self.out.append("{" + low + comma + high + "}")

    # -- escapes -------------------------------------------------------------------------------

    def escape(self, start: int) -> None:
        letter = self.pattern[self.at : self.at + 1]
        if letter in ("A", "z"):
            self.at += 1
            self.out.append(r"\A" if letter == "A" else r"\Z")
        elif letter in ("b", "B"):
            self.at += 1
            inside = _class_text(word())
            edge = f"(?<={inside})(?!{inside})|(?<!{inside})(?={inside})"
            self.out.append(f"(?:{edge})" if letter == "b" else f"(?!{edge})")
        else:
            self.out.append(self.written(self.escaped_class(start), start))

    def escaped_class(self, start: int) -> Ranges:
        """What an escape stands for, as a class; the position is behind the backslash."""
        letter = self.pattern[self.at : self.at + 1]
        self.at += 1
        if letter in ("p", "P"):
            ranges = self.property(start)
            return complement(ranges) if letter == "P" else ranges
        if letter in ("s", "S"):
            return WHITE_SPACE if letter == "s" else complement(WHITE_SPACE)
        if letter in ("d", "D"):
            digits = category("Nd") or ()
            return digits if letter == "d" else complement(digits)
        if letter in ("w", "W"):
            return word() if letter == "w" else complement(word())
        if letter in _CONTROLS:
            return ((_CONTROLS[letter], _CONTROLS[letter]),)
        if letter in _HEX_DIGITS:
            code = self.hexadecimal(_HEX_DIGITS[letter], start)
            return ((code, code),)
        if not letter or (letter.isascii() and letter.isalnum()):
            self.refuse(f"\\{letter}", start)
        return ((ord(letter), ord(letter)),)

    def property(self, start: int) -> Ranges:
        end = self.at + 1
        if self.pattern[self.at : end] == "{":
            end = self.pattern.find("}", self.at) + 1
            if not end:
                self.refuse(r"\p{ without }", start)
            name = self.pattern[self.at + 1 : end - 1]
        else:
            name = self.pattern[self.at : end]
        self.at = end
        negated = name.startswith("^")
        name = name.removeprefix("^")
        ranges = category(_LONG_NAMES.get(name, name))
        if ranges is None:
            self.refuse(self.pattern[start:end], start)
        return complement(ranges) if negated else ranges

    def hexadecimal(self, digits: int, start: int) -> int:
        if self.pattern[self.at : self.at + 1] == "{":
            end = self.pattern.find("}", self.at)
            text, self.at = self.pattern[self.at + 1 : end], end + 1
        else:
            text = self.pattern[self.at : self.at + digits]
            self.at += digits
            if len(text) < digits:
                text = ""
        if not text or len(text) > 8 or set(text) - set("0123456789abcdefABCDEF"):
            self.refuse("an escape without its hexadecimal digits", start)
        if int(text, 16) > LAST:
            self.refuse(f"\\x{{{text}}}, which is no code point", start)
        return int(text, 16)

    # -- classes -------------------------------------------------------------------------------

    def char_class(self, depth: int = 0) -> Ranges:
        """A class in brackets; the position is behind the opening one."""
        start = self.at - 1
        if depth > _MAX_NESTING:
            self.refuse(f"a class nested more than {_MAX_NESTING} deep", start)
        negated = self.pattern[self.at : self.at + 1] == "^"
        self.at += negated
        first = self.at
        members: list[Ranges] = []
        # What stands left of the last && so far.
        limit: Ranges = ((0, LAST),)
        while True:
            char = self.pattern[self.at : self.at + 1]
            pair = self.pattern[self.at : self.at + 2]
            if not char:
                self.refuse("a class that is not closed", start)
            if char == "]" and self.at > first:
                self.at += 1
                break
            if pair == "&&":
                limit = intersection(limit, union(*members))
                members = []
                self.at += 2
            elif pair in ("--", "~~", "[:"):
                self.refuse(f"{pair} in a class", self.at)
            elif char == "[":
                self.at += 1
                members.append(self.char_class(depth + 1))
            else:
                members.append(self.member())
        ranges = intersection(limit, union(*members))
        return complement(ranges) if negated else ranges

    def member(self) -> Ranges:
        """A character, an escape, or a range of characters."""
        start = self.at
        low = self.single()
        if self.pattern[self.at : self.at + 1] != "-" or self.pattern[self.at + 1 :][:1] in (
            "]",
            "[",
            "-",
            "",
        ):
            return low
        self.at += 1
        high = self.single()
        if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] != high[0][1]:
            self.refuse("a range whose ends are not characters", start)
        if low[0][0] > high[0][0]:
            self.refuse("a range whose end is before its start", start)
        return ((low[0][0], high[0][0]),)

    def single(self) -> Ranges:
        start = self.at
        char = self.pattern[start]
        self.at += 1
        if char == "\\":
            if self.pattern[self.at : self.at + 1] == "b":
                self.refuse(r"\b in a class", start)
            return self.escaped_class(start)
        return ((ord(char), ord(char)),)

    def written(self, ranges: Ranges, start: int) -> str:
        """The class for `re`, with the other case of its letters where case is ignored."""
        if not self.flags[-1][0]:
            return _class_text(ranges)
        # Only ASCII: the case of all other letters is a table that we do not have.
        if not ranges or ranges[-1][1] > 0x7F:
            self.refuse("ignoring the case of what is not ASCII", start)
        others = []
        for low, high in ranges:
            for code in range(low, high + 1):
                if chr(code).isalpha():
                    lower = code | 0x20
                    others += [code ^ 0x20, _FOLDED.get(lower, code)]
        return _class_text(union(ranges, [(code, code) for code in others]))


_NO_NEWLINE: Ranges = ((0, 9), (11, LAST))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _class_text(ranges: Ranges) -> str:
    if not ranges:
        return "(?!)"
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return _escaped(ranges[0][0])
    others = complement(ranges)
    negated = len(others) < len(ranges)
    parts = [
        _escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}"
        for low, high in (others if negated else ranges)
    ]
    return f"[{'^' if negated else ''}{''.join(parts)}]" if parts else r"[\x00-\U0010ffff]"


def _escaped(code: int) -> str:
    char = chr(code)
    return char if code > 0x7F or char.isalnum() else f"\\x{code:02x}"
