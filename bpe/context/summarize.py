"""Summarisers: models that shorten text, asked over HTTP, with time limits and retries.

A summariser is sent a complete prompt, as the template "summary" makes it (bpe.context.templates),
and gives back what the model writes.  Whatever goes wrong is a SummaryError, so that the caller
has one error to fall back from; an API key is in no repr and in no error.

Both adapters need httpx (`pip install 'cybpe[summarize]'`), and import it when they are made.
Wire formats: Ollama's `POST /api/chat` and OpenAI's `POST /chat/completions`, not streamed.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..errors import ArgumentError
from .http_summarizer import HTTPSummarizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["AsyncSummarizer", "OllamaSummarizer", "OpenAISummarizer", "Summarizer"]


@runtime_checkable
class Summarizer(Protocol):
    """Anything that shortens text."""

    def summarize(self, text: str, max_tokens: int) -> str:
        """What the model answers to the prompt `text`, in at most `max_tokens` tokens."""
        ...


@runtime_checkable
class AsyncSummarizer(Protocol):
    """Anything that shortens text without blocking the event loop."""

    async def asummarize(self, text: str, max_tokens: int) -> str:
        """What the model answers to the prompt `text`, in at most `max_tokens` tokens."""
        ...


class OllamaSummarizer(HTTPSummarizer):
    """Summaries by a model that Ollama serves.

    - `timeout`: seconds for each attempt, the loading of the model included.
    - `retries`: further attempts after 408, 425, 429, 5xx or a broken connection, with growing
      waits, or the wait that the server asks for; one longer than `max_wait` seconds ends it.
    - `extra_body`: added to the request: `{"think": False, "options": {"num_ctx": 16384}}`.
      Ollama silently cuts prompts that are longer than `num_ctx`: set it for long conversations.

    Nothing is kept open between calls; any number of threads may use one.
    """

    _path = "/api/chat"

    def __init__(
        self,
        model: str,
        *,
        base_url: str = "http://localhost:11434",
        api_key: str | None = None,
        timeout: float = 120.0,
        retries: int = 2,
        max_wait: float = 30.0,
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            model,
            base_url=base_url,
            api_key=api_key,
            timeout=timeout,
            retries=retries,
            max_wait=max_wait,
            extra_body=extra_body,
        )
        if not isinstance(self._extra.get("options", {}), dict):
            raise ArgumentError("the options of extra_body must be a mapping")

    def _body(self, text: str, max_tokens: int) -> dict[str, Any]:
        options = {"temperature": 0, **self._extra.get("options", {}), "num_predict": max_tokens}
        return {
            **self._extra,
            "model": self.model,
            "messages": [{"role": "user", "content": text}],
            "stream": False,
            "options": options,
        }

    def _answer(self, value: dict[str, Any]) -> tuple[object, object]:
        return value["message"]["content"], value.get("done_reason")


class OpenAISummarizer(HTTPSummarizer):
    """Summaries by a model behind any endpoint that is compatible with OpenAI's chat completions.

    - `base_url`: the part before `/chat/completions`, as OpenAI's own client takes it.
    - `timeout`, `retries`, `max_wait`: as for OllamaSummarizer.  A 429 because a quota is used up
      is not tried again.
    - `limit_key`: how the endpoint calls the limit; None: "max_completion_tokens" for OpenAI
      itself, whose newer models take no other, and "max_tokens" elsewhere.
    - `extra_body`: added to the request: `{"temperature": 0, "reasoning_effort": "low"}`.

    Nothing is kept open between calls; any number of threads may use one.
    """

    _path = "/chat/completions"

    def __init__(
        self,
        model: str,
        *,
        base_url: str = "https://api.openai.com/v1",
        api_key: str | None = None,
        timeout: float = 60.0,
        retries: int = 2,
        max_wait: float = 30.0,
        limit_key: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            model,
            base_url=base_url,
            api_key=api_key,
            timeout=timeout,
            retries=retries,
            max_wait=max_wait,
            extra_body=extra_body,
        )
        self.limit_key = limit_key or ("max_completion_tokens" if self._openai else "max_tokens")

    def _body(self, text: str, max_tokens: int) -> dict[str, Any]:
        return {
            **self._extra,
            "model": self.model,
            "messages": [{"role": "user", "content": text}],
            "stream": False,
            self.limit_key: max_tokens,
        }

    def _answer(self, value: dict[str, Any]) -> tuple[object, object]:
        choice = value["choices"][0]
        message = choice["message"]
        refusal = message.get("refusal")
        reason = f"refusal: {refusal}" if refusal else choice.get("finish_reason")
        return message.get("content"), reason
