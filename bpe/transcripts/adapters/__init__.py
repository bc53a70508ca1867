"""Formats of session logs, one file each, and this table of them."""

from __future__ import annotations

from ...errors import ArgumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..entries import Adapter

__all__ = ["ADAPTERS", "adapter_of", "check_name"]

# By name: the module of this package and its class.
ADAPTERS = {
    "claude-code": ("claude_code", "ClaudeCode"),
    "codex": ("codex", "Codex"),
    "openai": ("openai", "OpenAI"),
}


def check_name(name: str) -> None:
    if name not in ADAPTERS:
        raise ArgumentError(f"no adapter {name!r}; there are {', '.join(ADAPTERS)}")


def adapter_of(adapter: str | Adapter | None) -> tuple[Adapter, bool]:
    """The adapter that is meant, new if it was named, and whether it is the plain format's."""
    if adapter is None:
        from .plain import Plain

        return Plain(), True
    if not isinstance(adapter, str):
        return adapter, False
    check_name(adapter)
    from importlib import import_module

    module, name = ADAPTERS[adapter]
    made: Adapter = getattr(import_module(f".{module}", __name__), name)()
    return made, False
