"""Tokens of images, by the vendors' published rules, and sizes from an image's first bytes.

Nothing is fetched and nothing is decompressed: a data URL's header says how large the image is.
An image at a web address, or one that cannot be read, counts as the largest that its model makes
of any image, so that the figure errs upward.

Rules, as the model table writes them:

- `("tiles", base, tile)`, OpenAI's for gpt-4o and its kin: the image is scaled down, never up, to
  fit 2048 x 2048 and then to a short side of 768; each started square of 512 pixels costs `tile`,
  and `base` comes on top.  Detail "low" costs `base`.  Source: OpenAI's guide "Images and vision".
- `("patches", factor, cap)`, OpenAI's for the small models since 2025: squares of 32 pixels, at
  most `cap` (1,536), times `factor`.  An image that needs more is scaled down until a whole
  number of squares fits.  Detail "low" is an image scaled to fit 512 x 512.  The same source.
- `("claude", pixels, edge, cap)`: scaled down to a long edge of `edge`; a token for `pixels`
  pixels, at most `cap`.  Source: Anthropic's guide "Vision".
- `("gemini", tokens, small, tile)`: `tokens` where no side exceeds `small`, else `tokens` for each
  square of `tile` pixels.  Source: Google's guide "Understand and count tokens".
- `("fixed", tokens)`: the same for every image.
- None: nothing is known; OpenAI's tiles with 85 and 170 stand in, with an error of 1.0.

"auto" and everything else but "low" count as "high".
"""

from __future__ import annotations

import struct
from binascii import Error as Base64Error
from binascii import a2b_base64
from math import ceil, sqrt

from ..errors import ArgumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    # kind, tokens at low detail, tokens by size, the largest, the least at high detail
    Reading = tuple[str, int, Callable[[int, int], int], int, int]

__all__ = ["ASSUMED_ERROR", "image_size", "image_tokens", "tokens_of_size"]

# The relative error that is stated where a published or well-known rule is followed which cannot
# be verified without the vendor: assumed, not measured.
ASSUMED_ERROR = 0.1

_UNKNOWN = ("tiles", 85, 170)

# Pixels of the longest side that Gemini looks at.
_GEMINI_EDGE = 3072

# How far a base64 text with line breaks or escapes is cleaned: more than any header needs.
_CLEANED = 1 << 18
_SEGMENTS = 1000  # of a JPEG, before its size


def image_tokens(
    source: str | None, detail: object = None, rule: tuple[object, ...] | None = None
) -> tuple[int, float]:
    """Tokens and relative error of an image.

    `source` is a data URL, or bare base64, or any other address (then, as with None, the size is
    unknown and the largest is meant).  With the size known the error is ASSUMED_ERROR; else it
    spans all that the image can cost.

    >>> image_tokens(None, "low", ("tiles", 85, 170))
    (85, 0.1)
    """
    error = ASSUMED_ERROR if rule else 1.0
    known = rule or _UNKNOWN
    kind, low, _, largest, least = _reading(known)
    if detail == "low" and kind == "tiles":
        return low, error
    size = None if source is None else image_size(source)
    if size is not None:
        return tokens_of_size(*size, known, detail), error
    if detail == "low" and kind == "patches":
        return low, error
    return largest, max(error, 1 - least / largest)


def tokens_of_size(width: int, height: int, rule: tuple[object, ...], detail: object = None) -> int:
    """Tokens of an image of `width` x `height` pixels, each at least 1.

    >>> tokens_of_size(1024, 1024, ("tiles", 85, 170))
    765
    """
    kind, low, count, _, _ = _reading(rule)
    if detail == "low":
        if kind == "tiles":
            return low
        if kind == "patches":
            width, height = _fitted(width, height, 512)
    return count(width, height)


# ---- the rules


