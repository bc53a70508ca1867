"""Spans: recorded where OpenTelemetry is, nothing where it is not, no import before the first."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from bpe.context import tracing
from bpe.context.tracing import span


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What has ended, in memory; the provider of this process stays what it was."""
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    from opentelemetry import trace

    provider = sdk.TracerProvider()
    found = memory.InMemorySpanExporter()
    provider.add_span_processor(export.SimpleSpanProcessor(found))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield found
    provider.shutdown()


def test_a_span(exporter: Any) -> None:
    with span("optimize", msgs=12, enabled=True, tools=3, nothing=None) as current:
        current.set_attribute("saved", 100)
    (found,) = exporter.get_finished_spans()
    assert found.name == "optimize"
    assert dict(found.attributes) == {"msgs": 12, "enabled": True, "tools": 3, "saved": 100}
    assert found.instrumentation_scope.name == "bpe.context"
    assert found.status.is_ok


def test_spans_within_spans(exporter: Any) -> None:
    with span("outer"), span("inner"):
        pass
    inner, outer = exporter.get_finished_spans()
    assert inner.parent.span_id == outer.context.span_id
    assert outer.parent is None


def test_an_error_is_recorded_and_goes_on(exporter: Any) -> None:
    with pytest.raises(ValueError, match="too much"), span("optimize"):
        raise ValueError("too much")
    (found,) = exporter.get_finished_spans()
    assert not found.status.is_ok
    assert found.events[0].attributes["exception.message"] == "too much"


def test_without_a_provider() -> None:
    pytest.importorskip("opentelemetry")
    with span("optimize", msgs=12) as current:
        current.set_attribute("saved", 100)


def test_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_api", None)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with span("optimize", msgs=12) as current:
        current.set_attribute("saved", 100)
    with pytest.raises(ValueError, match="goes on"), span("optimize"):
        raise ValueError("goes on")
    assert tracing._api is False
    # Found out once: no search for each span.
    monkeypatch.delitem(sys.modules, "opentelemetry")
    with span("optimize") as current:
        assert type(current).__module__ == "bpe.context.tracing"


def test_nothing_is_imported_before_the_first_span() -> None:
    program = """
import sys
import bpe.context.tracing, bpe.context.metrics, bpe.context.summarize, bpe.context.templates
import bpe.context.repetition
roots = {name.partition(".")[0] for name in sys.modules}
assert not roots & {"opentelemetry", "prometheus_client", "httpx"}, roots
"""
    subprocess.run([sys.executable, "-c", program], check=True, env=dict(os.environ))
