"""Images inside text, as data URLs (RFC 2397)."""

from __future__ import annotations

import re

__all__ = ["elide_images"]

# The payload in either alphabet of RFC 4648, its padding plain or percent-encoded.
_IMAGE = re.compile(
    rb"data:(image/[A-Za-z0-9!#$&^_.+-]++)(?:;[A-Za-z0-9_.-]++=[A-Za-z0-9_.-]*+)*+;base64,"
    rb"([A-Za-z0-9+/_-]++(?:={1,2}|(?:%3[Dd]){1,2})?+)"
)


def elide_images(text: bytes) -> tuple[bytes, int]:
    """The text with `[image/png, 1234 bytes of base64 elided]` for each image, and their number."""
    if b"data:image/" not in text:
        return text, 0
    made = bytearray()
    place = number = 0
    for image in _IMAGE.finditer(text):
        made += text[place : image.start()]
        start, end = image.span(2)
        made += b"[%b, %d bytes of base64 elided]" % (image[1], end - start)
        place = image.end()
        number += 1
    if not number:
        return text, 0
    made += text[place:]
    return bytes(made), number