def _reading(rule: tuple[object, ...]) -> Reading:
    kind, *numbers = rule
    try:
        if kind == "tiles":
            base, tile = map(_whole, numbers)
            return (
                "tiles",
                base,
                lambda width, height: base + tile * _tiles(width, height),
                base + tile * 8,
                base + tile,
            )
        if kind == "patches":
            factor, cap = float(numbers[0]), _whole(numbers[1])  # type: ignore[arg-type]

            def patches(width: int, height: int) -> int:
                return _up(_patches(width, height, cap) * factor)

            return "patches", patches(512, 512), patches, _up(cap * factor), _up(factor)
        if kind == "claude":
            pixels, edge, cap = map(_whole, numbers)

            def by_area(width: int, height: int) -> int:
                width, height = _fitted(width, height, edge)
                return max(1, min(cap, -(-width * height // pixels)))

            return "claude", cap, by_area, cap, 1
        if kind == "gemini":
            tokens, small, square = map(_whole, numbers)

            def by_squares(width: int, height: int) -> int:
                if max(width, height) <= small:
                    return tokens
                width, height = _fitted(width, height, _GEMINI_EDGE)
                return tokens * -(-width // square) * -(-height // square)

            largest = by_squares(_GEMINI_EDGE, _GEMINI_EDGE)
            return "gemini", tokens, by_squares, largest, tokens
        if kind == "fixed":
            (flat,) = map(_whole, numbers)
            return "fixed", flat, lambda width, height: flat, flat, flat
    except (IndexError, TypeError, ValueError, OverflowError):
        pass
    raise ArgumentError(
        f'{rule!r} is no rule for images: ("tiles", base, tile), ("patches", factor, cap), '
        '("claude", pixels, edge, cap), ("gemini", tokens, small, tile) or ("fixed", tokens)'
    )


def _whole(value: object) -> int:
    if not isinstance(value, (int, float)):
        raise TypeError
    return int(value)


def _up(tokens: float) -> int:
    """Rounded up, but not because a product of decimals came out a hair too large."""
    return ceil(round(tokens, 6))


def _fitted(width: int, height: int, edge: int) -> tuple[int, int]:
    """Scaled down so that the long side is at most `edge`."""
    long = max(width, height)
    if long <= edge:
        return width, height
    return max(1, width * edge // long), max(1, height * edge // long)


def _tiles(width: int, height: int) -> int:
    width, height = _fitted(width, height, 2048)
    short = min(width, height)
    if short > 768:
        width, height = width * 768 // short, height * 768 // short
    return -(-width // 512) * -(-height // 512)


def _patches(width: int, height: int, cap: int) -> int:
    across, down = -(-width // 32), -(-height // 32)
    if across * down <= cap:
        return across * down
    # Scaled to `cap` squares by area, then further down until one side is a whole number of them.
    scale = sqrt(32 * 32 * cap / (width * height))
    wide, high = width * scale / 32, height * scale / 32
    fit = min(
        max(1, int(wide)) / wide if wide > 1 else 1.0,
        max(1, int(high)) / high if high > 1 else 1.0,
    )
    return max(1, min(cap, _up(wide * fit) * _up(high * fit)))


# ---- the size


def image_size(source: str) -> tuple[int, int] | None:
    """Width and height in pixels of an image in a data URL (or in bare base64).

    PNG, JPEG, GIF, WebP (lossy, lossless, extended) and BMP.  None for an address, for another
    format and for what is malformed.  Only the base64 of the header is decoded.
    """
    start = 0
    if source[:5].lower() == "data:":
        start = source.find(",", 0, 1024) + 1
        if not start or not source[:start].lower().endswith(";base64,"):
            return None
    elif "://" in source[:64]:
        return None
    head = source[start : start + 256]
    if "%" in head or "\n" in head or " " in head or "\r" in head:
        source, start = _cleaned(source[start : start + _CLEANED]), 0
    data = _Base64(source, start)
    try:
        size = _size(data)
    except (Base64Error, ValueError, struct.error, IndexError):
        return None
    return size if size is not None and min(size) > 0 else None


class _Base64:
    """Bytes of a base64 text, of which only those that are asked for are decoded."""

    __slots__ = ("start", "text")

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.start = start

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`, or fewer at the end."""
        first = self.start + offset // 3 * 4
        chunk = self.text[first : self.start - (-(offset + length) // 3) * 4]
        chunk = chunk.rstrip("=").replace("-", "+").replace("_", "/")
        if len(chunk) % 4 == 1:
            chunk = chunk[:-1]
        data = a2b_base64(chunk + "=" * (-len(chunk) % 4), strict_mode=True)
        return data[offset % 3 : offset % 3 + length]


def _cleaned(text: str) -> str:
    from urllib.parse import unquote

    return "".join(unquote(text).split())


def _size(data: _Base64) -> tuple[int, int] | None:
    head = data.read(0, 32)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack(">II", head[16:24]) if head[12:16] == b"IHDR" else None
    if head.startswith(b"\xff\xd8\xff"):
        return _jpeg_size(data)
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return struct.unpack("<HH", head[6:10])
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _webp_size(head)
    if head[:2] == b"BM":
        if head[14:18] == b"\x0c\0\0\0":
            return struct.unpack("<HH", head[18:22])
        width, height = struct.unpack("<ii", head[18:26])
        return width, abs(height)  # negative: the rows are stored from the top
    return None


def _webp_size(head: bytes) -> tuple[int, int] | None:
    form = head[12:16]
    if form == b"VP8X":
        return (
            int.from_bytes(head[24:27], "little") + 1,
            int.from_bytes(head[27:30], "little") + 1,
        )
    if form == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_size(data: _Base64) -> tuple[int, int] | None:
    place = 2
    for _ in range(_SEGMENTS):
        segment = data.read(place, 9)
        if len(segment) < 9 or segment[0] != 0xFF:
            return None
        marker = segment[1]
        if marker == 0xFF:  # a fill byte
            place += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:  # stands alone
            place += 2
        elif marker in (0xD9, 0xDA):  # the pixels begin
            return None
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", segment[5:9])
            return width, height
        else:
            length = int.from_bytes(segment[2:4], "big")
            if length < 2:
                return None
            place += 2 + length
    return None
