"""Parts of a message's content, and calls of tools: what of each is counted.

    text, input_text, output_text       its text
    refusal; thinking, reasoning        its text; a signature is not counted
    redacted_thinking                   estimated: a token for 5 characters of the encrypted data
    tool_use and its kin, tool_calls,   name and arguments; arguments that are no str as compact
      function_call                     JSON; no ids
    tool_result and its kin             its content, whatever that is
    image_url, input_image, image       by the model's rule, from the size (images.py)
    input_audio, audio                  estimated: 10 tokens a second, by the WAV header, else by
                                        the size at 128 kbit/s; 600 where there is no data
    file, input_file, document, video   text as text; else estimated: 2,000 tokens for each started
                                        50 KB
    search_result; tool_reference       title, source and content; the tool's name
    any other                           estimated: its compact JSON

A `part_tokens(part)` of the caller's is asked first about all that is neither text nor call; what
it returns is believed (but no image is `exact`), None means that it does not know.  Estimates have
an error of 1.0: they say no more than that something is there.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..arguments import shown
from .images import ASSUMED_ERROR, image_tokens
from .messages import Walk, as_mapping, checked, compact_json, fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .messages import PartTokens, Where

__all__ = ["PartReader"]

# Deeper than any message is meant to be, and well within Python's own stack.
_DEEPEST = 50

_TEXT = frozenset(("text", "input_text", "output_text", "summary_text"))
_FILES = frozenset(("file", "input_file", "video", "video_url", "input_video"))

AUDIO_UNKNOWN = 600  # tokens: a minute
_TOKENS_A_SECOND = 10
_BYTES_A_SECOND = 16_000  # of compressed sound, 128 kbit/s

FILE_TOKENS = 2_000  # for each started FILE_BYTES
FILE_BYTES = 50_000

_REDACTED = 5  # characters a token

# The kinds of a call's two texts: both are one part.
_CALL = ("tool_call", "")


class PartReader:
    """Reads parts into a Walk; `images` is the model's rule, `part_tokens` the caller's own."""

    __slots__ = ("images", "part_tokens")

    def __init__(
        self,
        images: tuple[object, ...] | None = None,
        part_tokens: PartTokens | None = None,
    ) -> None:
        self.images = images
        self.part_tokens = part_tokens

    def content(
        self, found: Walk, content: object, where: Where, kind: str, depth: int = 0
    ) -> None:
        """A message's content: None, a str, or a list of parts (or of str)."""
        if content is None:
            return
        if isinstance(content, str):
            found.text(kind, content)
            return
        if not isinstance(content, (list, tuple)):
            fail(where, f"must be a str, a list of parts or None, not {type(content).__name__}")
        if depth > _DEEPEST:
            fail(where, "is nested too deeply")
        for at, part in enumerate(content):
            if isinstance(part, str):
                found.text(kind, part)
                continue
            fields = as_mapping(part)
            if fields is None:
                fail((*where, at), f"must be a part (a mapping), not {type(part).__name__}")
            self.read(found, fields, (*where, at), kind, depth)

    def read(
        self, found: Walk, part: Mapping[str, Any], where: Where, kind: str, depth: int = 0
    ) -> None:
        """One part; `kind` is that of its text."""
        form = part.get("type")
        if form is None and isinstance(part.get("text"), str):
            form = "text"
        if not isinstance(form, str):
            fail((*where, "type"), "must be a str that says what the part is")
        if form in _TEXT:
            found.text(kind, checked(part.get("text"), (*where, "text")))
        elif form == "refusal":
            found.text("refusal", checked(part.get("refusal"), (*where, "refusal")))
        elif form in ("image_url", "input_image", "image"):
            self.image(found, part, where, form)
        elif form.endswith(("tool_use", "tool_call", "function_call")):
            key = "arguments" if form == "function_call" else "input"
            self.function(found, part, where, key)
        elif form.endswith(("tool_result", "tool_call_output", "function_call_output")):
            key = "content" if form.endswith("result") else "output"
            self.result(found, part, where, key, depth)
        elif form in ("thinking", "reasoning", "redacted_thinking"):
            self.thinking(found, part, where, form, depth)
        elif form in ("input_audio", "audio"):
            self.audio(found, part, where)
        elif form in _FILES:
            self.file(found, part, where)
        elif form == "document":
            self.document(found, part, where, depth)
        elif form == "search_result":
            # What stands round their texts is not known, which the kinds of text would hide.
            kind = "file" if kind == "text" else kind
            self.labels(found, kind, part, where, ("title", "source"))
            self.content(found, part.get("content"), (*where, "content"), kind, depth + 1)
        elif form == "tool_reference":
            kind = "other" if kind == "text" else kind
            self.labels(found, kind, part, where, ("tool_name",))
        elif not self.asked(found, "other", part, where):
            found.text("other", compact_json(part, where))

    def asked(self, found: Walk, kind: str, part: Mapping[str, Any], where: Where) -> bool:
        """Whether the caller knows the part; then it is counted."""
        if self.part_tokens is None:
            return False
        tokens: object = self.part_tokens(part)
        if tokens is None:
            return False
        if not isinstance(tokens, int) or isinstance(tokens, bool) or tokens < 0:
            fail(where, f"got {shown(tokens)} from part_tokens, which must be a count or None")
        if kind == "image":
            found.tokens(kind, tokens, ASSUMED_ERROR)
        else:
            found.tokens(kind, tokens, 0.0, exact=True)
        return True

    def labels(
        self,
        found: Walk,
        kind: str,
        part: Mapping[str, Any],
        where: Where,
        keys: tuple[str, ...],
    ) -> None:
        """Short texts under these keys, where they are."""
        for key in keys:
            if part.get(key) is not None:
                found.text(kind, checked(part[key], (*where, key)))

    # ---- calls and results

    def calls(self, found: Walk, calls: object, where: Where) -> None:
        """`tool_calls` of an assistant's message, whose place `where` is."""
        if not isinstance(calls, (list, tuple)):
            fail((*where, "tool_calls"), f"must be a list of calls, not {type(calls).__name__}")
        texts, kinds = found.texts, found.kinds
        for at, call in enumerate(calls):
            fields = call if type(call) is dict else as_mapping(call)
            if fields is None:
                fail(
                    (*where, "tool_calls", at),
                    f"must be a call (a mapping), not {type(call).__name__}",
                )
            function = fields.get("function")
            if type(function) is dict:
                # As they mostly are; all others are read below, and refused there.
                name, arguments = function.get("name"), function.get("arguments")
                if type(name) is str and type(arguments) is str:
                    texts += (name, arguments)
                    kinds += _CALL
                    continue
            if "function" in fields:
                self.function(found, function, (*where, "tool_calls", at, "function"), "arguments")
            elif "custom" in fields:
                self.function(
                    found, fields["custom"], (*where, "tool_calls", at, "custom"), "input"
                )
            else:
                fail((*where, "tool_calls", at, "function"), "is missing: a call needs a function")

    def function(self, found: Walk, call: object, where: Where, key: str) -> None:
        """Name and arguments of a call; arguments that are no str count as compact JSON."""
        fields = call if type(call) is dict else as_mapping(call)
        if fields is None:
            fail(where, f"must be a mapping with name and {key}, not {type(call).__name__}")
        name = fields.get("name")
        found.text("tool_call", "" if name is None else checked(name, (*where, "name")))
        arguments = fields.get(key)
        if arguments is not None:
            if not isinstance(arguments, str):
                arguments = compact_json(arguments, (*where, key))
            found.text("", arguments)

    def result(
        self, found: Walk, part: Mapping[str, Any], where: Where, key: str, depth: int
    ) -> None:
        """What a call returned: text, parts, or a single object, which counts as JSON."""
        content = part.get(key)
        here = (*where, key)
        if content is None or isinstance(content, (str, list, tuple)):
            self.content(found, content, here, "tool_result", depth + 1)
        else:
            found.text("tool_result", compact_json(content, here))

    def thinking(
        self, found: Walk, part: Mapping[str, Any], where: Where, form: str, depth: int
    ) -> None:
        """Thoughts; those that are encrypted by their length."""
        if form == "redacted_thinking":
            data = part.get("data")
            length = 0 if data is None else len(checked(data, (*where, "data")))
            found.tokens("thinking", -(-length // _REDACTED), 1.0)
            return
        for key in ("thinking", "text"):
            if part.get(key) is not None:
                found.text("thinking", checked(part[key], (*where, key)))
                return
        for key in ("summary", "content"):
            self.content(found, part.get(key), (*where, key), "thinking", depth + 1)

    # ---- what is no text

    def image(self, found: Walk, part: Mapping[str, Any], where: Where, form: str) -> None:
        """An image of any vendor's spelling."""
        if self.asked(found, "image", part, where):
            return
        detail = part.get("detail")
        address = part.get("image_url" if form != "image" else "source")
        if form == "image" and address is None:
            address = part.get("image", part.get("url"))
        fields = as_mapping(address)
        if fields is not None:
            detail = fields.get("detail", detail)
            address = fields.get("data" if fields.get("type") == "base64" else "url")
        elif address is not None and not isinstance(address, str):
            here = (*where, "image_url" if form != "image" else "source")
            fail(here, f"must be an address or a mapping, not {type(address).__name__}")
        source = address if isinstance(address, str) else None
        tokens, error = image_tokens(source, detail, self.images)
        found.tokens("image", tokens, error)

    def audio(self, found: Walk, part: Mapping[str, Any], where: Where) -> None:
        """Sound, by its length."""
        if self.asked(found, "audio", part, where):
            return
        sound = as_mapping(part.get("input_audio", part.get("audio"))) or {}
        data = sound.get("data")
        tokens = AUDIO_UNKNOWN
        if isinstance(data, str) and data:
            seconds = len(data) * 3 / 4 / _rate(data)
            tokens = max(1, round(seconds * _TOKENS_A_SECOND))
        found.tokens("audio", tokens, 1.0)

    def file(self, found: Walk, part: Mapping[str, Any], where: Where) -> None:
        """A file, by its size where the data is there."""
        if self.asked(found, "file", part, where):
            return
        held = as_mapping(part.get("file"))
        if held is None:
            held = part
        name, data = held.get("filename"), held.get("file_data")
        if isinstance(name, str):
            found.text("file", name)
        found.tokens("file", _by_size(data), 1.0)

    def document(self, found: Walk, part: Mapping[str, Any], where: Where, depth: int) -> None:
        """Anthropic's document: text and nested content are counted, the rest by its size."""
        if self.asked(found, "file", part, where):
            return
        self.labels(found, "file", part, where, ("title", "context"))
        source = as_mapping(part.get("source")) or {}
        here = (*where, "source")
        if source.get("type") == "text":
            found.text("file", checked(source.get("data"), (*here, "data")))
        elif source.get("type") == "content":
            self.content(found, source.get("content"), (*here, "content"), "file", depth + 1)
        else:
            found.tokens("file", _by_size(source.get("data")), 1.0)


def _by_size(data: object) -> int:
    size = len(data) * 3 // 4 if isinstance(data, str) else 0
    return FILE_TOKENS * max(1, -(-size // FILE_BYTES))


def _rate(data: str) -> int:
    """Bytes a second of sound in base64: what a WAV header says, else that of a usual MP3."""
    from binascii import Error, a2b_base64

    try:
        head = a2b_base64(data[:48])
    except (Error, ValueError):
        return _BYTES_A_SECOND
    if head[:4] == b"RIFF" and head[8:16] == b"WAVEfmt ":
        return int.from_bytes(head[28:32], "little") or _BYTES_A_SECOND
    return _BYTES_A_SECOND
