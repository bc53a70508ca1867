"""JSON read in place: values as spans of a line's bytes, so that the rest keeps its spelling.

`is_json` decides once whether a line is JSON, as `json.loads` does (NaN and Infinity included).
After that a Value finds members and items by jumping from bracket to bracket.  None of it recurses,
and none of it builds the objects of a line: memory stays near the size of the line.
"""

from __future__ import annotations

import codecs
import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["Value", "is_json", "root", "string_of", "text_of"]

# Objects take up to 25 times the bytes of their JSON: longer lines are checked without making any.
SMALL = 1 << 17
# Characters and escapes that are converted at a time in long strings.
_PIECE = 1 << 16

_WS = rb"[ \t\r\n]*+"
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_KEY_COLON = re.compile(_WS + b"(" + _STRING + b")" + _WS + b":" + _WS, re.DOTALL)
_REST_OF_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_PLAIN_SCALAR = re.compile(rb'[^"\[\]{}, \t\r\n]++')
_NEXT = re.compile(_WS + rb"([,\]}])")
_BETWEEN = rb'[^"\[\]{}]*+'
_FLAT_TEXT = _BETWEEN + b"(?:" + _STRING + _BETWEEN + b")*+"
# The next bracket; containers without others in them are passed over as strings are.
_BRACKET = re.compile(
    _BETWEEN
    + (b"(?:(?:" + _STRING + rb"|\[" + _FLAT_TEXT + rb"\]|\{" + _FLAT_TEXT + rb"\})" + _BETWEEN)
    + rb")*+([\[\]{}])",
    re.DOTALL,
)

# The strict grammar: RFC 8259, and the three names that Python writes for floats.
_STRICT_STRING = rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
_SCALAR = (
    b"(?:" + _STRICT_STRING + rb"|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?[0-9]++)?+"
    rb"|true|false|null|NaN|-?Infinity)"
)
_KEY = _STRICT_STRING + _WS + b":" + _WS
_A_SCALAR = re.compile(_SCALAR)
_A_KEY = re.compile(_WS + _KEY)
# Runs of scalars and empty containers, each with the comma after it, take one step.
_SIMPLE = b"(?:" + _SCALAR + rb"|\[" + _WS + rb"\]|\{" + _WS + rb"\})"
_SCALARS = re.compile(_WS + b"(?:" + _SIMPLE + _WS + b"," + _WS + b")*+")
_MEMBERS = re.compile(_WS + b"(?:" + _KEY + _SIMPLE + _WS + b"," + _WS + b")*+")
_SPACE = re.compile(_WS)

_UNITS = re.compile(
    rb"(?:[^\\]|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\[^u]){1,%d}+[\x80-\xbf]*+" % _PIECE,
    re.DOTALL,
)

_BOM = codecs.BOM_UTF8
_OPEN_OBJECT, _OPEN_ARRAY, _QUOTE = b'{["'
_COMMA, _CLOSE_ARRAY, _CLOSE_OBJECT, _BACKSLASH = b",]}\\"
_LEAPS = 8

# Numbers are not converted, but to the lengths of their spellings: the size of those that Python
# converts is limited, and nobody reads them.
_decoder = json.JSONDecoder(parse_int=len, parse_float=len)


class Value:
    """The value at `line[start:end]`, which must be valid JSON."""

    __slots__ = ("end", "line", "start")

    def __init__(self, line: bytes, start: int, end: int) -> None:
        self.line = line
        self.start = start
        self.end = end

    @property
    def is_string(self) -> bool:
        return self.line[self.start] == _QUOTE

    @property
    def is_object(self) -> bool:
        return self.line[self.start] == _OPEN_OBJECT

    @property
    def is_array(self) -> bool:
        return self.line[self.start] == _OPEN_ARRAY

    def members(self, names: Collection[bytes]) -> dict[bytes, Value]:
        """The members of these names; of equal keys the last counts, as for `json.loads`.

        Keys are compared decoded, so that an escape in a key changes nothing.  Empty for what is
        no object.
        """
        found: dict[bytes, Value] = {}
        line = self.line
        if line[self.start] != _OPEN_OBJECT:
            return found
        place = self.start + 1
        while (member := _KEY_COLON.match(line, place)) is not None:
            key = member[1][1:-1]
            if b"\\" in key:
                key = _unescaped(key)
            start = member.end()
            end = _value_end(line, start)
            if key in names:
                found[key] = Value(line, start, end)
            after = _NEXT.match(line, end)
            assert after is not None
            place = after.end()
            if line[place - 1] != _COMMA:
                break
        return found

    def get(self, name: bytes) -> Value | None:
        """The member of this name; None where there is none, or no object."""
        return self.members((name,)).get(name)

    def items(self) -> Iterator[Value]:
        """The items of an array; none for anything else."""
        line = self.line
        if line[self.start] != _OPEN_ARRAY:
            return
        place = self.start + 1
        while True:
            space = _SPACE.match(line, place)
            assert space is not None
            start = space.end()
            if line[start] == _CLOSE_ARRAY:
                return
            end = _value_end(line, start)
            yield Value(line, start, end)
            after = _NEXT.match(line, end)
            assert after is not None
            place = after.end()
            if line[place - 1] != _COMMA:
                return

    def string(self) -> bytes | None:
        """A string's text in UTF-8, a lone surrogate as the three bytes it would have; else None.

        Not decoded further: bytes take a quarter of the memory that one emoji gives a str.
        """
        if self.line[self.start] != _QUOTE:
            return None
        raw = self.line[self.start + 1 : self.end - 1]
        return _unescaped(raw) if b"\\" in raw else raw


