"""The optimizer with what it is plugged into: summarisers over HTTP, templates, metrics, spans."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bpe.context import (
    OllamaSummarizer,
    OpenAISummarizer,
    PrometheusMetrics,
    TokenOptimizationConfig,
    TokenOptimizer,
)
from bpe.context.counting import count_messages

pytest.importorskip("httpx")

KEY = "sk-test-0123456789abcdef"
NOTES = "The port is 8443, as decided in the third question."
CONFIG: dict[str, Any] = {"context_window_tokens": 2048, "max_history_tokens": 800}


class Model(BaseHTTPRequestHandler):
    """Ollama's and OpenAI's endpoints in one; what they say is the server's `says`."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server: Any = self.server
        server.asked.append(body)
        message = {"role": "assistant", "content": server.says}
        status, answer = 200, {"choices": [{"message": message}]}
        if self.path == "/api/chat":
            answer = {"message": message, "done": True}  # type: ignore[dict-item]
        if server.says is None:
            error = {"message": f"no such key: {KEY}", "code": "invalid_api_key"}
            status, answer = 401, {"error": error}  # type: ignore[dict-item]
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Model) as found:
        any_server: Any = found
        any_server.asked = []
        any_server.says = NOTES
        any_server.url = f"http://127.0.0.1:{found.server_address[1]}"
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


@pytest.fixture(params=["ollama", "openai"])
def summarizer(request: pytest.FixtureRequest, server: Any) -> Any:
    kind = OllamaSummarizer if request.param == "ollama" else OpenAISummarizer
    return kind("m", base_url=server.url, api_key=KEY, retries=0)


def conversation() -> list[dict[str, Any]]:
    messages = [{"role": "system", "content": "You are helpful."}]
    for n in range(30):
        messages += [
            {"role": "user", "content": f"Question {n}: which port does service {n} use? " * 3},
            {"role": "assistant", "content": f"Service {n} listens on port {8440 + n}. " * 6},
        ]
    return messages


def everything(result: Any) -> str:
    return "\n".join(map(str, (result.conversation, result.plan, result.metrics)))


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_summary_takes_the_place_of_old_messages(
    server: Any, summarizer: Any, asynchronous: bool
) -> None:
    optimizer = TokenOptimizer(TokenOptimizationConfig(**CONFIG), summarizer=summarizer)
    messages = conversation()
    result = (
        asyncio.run(optimizer.aoptimize(messages)) if asynchronous else optimizer.optimize(messages)
    )
    assert "summary" in result.plan.fired
    assert NOTES in everything(result)
    assert result.conversation[0] is messages[0]
    assert result.conversation[-2:] == messages[-2:]
    assert count_messages(result.conversation, "gpt-4o") <= result.plan.prompt_limit
    prompt = server.asked[0]["messages"][0]["content"]
    assert "Question 0: which port" in prompt
    assert prompt.startswith("Below, between the lines of equals signs")


def test_a_refusal_falls_back_and_shows_no_key(server: Any, summarizer: Any) -> None:
    server.says = None
    optimizer = TokenOptimizer(TokenOptimizationConfig(**CONFIG), summarizer=summarizer)
    result = optimizer.optimize(conversation())
    assert server.asked
    assert "summary" not in result.plan.fired
    assert "HTTP 401: no such key: ***" in everything(result)
    assert KEY not in everything(result)
    assert result.conversation[-2:] == conversation()[-2:]
    assert count_messages(result.conversation, "gpt-4o") <= result.plan.prompt_limit


def test_prompts_of_a_directory_without_a_restart(
    server: Any, summarizer: Any, tmp_path: Path
) -> None:
    config = TokenOptimizationConfig(**CONFIG, prompt_template_dir=tmp_path)
    optimizer = TokenOptimizer(config, summarizer=summarizer)
    optimizer.optimize(conversation())
    asked = len(server.asked)
    (tmp_path / "summary.prompt.txt").write_text("In {max_tokens} tokens:\n{text}")
    (tmp_path / "summary_message.prompt.txt").write_text("Earlier: {summary}")
    result = optimizer.optimize(conversation())
    assert server.asked[asked]["messages"][0]["content"].startswith("In ")
    assert f"Earlier: {NOTES}" in everything(result)
    # A file that is broken later changes nothing, and above all stops nothing.
    (tmp_path / "summary.prompt.txt").write_bytes(b"\xff")
    again = optimizer.optimize(conversation())
    assert again.conversation == result.conversation


def test_metrics(server: Any, summarizer: Any) -> None:
    prometheus_client = pytest.importorskip("prometheus_client")
    registry = prometheus_client.CollectorRegistry()
    optimizer = TokenOptimizer(
        TokenOptimizationConfig(**CONFIG),
        summarizer=summarizer,
        metrics=PrometheusMetrics(registry),
    )
    plan = optimizer.optimize(conversation()).plan
    optimizer.optimize([{"role": "user", "content": "Hello!"}])
    value = registry.get_sample_value
    assert value("token_opt_optimizations_total") == 2
    assert value("token_opt_compactions_total") == 1
    assert value("token_opt_tokens_saved_total") == plan.saved > 0
    whole = plan.original_tokens + count_messages([{"role": "user", "content": "Hello!"}], "gpt-4o")
    assert value("token_opt_compression_ratio") == plan.saved / whole


def test_spans(server: Any, summarizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    from opentelemetry import trace

    provider = sdk.TracerProvider()
    found = memory.InMemorySpanExporter()
    provider.add_span_processor(export.SimpleSpanProcessor(found))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    optimizer = TokenOptimizer(TokenOptimizationConfig(**CONFIG), summarizer=summarizer)
    optimizer.optimize_with_tools(conversation(), [])
    asyncio.run(optimizer.aoptimize(conversation()))
    spans = found.get_finished_spans()
    assert [dict(each.attributes) for each in spans] == [
        {"msgs": 61, "enabled": True, "tools": 0}
    ] * 2
    provider.shutdown()
