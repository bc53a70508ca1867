"""Spans of OpenTelemetry around what the context layer does; nothing where it is not installed.

The package `opentelemetry-api` (`pip install 'cybpe[tracing]'`) is imported with the first span.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Any, Protocol

    class Span(Protocol):
        """What of a span is used: the part that is there in each case."""

        def set_attribute(self, key: str, value: Any) -> None: ...


__all__ = ["span"]

# The API's module `trace`; False once it has turned out not to be there.
_api: Any = None


def span(name: str, **attributes: object) -> AbstractContextManager[Span]:
    """A span of that name for the time of a `with`, as a child of the current one.

    Attributes are str, bool, int or float, or sequences of one of them; None is left out.  An
    exception that passes through is recorded in the span, and goes on.  Without OpenTelemetry
    nothing happens, and what is set on `current` is dropped.

    >>> with span("optimize", msgs=12) as current:
    ...     current.set_attribute("saved", 100)
    """
    global _api
    if _api is None:
        try:
            from opentelemetry import trace as _api
        except ImportError:
            _api = False
    if not _api:
        return _NOTHING
    given = {key: value for key, value in attributes.items() if value is not None}
    # Asked for each time: who sets a provider later is heard.
    found: AbstractContextManager[Span] = _api.get_tracer("bpe.context").start_as_current_span(
        name, attributes=given
    )
    return found


class _Nothing:
    """A span that is none, and its own context manager."""

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def set_attribute(self, key: str, value: object) -> None:
        pass


_NOTHING = _Nothing()