def root(line: bytes) -> Value:
    """The value of a line that `is_json`, without the white space and the mark around it."""
    start = _start(line)
    end = len(line)
    while line[end - 1] in b" \t\r\n":
        end -= 1
    return Value(line, start, end)


def string_of(value: Value | None) -> bytes:
    """The text of a string in UTF-8; empty for anything else."""
    return b"" if value is None else value.string() or b""


def text_of(value: Value | None) -> str:
    """The text of a string; empty for anything else."""
    return string_of(value).decode("utf-8", "surrogatepass")


def is_json(line: bytes) -> bool:
    """Whether a line is one JSON value in UTF-8, white space and a byte order mark aside."""
    if len(line) <= SMALL:
        try:
            loaded(line)
        except ValueError:
            return False
        except RecursionError:
            pass
        else:
            return True
    return _is_utf8(line) and _is_grammatical(line)


def loaded(line: bytes) -> object:
    """What a line holds, as Python has it, but numbers, of which only the type is right.

    For lines of up to SMALL bytes.  Raises ValueError for what is no JSON, and RecursionError where
    it is nested too deeply to say.
    """
    text = line.decode()
    return _decoder.decode(text[1:] if text[:1] == "\ufeff" else text)


def escaped(text: bytes) -> bytes:
    """The JSON string of a UTF-8 text, quotes included; lone surrogates become escapes."""
    if len(text) <= _PIECE:
        return _escaped(text)
    made = bytearray(b'"')
    place = 0
    while place < len(text):
        end = place + _PIECE
        while end < len(text) and text[end] & 0xC0 == 0x80:
            end += 1
        made += _escaped(text[place:end])[1:-1]
        place = end
    made += b'"'
    return bytes(made)


def _escaped(text: bytes) -> bytes:
    made = json.dumps(text.decode("utf-8", "surrogatepass"), ensure_ascii=False)
    return made.encode("utf-8", "backslashreplace")


def _unescaped(raw: bytes) -> bytes:
    if len(raw) <= _PIECE:
        return _unescaped_piece(raw)
    made = bytearray()
    place = 0
    while place < len(raw):
        units = _UNITS.match(raw, place)
        assert units is not None
        made += _unescaped_piece(units[0])
        place = units.end()
    return bytes(made)


def _unescaped_piece(raw: bytes) -> bytes:
    text: str = json.loads(b'"%b"' % raw)
    return text.encode("utf-8", "surrogatepass")


def _value_end(line: bytes, start: int) -> int:
    opened = line[start]
    if opened == _QUOTE:
        return _string_end(line, start + 1)
    if opened in b"[{":
        return _container_end(line, start)
    scalar = _PLAIN_SCALAR.match(line, start)
    assert scalar is not None
    return scalar.end()


def _string_end(line: bytes, place: int) -> int:
    """The place after the quote that ends the string whose text holds `place`.

    A few leaps from quote to quote are the fastest way through most texts; one with many escaped
    quotes is left to the pattern.
    """
    for _ in range(_LEAPS):
        quote = line.index(b'"', place)
        before = quote - 1
        while line[before] == _BACKSLASH:
            before -= 1
        if (quote - before) & 1:
            return quote + 1
        place = quote + 1
    rest = _REST_OF_STRING.match(line, place)
    assert rest is not None
    return rest.end()


def _container_end(line: bytes, start: int) -> int:
    depth = 1
    place = start + 1
    while True:
        bracket = _BRACKET.match(line, place)
        assert bracket is not None
        place = bracket.end()
        depth += 1 if line[place - 1] in b"[{" else -1
        if not depth:
            return place


def _start(line: bytes) -> int:
    space = _SPACE.match(line, len(_BOM) if line.startswith(_BOM) else 0)
    assert space is not None
    return space.end()


def _is_utf8(line: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(line)
    try:
        for start in range(0, len(line), _PIECE):
            decoder.decode(view[start : start + _PIECE])
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _is_grammatical(line: bytes) -> bool:
    """The grammar, without recursion; a byte of `closers` for each container that is open."""
    closers = bytearray()
    place = _start(line)
    size = len(line)
    # The end of a run of members or items, where one more must follow.
    while True:
        if place >= size:
            return False
        opened = line[place]
        if opened in b"[{":
            closer = _CLOSE_OBJECT if opened == _OPEN_OBJECT else _CLOSE_ARRAY
            space = _SPACE.match(line, place + 1)
            assert space is not None
            if line[space.end() : space.end() + 1] == b"%c" % closer:
                place = space.end() + 1
            else:
                closers.append(closer)
                next_value = _next_value(line, place + 1, closer)
                if next_value < 0:
                    return False
                place = next_value
                continue
        else:
            scalar = _A_SCALAR.match(line, place)
            if scalar is None:
                return False
            place = scalar.end()
        # After a value: commas and closing brackets, up to where the next value begins.
        while True:
            space = _SPACE.match(line, place)
            assert space is not None
            place = space.end()
            if not closers:
                return place == size
            if place >= size:
                return False
            if line[place] == _COMMA:
                place = _next_value(line, place + 1, closers[-1])
                if place < 0:
                    return False
                break
            if line[place] != closers.pop():
                return False
            place += 1


def _next_value(line: bytes, place: int, closer: int) -> int:
    """Where the value begins that follows runs of scalars (and keys); -1 if there is no key."""
    if closer == _CLOSE_ARRAY:
        run = _SCALARS.match(line, place)
        assert run is not None
        return run.end()
    run = _MEMBERS.match(line, place)
    assert run is not None
    key = _A_KEY.match(line, run.end())
    return -1 if key is None else key.end()
