"""Metrics of optimizations: what is told, and a Prometheus exporter that listens.

    token_opt_optimizations_total  counter  optimizations, those that changed nothing included
    token_opt_compactions_total    counter  those in which old messages were compacted or summarised
    token_opt_tokens_saved_total   counter  original less optimized tokens, where that is above 0
    token_opt_compression_ratio    gauge    saved / original over the last optimizations

The exporter needs prometheus_client (`pip install 'cybpe[metrics]'`), and imports it when made.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Protocol, runtime_checkable

from ..arguments import shown
from ..errors import ArgumentError, MissingDependencyError, TokenTypeError
from .budget import LARGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from threading import Thread
    from types import ModuleType
    from typing import Any, Final
    from wsgiref.simple_server import WSGIServer

    from prometheus_client import CollectorRegistry

__all__ = ["Metrics", "MetricsServer", "PrometheusMetrics", "serve"]

# How many optimizations the ratio is about.
WINDOW: Final = 100


@runtime_checkable
class Metrics(Protocol):
    """Who is told of each optimization."""

    def optimization(self, *, original: int, optimized: int, compacted: bool) -> None:
        """A prompt of `original` tokens became one of `optimized`.

        `compacted`: old messages were compacted or summarised.
        """
        ...


class PrometheusMetrics:
    """Metrics for Prometheus, in a registry of prometheus_client.

    - `registry`: None: the one that prometheus_client has for all.
    - `window`: the ratio is that of the sums over so many of the last optimizations.  It is below
      0 where prompts have grown, by the directive that one step may add.

    One serves any number of optimizers and threads.  Raises ArgumentError if the registry has
    metrics of these names already, as from a second PrometheusMetrics.
    """

    def __init__(self, registry: CollectorRegistry | None = None, *, window: int = WINDOW) -> None:
        if type(window) is not int:
            raise TokenTypeError(
                f"window must be an integer, not {type(window).__name__}", value=window
            )
        if window < 1:
            raise ArgumentError(f"window must be at least 1: {shown(window)}")
        if window > LARGEST:
            raise ArgumentError(f"window must be at most {LARGEST}: {shown(window)}")
        client = _prometheus()
        self.registry: CollectorRegistry = client.REGISTRY if registry is None else registry
        self.window = window
        self._lock = Lock()
        self._last: deque[tuple[int, int]] = deque()
        # Sums of integers: what enters and leaves a window leaves no rest.
        self._original = self._optimized = 0
        self._optimizations = client.Counter(
            "token_opt_optimizations", "Conversations that were optimized.", registry=None
        )
        self._compactions = client.Counter(
            "token_opt_compactions", "Optimizations that compacted the history.", registry=None
        )
        self._saved = client.Counter(
            "token_opt_tokens_saved", "Tokens that optimization saved.", registry=None
        )
        self._ratio = client.Gauge(
            "token_opt_compression_ratio",
            f"Saved tokens / original tokens, of the last {window} optimizations.",
            registry=None,
        )
        self._register()

    def __repr__(self) -> str:
        return f"PrometheusMetrics(window={self.window})"

    def optimization(self, *, original: int, optimized: int, compacted: bool) -> None:
        """Note one optimization."""
        self._optimizations.inc()
        if compacted:
            self._compactions.inc()
        # A counter never falls.
        self._saved.inc(max(0, original - optimized))
        with self._lock:
            self._last.append((original, optimized))
            self._original += original
            self._optimized += optimized
            if len(self._last) > self.window:
                first = self._last.popleft()
                self._original -= first[0]
                self._optimized -= first[1]
            whole = self._original
            # Set here, or an older ratio could be set after a newer one.
            self._ratio.set((whole - self._optimized) / whole if whole > 0 else 0.0)

    def _register(self) -> None:
        """All of them or none."""
        done: list[Any] = []
        try:
            for each in (self._optimizations, self._compactions, self._saved, self._ratio):
                self.registry.register(each)
                done.append(each)
        except ValueError as error:
            for each in done:
                self.registry.unregister(each)
            raise ArgumentError(
                f"the registry has these metrics already: share one PrometheusMetrics, or give it "
                f"a registry of its own ({error})"
            ) from None


class MetricsServer:
    """A server that answers `/metrics`, in a thread, until `close()` or the end of `with`."""

    def __init__(self, server: WSGIServer, thread: Thread) -> None:
        self._server = server
        self._thread = thread
        self.addr = str(server.server_address[0])
        self.port = int(server.server_address[1])

    @property
    def url(self) -> str:
        """Where Prometheus finds the metrics."""
        host = f"[{self.addr}]" if ":" in self.addr else self.addr
        return f"http://{host}:{self.port}/metrics"

    def __repr__(self) -> str:
        return f"MetricsServer({self.url!r})"

    def __enter__(self) -> MetricsServer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering and free the port; a second time does nothing."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve(
    port: int, addr: str = "127.0.0.1", *, registry: CollectorRegistry | None = None
) -> MetricsServer:
    """Serve a registry's metrics at `http://addr:port/metrics`.

    `port` 0 takes one that is free: `.port` of the result says which.  The address is this machine
    alone unless another is given ("0.0.0.0": all).  `registry` None is the one for all, whatever
    else is in it.  Raises OSError if the port is taken.
    """
    client = _prometheus()
    if type(port) is not int:
        raise TokenTypeError(f"port must be an integer, not {type(port).__name__}", value=port)
    if not 0 <= port <= 65535:
        raise ArgumentError(f"port must be between 0 and 65535: {shown(port)}")
    server, thread = client.start_http_server(
        port, addr, client.REGISTRY if registry is None else registry
    )
    return MetricsServer(server, thread)


def _prometheus() -> ModuleType:
    try:
        import prometheus_client
    except ModuleNotFoundError as error:
        if error.name != "prometheus_client":
            raise
        raise MissingDependencyError(
            "metrics for Prometheus need prometheus_client: pip install 'cybpe[metrics]'"
        ) from None
    return prometheus_client
