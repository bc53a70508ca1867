"""Asking a summariser of any form, with and without an event loop."""

from __future__ import annotations

import asyncio
import inspect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Any

__all__ = ["ask_async", "ask_now"]


def ask_now(summarizer: Any, text: str, max_tokens: int) -> Any:
    """What it answers; one that is only async gets an event loop of its own."""
    ask = (
        getattr(summarizer, "summarize", None)
        or getattr(summarizer, "asummarize", None)
        or summarizer
    )
    answer = ask(text, max_tokens)
    if not inspect.isawaitable(answer):
        return answer
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_awaited(answer))
    # A loop runs in this thread, and there can be no second one.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, _awaited(answer)).result()


async def ask_async(summarizer: Any, text: str, max_tokens: int) -> Any:
    """What it answers; one that is not async is called in a thread, and so blocks no loop."""
    ask = (
        getattr(summarizer, "asummarize", None)
        or getattr(summarizer, "summarize", None)
        or summarizer
    )
    called = ask if inspect.isroutine(ask) else getattr(ask, "__call__", ask)  # noqa: B004
    if inspect.iscoroutinefunction(called):
        return await ask(text, max_tokens)
    answer, error = await asyncio.to_thread(_caught, ask, text, max_tokens)
    if error is not None:
        raise error
    return await answer if inspect.isawaitable(answer) else answer


def _caught(ask: Any, text: str, max_tokens: int) -> tuple[Any, Exception | None]:
    """What it answers, or raises: a StopIteration that leaves a thread is never heard of again."""
    try:
        return ask(text, max_tokens), None
    except Exception as error:
        return None, error


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer
