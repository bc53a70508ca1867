"""Metrics: the four series, the rolling ratio, registries, and the page that Prometheus reads."""

from __future__ import annotations

import builtins
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from fractions import Fraction
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpe.context.metrics import Metrics, MetricsServer, PrometheusMetrics, serve
from bpe.errors import ArgumentError, MissingDependencyError, TokenTypeError

prometheus_client = pytest.importorskip("prometheus_client")

NAMES = (
    "token_opt_optimizations_total",
    "token_opt_compactions_total",
    "token_opt_tokens_saved_total",
    "token_opt_compression_ratio",
)


def made(**options: Any) -> tuple[PrometheusMetrics, Callable[[], tuple[float, ...]]]:
    """An exporter with a registry of its own, and what reads the four values."""
    registry = prometheus_client.CollectorRegistry()
    return PrometheusMetrics(registry, **options), lambda: tuple(
        registry.get_sample_value(name) for name in NAMES
    )


def test_the_series() -> None:
    metrics, values = made()
    assert isinstance(metrics, Metrics)
    assert values() == (0, 0, 0, 0)
    metrics.optimization(original=1000, optimized=400, compacted=True)
    assert values() == (1, 1, 600, 0.6)
    metrics.optimization(original=1000, optimized=1000, compacted=False)
    assert values() == (2, 1, 600, 0.3)
    # A directive was added.
    metrics.optimization(original=500, optimized=530, compacted=False)
    assert values() == (3, 1, 600, 570 / 2500)
    metrics.optimization(original=0, optimized=0, compacted=False)
    assert values() == (4, 1, 600, 570 / 2500)


def test_a_prompt_that_only_grew() -> None:
    metrics, values = made()
    metrics.optimization(original=100, optimized=110, compacted=False)
    assert values() == (1, 0, 0, -0.1)


FIGURES = st.tuples(st.integers(0, 10**9), st.integers(0, 10**9), st.booleans())


@given(st.lists(FIGURES, max_size=30), st.integers(1, 10))
def test_the_ratio_rolls(calls: list[tuple[int, int, bool]], window: int) -> None:
    metrics, values = made(window=window)
    for i, (original, optimized, compacted) in enumerate(calls, 1):
        metrics.optimization(original=original, optimized=optimized, compacted=compacted)
        last = calls[max(0, i - window) : i]
        whole = sum(each[0] for each in last)
        saved = whole - sum(each[1] for each in last)
        assert values() == (
            i,
            sum(each[2] for each in calls[:i]),
            sum(max(0, each[0] - each[1]) for each in calls[:i]),
            float(Fraction(saved, whole)) if whole else 0.0,
        )


def test_the_default_window_is_the_one_of_the_help_text() -> None:
    metrics, values = made()
    assert metrics.window == 100
    for _ in range(100):
        metrics.optimization(original=10, optimized=5, compacted=False)
    metrics.optimization(original=10, optimized=10, compacted=False)
    assert values()[3] == (99 * 5) / 1000
    text = prometheus_client.generate_latest(metrics.registry).decode()
    assert "of the last 100 optimizations" in text


def test_threads() -> None:
    metrics, values = made(window=10)

    def tell() -> None:
        for _ in range(500):
            metrics.optimization(original=10, optimized=7, compacted=True)

    threads = [Thread(target=tell) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values() == (4000, 4000, 12_000, 0.3)


# ---- registries


def test_a_second_one_in_the_same_registry() -> None:
    metrics, values = made()
    with pytest.raises(ArgumentError, match="share one PrometheusMetrics"):
        PrometheusMetrics(metrics.registry)
    metrics.optimization(original=2, optimized=1, compacted=False)
    assert values() == (1, 0, 1, 0.5)


def test_all_or_nothing() -> None:
    registry = prometheus_client.CollectorRegistry()
    other = prometheus_client.Gauge("token_opt_compression_ratio", "mine", registry=registry)
    with pytest.raises(ArgumentError, match="has these metrics already"):
        PrometheusMetrics(registry)
    registry.unregister(other)
    PrometheusMetrics(registry)


def test_the_registry_for_all() -> None:
    metrics = PrometheusMetrics()
    try:
        assert metrics.registry is prometheus_client.REGISTRY
        metrics.optimization(original=2, optimized=1, compacted=False)
        assert prometheus_client.REGISTRY.get_sample_value(NAMES[0]) == 1
    finally:
        for each in (metrics._optimizations, metrics._compactions, metrics._saved, metrics._ratio):
            prometheus_client.REGISTRY.unregister(each)


def test_arguments() -> None:
    with pytest.raises(ArgumentError, match="window must be at least 1: 0"):
        made(window=0)
    with pytest.raises(TokenTypeError, match="window must be an integer, not float"):
        made(window=1.0)
    with pytest.raises(ArgumentError, match="port must be between 0 and 65535: 65536"):
        serve(65536)
    with pytest.raises(TokenTypeError, match="port must be an integer, not str"):
        serve("80")  # type: ignore[arg-type]


# ---- the page


def read(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=5) as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain")
        return str(response.read().decode())


def test_the_page() -> None:
    metrics, _ = made()
    with serve(0, registry=metrics.registry) as server:
        assert server.port > 0
        assert server.addr == "127.0.0.1"
        assert server.url == f"http://127.0.0.1:{server.port}/metrics"
        assert repr(server) == f"MetricsServer({server.url!r})"
        metrics.optimization(original=1000, optimized=250, compacted=True)
        lines = read(server.url).splitlines()
        assert "token_opt_optimizations_total 1.0" in lines
        assert "token_opt_compactions_total 1.0" in lines
        assert "token_opt_tokens_saved_total 750.0" in lines
        assert "token_opt_compression_ratio 0.75" in lines
        assert "# TYPE token_opt_optimizations_total counter" in lines
        assert "# TYPE token_opt_compression_ratio gauge" in lines
        metrics.optimization(original=1000, optimized=250, compacted=True)
        assert "token_opt_optimizations_total 2.0" in read(server.url)


def test_it_stops_and_frees_the_port() -> None:
    metrics, _ = made()
    server = serve(0, registry=metrics.registry)
    read(server.url)
    server.close()
    assert not server._thread.is_alive()
    server.close()
    with pytest.raises(urllib.error.URLError):
        read(server.url)
    with serve(server.port, registry=metrics.registry) as again:
        assert isinstance(again, MetricsServer)
        assert again.port == server.port
        read(again.url)


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            serve(taken.getsockname()[1], registry=prometheus_client.CollectorRegistry())


def test_without_prometheus_client(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "prometheus_client":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    for needs in (PrometheusMetrics, lambda: serve(0)):
        with pytest.raises(MissingDependencyError, match=r"pip install 'cybpe\[metrics\]'"):
            needs()
