"""What the adapters for models behind HTTP share: a request, its limits, and attempts at it."""

from __future__ import annotations

from dataclasses import dataclass
from time import sleep

from ..arguments import repaired, shown
from ..errors import ArgumentError, SummaryError, TokenTypeError
from .budget import LARGEST
from .deadlines import Deadline
from .endpoints import (
    checked_body,
    checked_key,
    complaint,
    endpoint,
    require_httpx,
    seconds,
    tls,
    written,
)
from .retries import backoff, is_transient, retry_after

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["HTTPSummarizer"]

# Of an answer; a summary has some kilobytes.
_MAX_BYTES = 4 << 20
# Of what an error repeats from a server's answer, in characters.
_MAX_QUOTED = 300


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one attempt came to: a text, or what went wrong."""

    text: str = ""
    problem: str = ""
    status: int | None = None
    transient: bool = False
    after: float | None = None


class HTTPSummarizer:
    """What both adapters share: one request, its limits, and attempts at it."""

    _path = ""

    def __init__(
        self,
        model: str,
        *,
        base_url: str,
        api_key: str | None,
        timeout: float,
        retries: int,
        max_wait: float,
        extra_body: Mapping[str, Any] | None,
    ) -> None:
        if not isinstance(model, str):
            raise TokenTypeError(f"model must be a str, not {type(model).__name__}", value=model)
        if not model:
            raise ArgumentError("model is empty")
        if type(retries) is not int or retries < 0:
            raise ArgumentError(f"retries must be an integer of at least 0: {shown(retries)}")
        require_httpx()
        self.model = model
        self.timeout = seconds("timeout", timeout)
        self.retries = retries
        self.max_wait = seconds("max_wait", max_wait, zero=True)
        self._url, self.base_url, host, secrets = endpoint(base_url, self._path)
        self._openai = host == "api.openai.com"
        self._headers = {
            "accept": "application/json",
            # A small answer that unpacks to a giant one is not asked for.
            "accept-encoding": "identity",
            "content-type": "application/json",
        }
        if api_key is not None:
            self._headers["authorization"] = f"Bearer {checked_key(api_key)}"
            secrets = (*secrets, api_key)
        self._secrets = tuple(sorted(secrets, key=len, reverse=True))
        self._extra = checked_body(extra_body)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r}, base_url={self.base_url!r})"

    def summarize(self, text: str, max_tokens: int) -> str:
        """What the model answers to the prompt `text`, in at most `max_tokens` of its own tokens.

        Raises SummaryError, with `status`, `attempts` and `retry_after`, when the attempts are used
        up or another one would not help; ArgumentError for a blank text or a limit below 1.
        """
        body = self._encoded(text, max_tokens)
        for attempt in range(1, self.retries + 2):
            outcome = self._once(body)
            wait = self._wait(outcome, attempt)
            if wait is None:
                return outcome.text
            sleep(wait)
        raise AssertionError  # the last attempt returns or raises

    async def asummarize(self, text: str, max_tokens: int) -> str:
        """As `summarize`, on asyncio; what is cancelled stops at once."""
        from asyncio import sleep as asleep

        body = self._encoded(text, max_tokens)
        for attempt in range(1, self.retries + 2):
            outcome = await self._aonce(body)
            wait = self._wait(outcome, attempt)
            if wait is None:
                return outcome.text
            await asleep(wait)
        raise AssertionError

    # ---- what differs

    def _body(self, text: str, max_tokens: int) -> dict[str, Any]:
        raise NotImplementedError

    def _answer(self, value: dict[str, Any]) -> tuple[object, object]:
        """The text of an answer, and why the model stopped; LookupError or TypeError if unfit."""
        raise NotImplementedError

    # ---- one attempt

    def _encoded(self, text: str, max_tokens: int) -> bytes:
        from json import dumps

        if not isinstance(text, str):
            raise TokenTypeError(f"text must be a str, not {type(text).__name__}", value=text)
        if type(max_tokens) is not int:
            raise TokenTypeError(
                f"max_tokens must be an integer, not {type(max_tokens).__name__}", value=max_tokens
            )
        if max_tokens < 1:
            raise ArgumentError(f"max_tokens must be at least 1: {shown(max_tokens)}")
        if max_tokens > LARGEST:
            raise ArgumentError(f"max_tokens must be at most {LARGEST}: {shown(max_tokens)}")
        if not text.strip():
            raise ArgumentError("text is blank: there is nothing to summarise")
        # Half a surrogate pair is legal in JSON, but some servers fail at it.
        return dumps(self._body(repaired(text), max_tokens)).encode("ascii")

    # An error of httpx holds the request, and that the key: ours are raised where none is handled.

    def _once(self, body: bytes) -> _Outcome:
        httpx = require_httpx()
        deadline = Deadline(self.timeout)
        data = bytearray()
        try:
            with (
                deadline,
                httpx.Client(timeout=self.timeout, verify=tls()) as client,
                client.stream(
                    "POST",
                    self._url,
                    content=body,
                    headers=self._headers,
                    extensions=deadline.extensions,
                ) as response,
            ):
                for chunk in response.iter_bytes():
                    data += chunk
                    if len(data) > _MAX_BYTES:
                        return _too_large()
        except Exception as error:
            return self._late() if deadline.passed else self._failed(error, httpx)
        if deadline.passed:
            return self._late()  # the end of the answer may be ours
        return self._judged(response.status_code, response.headers, data)

    async def _aonce(self, body: bytes) -> _Outcome:
        from asyncio import timeout

        httpx = require_httpx()
        data = bytearray()
        try:
            async with (
                timeout(self.timeout),
                httpx.AsyncClient(timeout=self.timeout, verify=tls()) as client,
                client.stream("POST", self._url, content=body, headers=self._headers) as response,
            ):
                async for chunk in response.aiter_bytes():
                    data += chunk
                    if len(data) > _MAX_BYTES:
                        return _too_large()
        except Exception as error:
            return self._failed(error, httpx)
        return self._judged(response.status_code, response.headers, data)

    def _failed(self, error: Exception, httpx: Any) -> _Outcome:
        """Of what sending raised.  What connecting broke off is worth another attempt."""
        if isinstance(error, httpx.ConnectTimeout):
            return _Outcome(problem="no connection in time", transient=True)
        if isinstance(error, (httpx.TimeoutException, TimeoutError)):
            return self._late()
        if isinstance(error, (httpx.NetworkError, httpx.RemoteProtocolError)):
            text = str(error) or type(error).__name__
            return _Outcome(problem=f"the connection failed: {text}", transient=True)
        # Anything from a wrong proxy setting to an unreadable certificate; its text may quote them.
        return _Outcome(problem=f"the request could not be sent: {type(error).__name__}")

    def _late(self) -> _Outcome:
        # No other attempt: a model that is slow would be asked to do the same work again.
        return _Outcome(problem=f"no complete answer within {self.timeout:g} s")

    def _judged(self, status: int, headers: Mapping[str, str], data: bytearray) -> _Outcome:
        from json import loads

        value: object
        try:
            value = loads(bytes(data))
        except (ValueError, RecursionError):
            value = None
        if not 200 <= status < 300:
            text, quota = complaint(value)
            text = text or bytes(data[: 4 * _MAX_QUOTED]).decode("utf-8", "replace")
            return _Outcome(
                problem=f"HTTP {status}: {text}" if text.strip() else f"HTTP {status}",
                status=status,
                # A quota that is used up comes as 429 too, and time does not help.
                transient=is_transient(status) and not quota,
                after=retry_after(headers),
            )
        if not isinstance(value, dict):
            return _Outcome(problem="the answer is no JSON object", status=status)
        if value.get("error"):
            text, _ = complaint(value)
            return _Outcome(problem=f"an error as the answer: {text}", status=status)
        try:
            content, reason = self._answer(value)
        except (LookupError, TypeError, AttributeError):
            return _Outcome(problem="the answer holds no message", status=status)
        text = written(content)
        if not text:
            ended = f" (it ended with {reason!r})" if reason else ""
            return _Outcome(problem=f"the model wrote no text{ended}", status=status)
        return _Outcome(text=text, status=status)

    def _wait(self, outcome: _Outcome, attempt: int) -> float | None:
        """The seconds until the next attempt; None if there is a text; else raises SummaryError."""
        if not outcome.problem:
            return None
        wait = min(backoff(attempt), self.max_wait) if outcome.after is None else outcome.after
        if outcome.transient and attempt <= self.retries and wait <= self.max_wait:
            return wait
        hint = ""
        if outcome.transient and attempt <= self.retries:
            hint = f"; it asks to wait {wait:.0f} s, more than max_wait"
        elif attempt > 1:
            hint = f"; {attempt} attempts"
        raise SummaryError(
            f"no summary from {self.model!r} at {self.base_url}: "
            f"{self._quoted(outcome.problem)}{hint}",
            status=outcome.status,
            attempts=attempt,
            retry_after=outcome.after,
        )

    def _quoted(self, text: str) -> str:
        """A server's words, in one line, short, and without what is secret."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return text if len(text) <= _MAX_QUOTED else text[: _MAX_QUOTED - 3] + "..."


def _too_large() -> _Outcome:
    return _Outcome(problem=f"the answer has more than {_MAX_BYTES} bytes")
