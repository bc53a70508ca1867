"""Summarisers against a local server that speaks the wire formats, well and badly."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bpe.context import http_summarizer
from bpe.context.summarize import (
    AsyncSummarizer,
    OllamaSummarizer,
    OpenAISummarizer,
    Summarizer,
)
from bpe.errors import (
    ArgumentError,
    CompressionError,
    MissingDependencyError,
    SummaryError,
    TokenTypeError,
)

pytest.importorskip("httpx")

KEY = "sk-test-0123456789abcdef"
Reply = Callable[["Handler"], None]


# ---- the server


class Handler(BaseHTTPRequestHandler):
    """Answers each request with the next reply of its server's script; notes what was asked."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        size = int(self.headers["content-length"])
        body = json.loads(self.rfile.read(size))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.path, body, headers))
        reply = self.server.script.pop(0) if self.server.script else status(500, {"error": "over"})
        try:
            reply(self)
        except ConnectionError:
            self.close_connection = True

    def do_GET(self) -> None:
        self.server.asked.append((self.path, None, {}))
        status(200, {"message": {"content": "of another place"}})(self)

    def send(
        self, code: int, data: bytes, headers: dict[str, str], size: int | None = None
    ) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if size is None else size))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Reply] = []
        self.asked: list[tuple[str, Any, dict[str, str]]] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that went away


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with Server() as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.closing.set()
        found.shutdown()
        thread.join()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited between attempts; nothing is."""
    found: list[float] = []

    async def asleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(http_summarizer, "sleep", found.append)
    monkeypatch.setattr(asyncio, "sleep", asleep)
    return found


def status(code: int, value: object, **headers: str) -> Reply:
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return lambda handler: handler.send(code, data, {"Content-Type": "application/json", **names})


def slow(seconds: float, after: Reply) -> Reply:
    def reply(handler: Handler) -> None:
        handler.server.closing.wait(seconds)
        after(handler)

    return reply


def truncated(handler: Handler) -> None:
    handler.send(200, b'{"model": "m", "mess', {}, size=500)
    handler.close_connection = True


def dropped(handler: Handler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def trickling(handler: Handler) -> None:
    """A byte at a time, each in time, all of them far too late."""
    handler.send(200, b"", {}, size=10_000)
    for _ in range(500):
        handler.server.closing.wait(0.02)
        handler.wfile.write(b" ")


def trickling_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(500):
        handler.server.closing.wait(0.02)
        handler.wfile.write(b"X-Header: more\r\n")


def endless(handler: Handler) -> None:
    """Of no stated length: the end of the connection is the end of the answer."""
    handler.close_connection = True
    handler.wfile.write(b'HTTP/1.1 200 OK\r\n\r\n{"error": "not complete"}')
    for _ in range(500):
        handler.server.closing.wait(0.02)
        handler.wfile.write(b" ")


def ollama(text: object, reason: str = "stop", **more: object) -> Reply:
    return status(
        200,
        {
            "model": "llama3.2",
            "created_at": "2025-01-01T00:00:00.000000Z",
            "message": {"role": "assistant", "content": text, **more},
            "done": True,
            "done_reason": reason,
            "total_duration": 4_883_583_458,
            "load_duration": 1_334_875,
            "prompt_eval_count": 26,
            "eval_count": 282,
        },
    )


def openai(text: object, reason: str = "stop", **more: object) -> Reply:
    message = {"role": "assistant", "content": text, "refusal": None, **more}
    return status(
        200,
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_741_569_952,
            "model": "gpt-4o-mini",
            "choices": [
                {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
            ],
            "usage": {"prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29},
        },
    )


def openai_error(code: int, message: str, kind: str, name: str | None, **headers: str) -> Reply:
    error = {"message": message, "type": kind, "param": None, "code": name}
    return status(code, {"error": error}, **headers)


LIMITED = openai_error(429, "Rate limit reached", "tokens", "rate_limit_exceeded")


# ---- both adapters, sync and async


class Case:
    """One adapter in one of the two ways to call it."""

    def __init__(self, name: str, asynchronous: bool) -> None:
        self.kind: Any = {"ollama": OllamaSummarizer, "openai": OpenAISummarizer}[name]
        self.good: Callable[..., Reply] = {"ollama": ollama, "openai": openai}[name]
        self.path = {"ollama": "/api/chat", "openai": "/v1/chat/completions"}[name]
        self.base = {"ollama": "", "openai": "/v1"}[name]
        self.asynchronous = asynchronous

    def make(self, server: Server, **options: Any) -> Any:
        return self.kind("some-model", base_url=server.url + self.base, **options)

    def call(self, summarizer: Any, text: str = "long text", max_tokens: int = 100) -> str:
        if self.asynchronous:
            return str(asyncio.run(summarizer.asummarize(text, max_tokens)))
        return str(summarizer.summarize(text, max_tokens))

    def error(self, summarizer: Any, **arguments: Any) -> SummaryError:
        with pytest.raises(SummaryError) as info:
            self.call(summarizer, **arguments)
        return info.value


@pytest.fixture(params=["ollama", "ollama-async", "openai", "openai-async"])
def case(request: pytest.FixtureRequest) -> Case:
    name, _, way = request.param.partition("-")
    return Case(name, bool(way))


def test_a_summary(case: Case, server: Server) -> None:
    server.script = [case.good("  The notes: café, 😀, 42.\n")]
    text = 'A long conversation: "quotes", \n, café, \ud83d\ude00, \ud83d.'
    assert case.call(case.make(server), text, 123) == "The notes: café, 😀, 42."
    ((path, body, headers),) = server.asked
    assert path == case.path
    assert headers["content-type"] == "application/json"
    assert "authorization" not in headers
    expected = {
        "model": "some-model",
        "messages": [
            {
                "role": "user",
                "content": 'A long conversation: "quotes", \n, café, 😀, \ufffd.',
            }
        ],
        "stream": False,
    }
    if case.kind is OllamaSummarizer:
        assert body == {**expected, "options": {"temperature": 0, "num_predict": 123}}
    else:
        assert body == {**expected, "max_tokens": 123}


def test_protocols(server: Server) -> None:
    for name in ("ollama", "openai"):
        made = Case(name, False).make(server)
        assert isinstance(made, Summarizer)
        assert isinstance(made, AsyncSummarizer)
    assert not isinstance(len, Summarizer)


def test_the_body_can_be_added_to(server: Server) -> None:
    server.script = [ollama("a"), openai("b"), openai("c")]
    extra = {"think": False, "keep_alive": "5m", "options": {"num_ctx": 16_384, "temperature": 0.5}}
    made = OllamaSummarizer("m", base_url=server.url, extra_body=extra)
    extra["think"] = True  # too late
    assert made.summarize("text", 7) == "a"
    body = server.asked[0][1]
    assert body["options"] == {"num_ctx": 16_384, "temperature": 0.5, "num_predict": 7}
    assert (body["think"], body["keep_alive"]) == (False, "5m")
    other = OpenAISummarizer(
        "m", base_url=server.url, extra_body={"seed": 1}, limit_key="max_completion_tokens"
    )
    assert other.summarize("text", 7) == "b"
    body = server.asked[1][1]
    assert (body["seed"], body["max_completion_tokens"]) == (1, 7)
    assert "max_tokens" not in body


def test_openai_itself_calls_the_limit_otherwise() -> None:
    assert OpenAISummarizer("gpt-4o-mini").limit_key == "max_completion_tokens"
    assert (
        OpenAISummarizer("m", base_url="http://api.openai.com.local/v1").limit_key == "max_tokens"
    )
    assert OpenAISummarizer("m", limit_key="max_tokens").limit_key == "max_tokens"


def test_paths(server: Server) -> None:
    for base in ("/v1", "/v1/", "/deep/er/v1", "/openai?api-version=1"):
        server.script = [openai("text")]
        OpenAISummarizer("m", base_url=server.url + base).summarize("text", 7)
    assert [path for path, *_ in server.asked] == [
        "/v1/chat/completions",
        "/v1/chat/completions",
        "/deep/er/v1/chat/completions",
        "/openai/chat/completions?api-version=1",
    ]


# ---- what the model wrote


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<think>Hmm, 42?\n</think>\n\nThe answer is 42.", "The answer is 42."),
        ("Tags like <think>x</think> inside stay.", "Tags like <think>x</think> inside stay."),
        ("half a pair \ud83d", "half a pair \ufffd"),
        ([{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}], "in parts"),
    ],
)
def test_texts(case: Case, server: Server, content: object, expected: str) -> None:
    server.script = [case.good(content)]
    assert case.call(case.make(server)) == expected


def test_a_text_that_reached_the_limit_is_a_text(case: Case, server: Server) -> None:
    server.script = [case.good("It was cut in the mid", "length")]
    assert case.call(case.make(server)) == "It was cut in the mid"


@pytest.mark.parametrize(
    "content", ["", " \n", None, 42, [], [{"type": "image"}], "<think>Hmm, le"]
)
def test_no_text(case: Case, server: Server, content: object) -> None:
    server.script = [case.good(content, "length", thinking="Hmm")]
    error = case.error(case.make(server))
    assert "the model wrote no text (it ended with 'length')" in str(error)
    assert (error.status, error.attempts) == (200, 1)
    assert len(server.asked) == 1


def test_a_refusal(server: Server) -> None:
    server.script = [openai(None, refusal="I cannot do that.")]
    with pytest.raises(SummaryError, match=r"refusal: I cannot do that\."):
        OpenAISummarizer("m", base_url=server.url).summarize("text", 7)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<html>It works!</html>", "the answer is no JSON object"),
        (b"", "the answer is no JSON object"),
        (b'{"message": {"content": "tru', "the answer is no JSON object"),
        (
            b'{"message":{"content":"a"}}\n{"message":{"content":"b"}}',
            "the answer is no JSON object",
        ),
        (b"\xff\xfe\x00", "the answer is no JSON object"),
        (b"[" * 100_000, "the answer is no JSON object"),
        (b'["text"]', "the answer is no JSON object"),
        (b"null", "the answer is no JSON object"),
        (b"{}", "the answer holds no message"),
        (b'{"choices": []}', "the answer holds no message"),
        (b'{"choices": {"0": 1}, "message": "text"}', "the answer holds no message"),
        (b'{"choices": [null], "message": null}', "the answer holds no message"),
        (b'{"choices": [{"message": [1]}], "message": [1]}', "the answer holds no message"),
        (b'{"error": {"code": 502, "message": "upstream"}}', "an error as the answer: upstream"),
        (b'{"error": "model is loading"}', "an error as the answer: model is loading"),
        (b" " * (5 << 20), "the answer has more than 4194304 bytes"),
    ],
)
def test_wrong_answers(case: Case, server: Server, data: bytes, message: str) -> None:
    server.script = [status(200, data)]
    assert message in str(case.error(case.make(server)))
    assert len(server.asked) == 1


# ---- errors of the server


ERRORS: list[tuple[Reply, int, str]] = [
    (status(404, {"error": "model 'some-model' not found"}), 404, "model 'some-model' not found"),
    (status(400, {"error": "invalid options: nonsense"}), 400, "invalid options: nonsense"),
    (
        openai_error(401, "Incorrect API key provided", "invalid_request_error", "invalid_api_key"),
        401,
        "HTTP 401: Incorrect API key provided (invalid_api_key)",
    ),
    (
        openai_error(429, "You exceeded your quota", "insufficient_quota", "insufficient_quota"),
        429,
        "HTTP 429: You exceeded your quota (insufficient_quota)",
    ),
    (openai_error(429, "Quota", "insufficient_quota", None), 429, "Quota (insufficient_quota)"),
    (status(422, {"detail": [{"loc": ["body"], "msg": "field required"}]}), 422, "field required"),
    (status(400, {"object": "error", "message": "too long", "code": 400}), 400, "too long"),
    (status(413, b"<html>\n<h1>Too   large</h1>"), 413, "HTTP 413: <html> <h1>Too large</h1>"),
    (status(403, b""), 403, "HTTP 403"),
    (status(302, b"", Location="/elsewhere"), 302, "HTTP 302"),
    (status(501, b"never"), 501, "HTTP 501: never"),
    (status(400, b"\xff\xfe" * 1000), 400, "HTTP 400: ��"),
    (status(400, {"error": {"message": None, "code": []}}), 400, "HTTP 400"),
]


@pytest.mark.parametrize(("reply", "code", "message"), ERRORS)
def test_errors_that_stay(
    case: Case, server: Server, waits: list[float], reply: Reply, code: int, message: str
) -> None:
    server.script = [reply, case.good("not asked for")]
    error = case.error(case.make(server))
    assert message in str(error)
    assert "some-model" in str(error)
    assert server.url in str(error)
    assert len(str(error)) < 500
    assert "\n" not in str(error)
    assert (error.status, error.attempts) == (code, 1)
    assert isinstance(error, CompressionError)
    assert len(server.asked) == 1
    assert waits == []


@pytest.mark.parametrize(
    "reply",
    [
        LIMITED,
        status(500, {"error": "llama runner process has terminated"}),
        status(502, b"<html>Bad gateway</html>"),
        status(503, {"error": "server busy, please try again"}),
        status(529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}),
        status(408, b""),
        truncated,
        dropped,
    ],
)
def test_errors_that_pass(case: Case, server: Server, waits: list[float], reply: Reply) -> None:
    server.script = [reply, reply, case.good("third time lucky")]
    assert case.call(case.make(server)) == "third time lucky"
    assert len(server.asked) == 3
    assert server.asked[0][1] == server.asked[2][1]
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1.0


def test_attempts_are_bounded(case: Case, server: Server, waits: list[float]) -> None:
    server.script = [LIMITED] * 10
    error = case.error(case.make(server, retries=3))
    assert (error.status, error.attempts, len(server.asked)) == (429, 4, 4)
    assert len(waits) == 3
    assert "4 attempts" in str(error)
    server.asked.clear()
    error = case.error(case.make(server, retries=0))
    assert (error.attempts, len(server.asked)) == (1, 1)


def test_nobody_listens(case: Case, server: Server, waits: list[float]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        error = case.error(case.kind("m", base_url=address, retries=1))
    assert (error.status, error.attempts) == (None, 2)
    assert "the connection failed" in str(error)
    assert address in str(error)


def test_the_server_says_how_long(case: Case, server: Server, waits: list[float]) -> None:
    server.script = [
        openai_error(429, "Slow down", "tokens", None, Retry_After="7"),
        openai_error(429, "Slow down", "tokens", None, Retry_After="9", retry_after_ms="1500"),
        case.good("patience"),
    ]
    assert case.call(case.make(server)) == "patience"
    assert waits == [7.0, 1.5]


def test_longer_than_anyone_waits(case: Case, server: Server, waits: list[float]) -> None:
    for value in ("31", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"):
        server.script = [status(503, {"error": "later"}, Retry_After=value), case.good("unseen")]
        server.asked.clear()
        error = case.error(case.make(server))
        assert error.retry_after is not None
        assert error.retry_after > 30
        assert (error.status, error.attempts, len(server.asked)) == (503, 1, 1)
        assert "more than max_wait" in str(error)
    assert waits == []
    server.script = [status(503, b"", Retry_After="31"), case.good("seen")]
    assert case.call(case.make(server, max_wait=31)) == "seen"
    assert waits == [31.0]
    server.script = [status(503, b""), case.good("seen")]
    assert case.call(case.make(server, max_wait=0)) == "seen"
    assert waits[1:] == [0.0]


def test_waits_are_real(case: Case, server: Server) -> None:
    server.script = [status(429, b"", Retry_After="0.2"), case.good("text")]
    start = time.monotonic()
    assert case.call(case.make(server)) == "text"
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize("reply", [slow(5, dropped), trickling, trickling_headers, endless])
def test_too_slow(case: Case, server: Server, reply: Reply) -> None:
    server.script = [reply, case.good("unseen")]
    start = time.monotonic()
    error = case.error(case.make(server, timeout=0.3))
    assert time.monotonic() - start < 2
    assert "no complete answer within 0.3 s" in str(error)
    assert (error.status, error.attempts, len(server.asked)) == (None, 1, 1)


def test_slow_but_in_time(case: Case, server: Server) -> None:
    server.script = [slow(0.2, case.good("text"))]
    assert case.call(case.make(server, timeout=5)) == "text"


def test_cancelling(server: Server) -> None:
    server.script = [slow(5, dropped)]

    async def main() -> None:
        task = asyncio.create_task(OllamaSummarizer("m", base_url=server.url).asummarize("text", 7))
        while not server.asked:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    start = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - start < 2


def test_the_event_loop_goes_on(server: Server) -> None:
    server.script = [slow(0.2, ollama("text"))] * 5
    made = OllamaSummarizer("m", base_url=server.url)

    async def main() -> list[str]:
        return await asyncio.gather(*(made.asummarize("text", 7) for _ in range(5)))

    start = time.monotonic()
    assert asyncio.run(main()) == ["text"] * 5
    assert time.monotonic() - start < 0.9
    # Another loop may use it too.
    server.script = [ollama("again")]
    assert asyncio.run(made.asummarize("text", 7)) == "again"


def test_threads(server: Server) -> None:
    server.script = [ollama("text")] * 20
    made = OllamaSummarizer("m", base_url=server.url)
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(made.summarize("text", 7))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["text"] * 20


# ---- keys


def everything(error: BaseException) -> str:
    """What anybody may print of an error, and of all that hang on it."""
    found = [*traceback.format_exception(error)]
    seen: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in seen:
        seen.append(following)
        found += [repr(following), str(following), str(following.__dict__)]
        found.append(str(getattr(getattr(following, "request", None), "headers", "")))
        following = following.__cause__ or following.__context__
    assert seen == [error]  # errors of httpx hold the request
    return "\n".join(found)


@pytest.mark.parametrize(
    "reply",
    [
        openai_error(401, f"Incorrect API key provided: {KEY}.", "invalid_request_error", None),
        status(400, f"Authorization: Bearer {KEY}".encode()),
        status(400, (" " * 290 + KEY).encode()),
        status(200, {"error": f"key {KEY} is no good"}),
        slow(5, dropped),
        truncated,
        dropped,
        LIMITED,
    ],
)
def test_no_error_shows_the_key(
    case: Case,
    server: Server,
    waits: list[float],
    caplog: pytest.LogCaptureFixture,
    reply: Reply,
) -> None:
    server.script = [reply] * 2
    made = case.make(server, api_key=KEY, timeout=0.3, retries=1)
    with caplog.at_level(logging.DEBUG):
        error = case.error(made)
    assert server.asked[0][2]["authorization"] == f"Bearer {KEY}"
    for text in (everything(error), repr(made), str(made), f"{made!r}"):
        assert KEY not in text
        assert KEY[3:] not in text
    ours = [record for record in caplog.records if record.name.startswith("bpe")]
    assert not any(KEY in record.getMessage() for record in ours)


def test_a_url_with_secrets(server: Server, waits: list[float]) -> None:
    host = server.url.removeprefix("http://")
    base = f"http://someone:pass%20word1@{host}/v1?key=hidden-value"
    made = OpenAISummarizer("m", base_url=base)
    assert repr(made) == f"OpenAISummarizer('m', base_url='{server.url}/v1')"
    server.script = [
        status(400, b"someone:pass%20word1, pass word1, key=hidden-value hidden-value")
    ]
    with pytest.raises(SummaryError) as info:
        made.summarize("text", 7)
    path, _, headers = server.asked[0]
    assert path == "/v1/chat/completions?key=hidden-value"
    assert headers["authorization"].startswith("Basic ")
    for secret in ("word1", "hidden-value"):
        assert secret not in everything(info.value)


@pytest.mark.parametrize(
    "key", ["", "sk-line\n", "two words", "clé-secret", "tab\tsecret", "\ud83d"]
)
def test_keys_that_no_header_holds(key: str) -> None:
    with pytest.raises(ArgumentError, match="api_key is empty") as info:
        OpenAISummarizer("m", api_key=key)
    assert not key or key.strip() not in str(info.value)
    wrong: Any = KEY.encode()
    with pytest.raises(TokenTypeError, match="api_key must be a str or None, not bytes") as other:
        OpenAISummarizer("m", api_key=wrong)
    assert KEY not in everything(other.value)


# ---- arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"base_url": "localhost:11434"}, "base_url is no URL"),
        ({"base_url": "ftp://host/"}, "base_url is no URL"),
        ({"base_url": "http://"}, "base_url is no URL"),
        ({"base_url": "http://host:port/"}, "base_url is no URL"),
        ({"base_url": ""}, "base_url is no URL"),
        ({"base_url": 3}, "base_url must be a str, not int"),
        ({"timeout": 0}, "timeout must be above 0: 0"),
        ({"timeout": float("inf")}, "timeout must be above 0: inf"),
        ({"timeout": None}, "timeout must be a number, not NoneType"),
        ({"retries": -1}, "retries must be an integer of at least 0: -1"),
        ({"retries": 1.5}, "retries must be an integer of at least 0: 1.5"),
        ({"max_wait": -1}, "max_wait must be at least 0: -1"),
        ({"extra_body": {"stream": True}}, "extra_body must not have 'stream'"),
        ({"extra_body": {"a": {1}}}, "extra_body cannot be written as JSON"),
        ({"extra_body": {"a": float("nan")}}, "extra_body cannot be written as JSON"),
        ({"extra_body": [1]}, "extra_body must be a mapping, not list"),
    ],
)
def test_wrong_settings(case: Case, options: dict[str, Any], message: str) -> None:
    with pytest.raises((ArgumentError, TokenTypeError)) as info:
        case.kind("m", **options)
    assert message in str(info.value)


def test_wrong_models_and_options(case: Case) -> None:
    with pytest.raises(ArgumentError, match="model is empty"):
        case.kind("")
    with pytest.raises(TokenTypeError, match="model must be a str, not NoneType"):
        case.kind(None)
    with pytest.raises(ArgumentError, match="the options of extra_body must be a mapping"):
        OllamaSummarizer("m", extra_body={"options": 3})


def test_wrong_arguments(case: Case, server: Server) -> None:
    made = case.make(server)
    with pytest.raises(TokenTypeError, match="text must be a str, not bytes"):
        case.call(made, b"text")  # type: ignore[arg-type]
    with pytest.raises(TokenTypeError, match="max_tokens must be an integer, not float"):
        case.call(made, "text", 1.0)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="max_tokens must be at least 1: 0"):
        case.call(made, "text", 0)
    with pytest.raises(ArgumentError, match="text is blank"):
        case.call(made, " \n")
    assert server.asked == []


def test_settings_of_the_machine_that_are_wrong(
    case: Case, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "nonsense://someone:secret-word@host")
    monkeypatch.setenv("http_proxy", "nonsense://someone:secret-word@host")
    error = case.error(case.make(server))
    assert "the request could not be sent" in str(error)
    assert "secret-word" not in everything(error)


def test_pickling(server: Server) -> None:
    server.script = [ollama("text")]
    made = OllamaSummarizer("m", base_url=server.url)
    assert pickle.loads(pickle.dumps(made)).summarize("text", 7) == "text"


def test_without_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "httpx":
            raise ModuleNotFoundError("No module named 'httpx'", name="httpx")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    for kind in (OllamaSummarizer, OpenAISummarizer):
        with pytest.raises(MissingDependencyError, match=r"pip install 'cybpe\[summarize\]'"):
            kind("m")
