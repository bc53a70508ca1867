"""Sizes from headers, and tokens from sizes."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpe import errors
from bpe.context import images
from bpe.context.images import image_size, image_tokens, tokens_of_size
from bpe.models import match_model

Rule = tuple[Any, ...]

TILES: Rule = ("tiles", 85, 170)
PATCHES: Rule = ("patches", 1.62, 1536)
CLAUDE: Rule = ("claude", 750, 1568, 1600)
GEMINI: Rule = ("gemini", 258, 384, 768)


# ---- headers of the formats, as their specifications have them


def png(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + struct.pack(">I", zlib.crc32(header))


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\xf0\0\0"


def bmp(width: int, height: int) -> bytes:
    return b"BM" + bytes(12) + struct.pack("<Iii", 40, width, -height) + bytes(28)


def old_bmp(width: int, height: int) -> bytes:
    return b"BM" + bytes(12) + struct.pack("<IHH", 12, width, height) + bytes(28)


def jpeg(width: int, height: int, segment: int = 60_000) -> bytes:
    exif = b"\xff\xe1" + struct.pack(">H", segment + 2) + bytes(segment)
    table = b"\xff\xc4\0\x05\0\0\0"  # a Huffman table, which is no frame
    frame = b"\xff\xff\xc2\0\x11\x08" + struct.pack(">HH", height, width) + b"\x03" + bytes(9)
    return b"\xff\xd8" + exif * 3 + table + frame + b"\xff\xda\0\x08" + bytes(20)


def webp(form: bytes, data: bytes) -> bytes:
    chunk = form + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def lossy(width: int, height: int) -> bytes:
    # The upper two bits of each are a scale, which is only a hint.
    sizes = struct.pack("<HH", width | 0x4000, height | 0x8000)
    return webp(b"VP8 ", b"\x30\x01\0\x9d\x01\x2a" + sizes + bytes(10))


def lossless(width: int, height: int) -> bytes:
    bits = (width - 1) | (height - 1) << 14 | 1 << 28
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", bits) + bytes(10))


def extended(width: int, height: int) -> bytes:
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return webp(b"VP8X", b"\x10\0\0\0" + sizes)


FORMATS = [png, gif, bmp, old_bmp, jpeg, lossy, lossless, extended]


def url(data: bytes, head: str = "data:image/png;base64,") -> str:
    return head + base64.b64encode(data).decode()


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("size", [(1, 1), (640, 481), (4096, 8191)])
def test_sizes(form: Callable[[int, int], bytes], size: tuple[int, int]) -> None:
    data = form(*size)
    assert image_size(url(data)) == size
    # Unpadded, without a type, bare, in lines, for URLs, escaped.
    assert image_size(url(data).rstrip("=")) == size
    assert image_size(url(data, "DATA:;base64,")) == size
    assert image_size(url(data, "data:image/x;charset=utf-8;Base64,")) == size
    assert image_size(url(data, "")) == size
    assert image_size("data:;base64," + base64.encodebytes(data).decode()) == size
    assert image_size("data:;base64," + base64.urlsafe_b64encode(data).decode()) == size
    assert image_size(url(data).replace("+", "%2B").replace("/", "%2F")) in (size, None)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.__name__)
def test_truncated_and_spoilt(form: Callable[[int, int], bytes]) -> None:
    data = form(640, 480)
    head = data if len(data) < 200 else data[:40]
    for length in range(len(head)):
        image_size(url(head[:length]))  # whatever it says, it says it without an error
    text = url(data)
    for at in (30, 40, 50):
        image_size(text[:at] + "*" + text[at:])
        image_size(text[:at] + "é" + text[at:])
        image_size(text[:at] + "=" + text[at:])


@pytest.mark.parametrize(
    "source",
    [
        "",
        "data:",
        "data:image/png;base64",
        "data:image/png;base64,",
        "data:image/png;base64,!!!!",
        "data:image/svg+xml;utf8,<svg width='10' height='10'/>",
        "https://example.org/a.png",
        "http://example.org/" + "a" * 5000,
        "file:///a.png",
        "hello",
        url(b"\xff\xd8\xff\xd9" + bytes(40)),
        url(b"\xff\xd8\xff\xe0\0\0" + bytes(40)),
        url(b"\xff\xd8" + b"\xff" * 5000),
        url(png(0, 10)),
        url(gif(10, 0)),
        url(bmp(-5, 7)),
        url(webp(b"VP8 ", bytes(20))),
        url(webp(b"XXXX", bytes(20))),
        url(bytes(100)),
    ],
)
def test_no_size(source: str) -> None:
    assert image_size(source) is None


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    for magic in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"RIFF1234WEBP"):
        found = image_size(url(magic + data))
        assert found is None or min(found) > 0
    image_size(data.decode("latin-1"))
    image_size("data:;base64," + data.decode("latin-1"))


def test_only_the_header_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = 0
    decode = binascii.a2b_base64

    def counted(text: str, **options: Any) -> bytes:
        nonlocal decoded
        decoded += len(text)
        return decode(text, **options)

    monkeypatch.setattr(images, "a2b_base64", counted)
    for form in FORMATS:
        decoded = 0
        assert image_size(url(form(640, 480) + bytes(3_000_000))) == (640, 480)
        assert decoded < 400


# ---- tokens

# Published examples are marked with an asterisk.
SIZES = [
    (TILES, 1024, 1024, 765),  # *
    (TILES, 2048, 4096, 1105),  # *
    (TILES, 4096, 8192, 1105),
    (TILES, 512, 512, 255),
    (TILES, 513, 512, 425),
    (TILES, 1, 1, 255),  # never scaled up
    (TILES, 600, 700, 85 + 4 * 170),
    (TILES, 768, 2048, 85 + 8 * 170),
    (TILES, 1, 4_000_000_000, 85 + 4 * 170),
    (("tiles", 2833, 5667), 512, 512, 8500),
    (("tiles", 70, 140), 1024, 1024, 630),
    (("patches", 1.0, 1536), 1024, 1024, 1024),  # *
    (("patches", 1.0, 1536), 1800, 2400, 1452),  # *
    (PATCHES, 1024, 1024, 1659),
    (("patches", 1.2, 1536), 256, 256, 77),  # * billed
    (("patches", 1.2, 1536), 512, 512, 308),  # * billed
    (("patches", 1.2, 1536), 1280, 720, 1104),  # * billed
    (("patches", 1.2, 1536), 2048, 768, 1844),  # * billed
    (PATCHES, 33, 1, 4),
    (PATCHES, 1, 4_000_000_000, 2489),
    (CLAUDE, 200, 200, 54),  # *
    (CLAUDE, 1000, 1000, 1334),  # *
    (CLAUDE, 1092, 1092, 1590),  # *
    (CLAUDE, 4000, 4000, 1600),
    (CLAUDE, 1, 1, 1),
    (GEMINI, 384, 384, 258),  # *
    (GEMINI, 385, 10, 258),
    (GEMINI, 769, 768, 516),
    (GEMINI, 100_000, 100_000, 16 * 258),
    (("fixed", 1120), 1, 9999, 1120),
]


@pytest.mark.parametrize(("rule", "width", "height", "expected"), SIZES)
def test_tokens_of_size(rule: Rule, width: int, height: int, expected: int) -> None:
    assert tokens_of_size(width, height, rule) == expected
    assert tokens_of_size(width, height, rule, "high") == expected
    # A size of 0 is no size, a PNG's is at most 4 bytes.
    assert image_tokens(url(png(width, height)), "auto", rule) == (expected, images.ASSUMED_ERROR)


def test_low_detail() -> None:
    large = url(png(4000, 3000))
    assert image_tokens(large, "low", TILES)[0] == 85
    assert image_tokens("https://example.org/a.png", "low", TILES)[0] == 85
    assert image_tokens(large, "low", PATCHES)[0] == 312  # 512 x 384: 16 * 12 * 1.62
    assert image_tokens(None, "low", PATCHES)[0] == 415  # 16 * 16 * 1.62
    assert image_tokens(large, "low", CLAUDE)[0] == image_tokens(large, None, CLAUDE)[0]
    assert tokens_of_size(4000, 3000, TILES, "low") == 85
    assert tokens_of_size(4000, 3000, PATCHES, "low") == 312


@pytest.mark.parametrize(
    ("rule", "largest"),
    [
        (TILES, 85 + 8 * 170),
        (PATCHES, 2489),
        (CLAUDE, 1600),
        (GEMINI, 16 * 258),
        (("fixed", 1120), 1120),
        (None, 85 + 8 * 170),
    ],
)
def test_an_unknown_size_is_the_largest(rule: Rule | None, largest: int) -> None:
    for source in (None, "https://example.org/a.png", "data:image/png;base64,????", "broken"):
        tokens, error = image_tokens(source, "high", rule)
        assert tokens == largest
        assert images.ASSUMED_ERROR <= error <= 1.0
    if rule is not None:
        assert image_tokens(None, None, rule)[1] == pytest.approx(
            max(images.ASSUMED_ERROR, 1 - tokens_of_size(1, 1, rule) / largest)
        )


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_never_more_than_the_largest(width: int, height: int) -> None:
    for rule in (TILES, PATCHES, ("patches", 1.2, 2500), CLAUDE, GEMINI):
        tokens = tokens_of_size(width, height, rule)
        assert 0 < tokens <= image_tokens(None, None, rule)[0]
        if rule is not GEMINI:
            assert tokens == tokens_of_size(height, width, rule)


def test_the_models_rules_are_understood() -> None:
    for model, expected in (
        ("gpt-4o", 765),
        ("gpt-4.1", 765),
        ("gpt-4o-mini", 2833 + 4 * 5667),
        ("gpt-5", 630),
        ("o1", 675),
        ("o3", 675),
    ):
        match = match_model(model)
        assert match is not None
        rule = match.model.images
        assert rule is not None
        assert tokens_of_size(1024, 1024, rule) == expected


def test_every_rule_of_the_table_is_understood() -> None:
    from bpe._model_rows import ROWS

    rules = {row[-1] for row in ROWS} - {None}
    assert rules
    for rule in rules:
        assert rule is not None
        assert image_tokens(None, None, rule)[0] > 0


@pytest.mark.parametrize(
    "rule", [("tiles",), ("tiles", "a", "b"), ("patches", 1), ("unheard of", 1), ("claude", 1)]
)
def test_no_rule(rule: Rule) -> None:
    with pytest.raises(errors.ArgumentError, match="no rule"):
        image_tokens(None, None, rule)
