"""Settings for a model behind HTTP, checked before anything is sent; and what its answers say."""

from __future__ import annotations

import re
from functools import cache
from math import inf
from threading import TIMEOUT_MAX

from ..arguments import repaired, shown
from ..errors import ArgumentError, MissingDependencyError, TokenTypeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext
    from types import ModuleType
    from typing import Any

__all__ = [
    "checked_body",
    "checked_key",
    "complaint",
    "endpoint",
    "require_httpx",
    "seconds",
    "tls",
    "written",
]

# Seconds, some decades or what the platform can wait; beyond it sockets and timers fail.
LONGEST = min(TIMEOUT_MAX, 1e9)
# What a request is made of is not for `extra_body` to change.
_RESERVED = frozenset(("messages", "model", "stream", "n", "tools", "prompt"))
# What models of reasoning write before the answer where the server does not take it out.
_THOUGHTS = re.compile(r"\s*<think>.*?</think>", re.DOTALL)


def require_httpx() -> ModuleType:
    """The module; MissingDependencyError says how to get it."""
    try:
        import httpx
    except ModuleNotFoundError as error:
        if error.name != "httpx":
            raise
        raise MissingDependencyError(
            "summarisers over HTTP need httpx: pip install 'cybpe[summarize]'"
        ) from None
    return httpx


@cache
def tls() -> SSLContext:
    """What https connections are made with; reading the certificates takes some 20 ms, once."""
    found: SSLContext = require_httpx().create_ssl_context()
    return found


def seconds(name: str, value: object, *, zero: bool = False) -> float:
    """A number of seconds, above 0 or (`zero`) at least 0, and no more than LONGEST."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TokenTypeError(f"{name} must be a number, not {type(value).__name__}", value=value)
    # Comparisons, which work for integers that are too large for a float; NaN fails the first.
    if not 0 <= value < inf or (value == 0 and not zero):
        raise ArgumentError(f"{name} must be {'at least' if zero else 'above'} 0: {shown(value)}")
    if value > LONGEST:
        raise ArgumentError(f"{name} must be at most {LONGEST:.0f} seconds: {shown(value)}")
    return float(value)


def endpoint(base_url: object, path: str) -> tuple[str, str, str, tuple[str, ...]]:
    """(URL for requests, URL that may be shown, host, what of it is secret).

    A name, a password and a query in `base_url` are used, and not shown.
    """
    httpx = require_httpx()
    if not isinstance(base_url, str):
        raise TokenTypeError(
            f"base_url must be a str, not {type(base_url).__name__}", value=base_url
        )
    # Its own message could repeat a password.
    wrong = "base_url is no URL of the form http://host:port/path or https://..."
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, ValueError):
        url = None
    if url is None or url.scheme not in ("http", "https") or not url.host:
        raise ArgumentError(wrong)
    url = url.copy_with(path=url.path.rstrip("/") + path, fragment=None)
    bare = url.copy_with(userinfo=b"", query=None)
    visible = str(bare).removesuffix(path)
    secrets = (url.password, url.userinfo.decode("ascii"), url.query.decode("ascii"))
    secrets += tuple(url.params.values())
    return str(url), visible, url.host, tuple(each for each in secrets if each)


def checked_key(api_key: object) -> str:
    """A key that a header can hold; no error repeats it."""
    if not isinstance(api_key, str):
        raise TokenTypeError(f"api_key must be a str or None, not {type(api_key).__name__}")
    if not api_key or not all("!" <= c <= "~" for c in api_key):
        raise ArgumentError(
            "api_key is empty, or has white space or characters beyond ASCII"
            " (perhaps the end of a line)"
        )
    return api_key


def checked_body(extra_body: object) -> dict[str, Any]:
    """A copy of what is added to requests."""
    from collections.abc import Mapping
    from json import dumps, loads

    if extra_body is None:
        return {}
    if not isinstance(extra_body, Mapping):
        raise TokenTypeError(
            f"extra_body must be a mapping, not {type(extra_body).__name__}", value=extra_body
        )
    for key in extra_body:
        if key in _RESERVED:
            raise ArgumentError(f"extra_body must not have {key!r}")
    try:
        found: dict[str, Any] = loads(dumps(dict(extra_body), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(f"extra_body cannot be written as JSON: {error}") from None
    return found


def complaint(value: object) -> tuple[str, bool]:
    """What an error's body says, and whether it is that a quota is used up.

    Ollama: `{"error": "text"}`; OpenAI: `{"error": {"message", "type", "param", "code"}}`; others:
    `{"message"}` or `{"detail"}`.  The text is empty where there is none.
    """
    if not isinstance(value, dict):
        return "", False
    error = value.get("error")
    if isinstance(error, str):
        return error, False
    inner: dict[str, object] = error if isinstance(error, dict) else value
    labels = [each for each in (inner.get("code"), inner.get("type")) if isinstance(each, str)]
    quota = "insufficient_quota" in labels
    for key in ("message", "detail"):
        text = inner.get(key)
        if text:
            return f"{text} ({labels[0]})" if labels else str(text), quota
    return "", quota


def written(content: object) -> str:
    """The text of a message without thoughts before it; empty where there is none."""
    if isinstance(content, list):
        texts = []
        for part in content:
            text = part.get("text") if isinstance(part, dict) else None
            if isinstance(text, str):
                texts.append(text)
        content = "".join(texts)
    if not isinstance(content, str):
        return ""
    text = (
        _THOUGHTS.sub("", content, count=1) if content.lstrip().startswith("<think>") else content
    )
    if text.lstrip().startswith("<think>"):
        return ""  # it never came to an answer
    return repaired(text).strip()
