"""A client of OpenAI's shape that optimizes what it sends, without its callers noticing.

What passes through the optimizer: `create` and `parse` of `client.chat.completions`, also below
`client.beta` and `with_raw_response`, of sync and async clients, streamed or not.  Everything else
is the client's own, untouched: other endpoints, `with_streaming_response`, `stream`, settings.

Of a call only this changes: `messages` and `tools` become the optimized ones, and parameters that
the optimizer gives for the request are added where the caller has not set them.  The caller's
lists stay as they are.
"""

from __future__ import annotations

import inspect
import re
from functools import wraps
from typing import Protocol

from ..arguments import shown
from ..errors import ArgumentError, BPEError, TokenTypeError
from .messages import as_mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Literal, TypeVar

    Client = TypeVar("Client")

__all__ = ["RequestOptimizer", "optimized_client"]

# On the way to a method, and those of them that start again with a client.
_NODES = frozenset(("beta", "chat", "completions", "with_raw_response"))
_CLIENTS = frozenset(("copy", "with_options"))
_METHODS = frozenset(("create", "parse"))
# OpenAI's values for "not given".
_SENTINELS = frozenset(("NotGiven", "Omit"))

_LIMITS = ("max_tokens", "max_completion_tokens")
_PENALTIES = ("frequency_penalty", "presence_penalty")
# Models that reason take the limit by its newer name only, and no penalties at all.
_REASONING = re.compile(r"(?:.*[/:])?(?:o\d(?!\d)|gpt-5(?!\d))", re.IGNORECASE)


class RequestOptimizer(Protocol):
    """What is needed of a TokenOptimizer.

    The results have `conversation`, `tools` and `request_params`.  Where the methods take
    `required_tools`, that names the tools of the call's `tool_choice`, if there are any.
    """

    def optimize_with_tools(self, conversation: Iterable[Any], tools: Iterable[Any] | None) -> Any:
        """For calls of a sync client."""
        ...

    async def aoptimize_with_tools(
        self, conversation: Iterable[Any], tools: Iterable[Any] | None
    ) -> Any:
        """For calls of an async client."""
        ...


def optimized_client(
    client: Client,
    optimizer: RequestOptimizer,
    *,
    on_error: Literal["send", "raise"] = "send",
    on_result: Callable[[Any], object] | None = None,
) -> Client:
    """`client` with its chat completions optimized; used as the client itself is.

    - `on_error`: what becomes of a request that cannot be optimized, because it is malformed or
      what must stay does not fit.  "send": it goes out as the caller wrote it, a warning is logged,
      and the API has the last word.  "raise": the optimizer's error is raised, nothing is sent.
    - `on_result`: called with the optimizer's result of each call, before the request is sent.

    Added where the caller has set neither: `max_tokens` (not beside `max_completion_tokens`, which
    it becomes for OpenAI's models that reason) and `frequency_penalty` and `presence_penalty` (not
    for those models, which refuse them).  A tool that `tool_choice` names is always sent.
    """
    if on_error not in ("send", "raise"):
        raise ArgumentError(f'on_error must be "send" or "raise", not {shown(on_error)}')
    if not callable(getattr(optimizer, "optimize_with_tools", None)):
        raise TokenTypeError(
            f"an optimizer has optimize_with_tools, which {type(optimizer).__name__} has not",
            value=optimizer,
        )
    found: Any = _Proxy(client, _Optimizing(optimizer, on_error == "raise", on_result), ())
    return found  # type: ignore[no-any-return]


class _Proxy:
    """Stands before a client, or before a part of it on the way to the methods."""

    __slots__ = ("_bpe_how", "_bpe_inner", "_bpe_path")

    def __init__(self, inner: Any, how: _Optimizing, path: tuple[str, ...]) -> None:
        object.__setattr__(self, "_bpe_inner", inner)
        object.__setattr__(self, "_bpe_how", how)
        object.__setattr__(self, "_bpe_path", path)

    def __getattr__(self, name: str) -> Any:
        if name in _Proxy.__slots__:  # being copied, and still empty
            raise AttributeError(name)
        found = getattr(self._bpe_inner, name)
        if name in _NODES:
            return _Proxy(found, self._bpe_how, (*self._bpe_path, name))
        if name in _METHODS and {"chat", "completions"} <= {*self._bpe_path}:
            return self._bpe_how.wrapped(found)
        if name in _CLIENTS and not self._bpe_path and callable(found):
            return self._again(found)
        return found

    def _again(self, method: Callable[..., Any]) -> Callable[..., Any]:
        how = self._bpe_how

        @wraps(method)
        def again(*args: Any, **kwargs: Any) -> Any:
            return _Proxy(method(*args, **kwargs), how, ())

        return again

    def __setattr__(self, name: str, value: object) -> None:
        if name in _Proxy.__slots__:
            object.__setattr__(self, name, value)
        else:
            setattr(self._bpe_inner, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._bpe_inner, name)

    def __dir__(self) -> list[str]:
        return dir(self._bpe_inner)

    def __repr__(self) -> str:
        return f"<optimized {self._bpe_inner!r}>"

    def __enter__(self) -> _Proxy:
        return _Proxy(self._bpe_inner.__enter__(), self._bpe_how, self._bpe_path)

    def __exit__(self, *error: object) -> Any:
        return self._bpe_inner.__exit__(*error)

    async def __aenter__(self) -> _Proxy:
        return _Proxy(await self._bpe_inner.__aenter__(), self._bpe_how, self._bpe_path)

    async def __aexit__(self, *error: object) -> Any:
        return await self._bpe_inner.__aexit__(*error)


