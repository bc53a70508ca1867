"""Content that is a string or a list of parts, as messages of chats have it."""

from __future__ import annotations

from ..entries import Field
from ..json_bytes import string_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..json_bytes import Value

__all__ = ["content_fields"]

_PART = frozenset((b"type", b"text", b"image_url"))
# Types of parts whose text belongs to them as it is: reasoning may be signed.
_TEXTS = frozenset((b"text", b"input_text", b"output_text", b"summary_text"))


def content_fields(content: Value | None, output: bool) -> Iterator[Field]:
    """The string itself, or the texts and the addresses of images of the parts."""
    if content is None:
        return
    if content.is_string:
        yield Field(content, output)
        return
    for part in content.items():
        found = part.members(_PART)
        kind = string_of(found.get(b"type"))
        if kind in _TEXTS:
            text = found.get(b"text")
        elif kind in (b"image_url", b"input_image"):
            text = found.get(b"image_url")
            if text is not None and text.is_object:
                text = text.get(b"url")
        else:
            continue
        if text is not None and text.is_string:
            yield Field(text, output)