class _Optimizing:
    """How calls are changed."""

    __slots__ = ("_on_result", "_optimizer", "_raises")

    def __init__(
        self,
        optimizer: RequestOptimizer,
        raises: bool,
        on_result: Callable[[Any], object] | None,
    ) -> None:
        self._optimizer = optimizer
        self._raises = raises
        self._on_result = on_result

    def wrapped(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """`method` with what it is called with optimized; without messages it is as ever."""
        optimizer = self._optimizer

        @wraps(method)
        def create(*args: Any, **kwargs: Any) -> Any:
            messages, tools = _read(kwargs)
            if messages is None:
                return method(*args, **kwargs)
            try:
                optimize = optimizer.optimize_with_tools
                result = optimize(
                    [*messages], [*tools] if tools else None, **_required(optimize, kwargs)
                )
            except Exception as error:
                self._refused(error)
            else:
                kwargs = self._changed(kwargs, messages, tools, result)
            return method(*args, **kwargs)

        @wraps(method)
        async def acreate(*args: Any, **kwargs: Any) -> Any:
            messages, tools = _read(kwargs)
            if messages is None:
                return await method(*args, **kwargs)
            try:
                optimize = optimizer.aoptimize_with_tools
                result = await optimize(
                    [*messages], [*tools] if tools else None, **_required(optimize, kwargs)
                )
            except Exception as error:
                self._refused(error)
            else:
                kwargs = self._changed(kwargs, messages, tools, result)
            return await method(*args, **kwargs)

        return acreate if _is_async(method) else create

    def _refused(self, error: Exception) -> None:
        if self._raises:
            raise error
        import logging

        logging.getLogger(__name__).warning(
            "a request is sent as it is, because it could not be optimized: %s",
            error,
            # What is no error of ours is a bug, and somebody will want to find it.
            exc_info=None if isinstance(error, BPEError) else error,
        )

    def _changed(
        self, kwargs: dict[str, Any], messages: list[Any], tools: list[Any] | None, result: Any
    ) -> dict[str, Any]:
        if self._on_result is not None:
            self._on_result(result)
        if not _same(result.conversation, messages):
            kwargs["messages"] = [*result.conversation]
        if tools and result.tools and not _same(result.tools, tools):
            kwargs["tools"] = _with_chosen(tools, [*result.tools], kwargs.get("tool_choice"))
        return {**kwargs, **_missing(kwargs, result.request_params or {})}


def _read(kwargs: dict[str, Any]) -> tuple[list[Any] | None, list[Any] | None]:
    """Messages and tools as lists; None for what is not there, or is nothing to optimize.

    An iterator is used up by reading: the list takes its place in `kwargs`.
    """
    found: list[list[Any] | None] = []
    for name in ("messages", "tools"):
        value = kwargs.get(name)
        if isinstance(value, (str, bytes)) or as_mapping(value) is not None:
            value = None
        elif not isinstance(value, list):
            try:
                # OpenAI's "not given" cannot be iterated either.
                value = [*value]  # type: ignore[misc]
            except TypeError:
                value = None
            else:
                kwargs[name] = value
        found.append(value)
    return found[0], found[1]


def _required(optimize: Callable[..., Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The tools that `tool_choice` names, for an optimizer that can be told: it counts them."""
    names = _names(kwargs.get("tool_choice"))
    if not names:
        return {}
    try:
        known = inspect.signature(optimize).parameters
    except (TypeError, ValueError):
        return {}
    return {"required_tools": names} if "required_tools" in known else {}


def _same(new: Iterable[Any] | None, old: list[Any]) -> bool:
    new = [] if new is None else [*new]
    return len(new) == len(old) and all(a is b for a, b in zip(new, old, strict=True))


def _with_chosen(tools: list[Any], kept: list[Any], choice: object) -> list[Any]:
    """The tools that are kept, and those that `tool_choice` names, in the caller's order."""
    wanted = _names(choice)
    if not wanted:
        return kept
    from .steps.tool_schemas import tool_names

    missing = wanted - {name for tool in kept for name in tool_names(tool)}
    if not missing:
        return kept
    ranks = {name: rank for rank, tool in enumerate(tools) for name in tool_names(tool)}
    kept += [tool for tool in tools if not missing.isdisjoint(tool_names(tool))]
    return sorted(
        kept, key=lambda tool: min((ranks.get(name, 0) for name in tool_names(tool)), default=0)
    )


def _names(choice: object, depth: int = 4) -> set[str]:
    """The tools that a `tool_choice` names, in any of its forms."""
    found: set[str] = set()
    if isinstance(choice, (list, tuple)):
        for each in choice:
            found |= _names(each, depth)
    fields = as_mapping(choice) if depth else None
    for key, value in (fields or {}).items():
        if key == "name" and isinstance(value, str):
            found.add(value)
        elif key in ("function", "custom", "allowed_tools", "tools"):
            found |= _names(value, depth - 1)
    return found


def _missing(kwargs: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """What of `params` the caller has not set, by the names that the model takes."""
    body = as_mapping(kwargs.get("extra_body")) or {}

    def is_set(name: str) -> bool:
        if name in body:
            return True
        return name in kwargs and type(kwargs[name]).__name__ not in _SENTINELS

    reasons = _REASONING.match(str(kwargs.get("model") or "")) is not None
    found = {}
    for name, value in params.items():
        if name in _LIMITS:
            if not any(map(is_set, _LIMITS)):
                found["max_completion_tokens" if reasons else name] = value
        elif not is_set(name) and not (reasons and name in _PENALTIES):
            found[name] = value
    return found


def _is_async(method: Callable[..., Any]) -> bool:
    """Whether it gives something to wait for; decorators between are looked through."""
    innermost = inspect.unwrap(method)
    called = getattr(innermost, "__call__", innermost)  # noqa: B004
    return inspect.iscoroutinefunction(innermost) or inspect.iscoroutinefunction(called)
