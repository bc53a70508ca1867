"""A time limit for a whole request of httpx, which has limits for single operations only."""

from __future__ import annotations

from threading import Lock, Timer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket
    from typing import Any

__all__ = ["Deadline"]


class Deadline:
    """`with Deadline(seconds) as deadline:` ends the connection of a request that takes longer.

    The request is told of it by `extensions=deadline.extensions`.  What waits for the network then
    fails, or reads an end that is none: `passed` says why.  Looking up a host's address cannot be
    ended.
    """

    __slots__ = ("_lock", "_socket", "_timer", "passed")

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._lock = Lock()
        self._socket: socket | None = None
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True

    @property
    def extensions(self) -> dict[str, Any]:
        """For a request of httpx: httpcore tells what it does, its connections among it."""
        return {"trace": self._trace}

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()

    def _trace(self, name: str, info: dict[str, Any]) -> None:
        # TLS has a socket of its own, which leaves the first one empty.
        if name.endswith((".connect_tcp.complete", ".start_tls.complete")):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                if self.passed:
                    self._shut()

    def _end(self) -> None:
        with self._lock:
            self.passed = True
            self._shut()

    def _shut(self) -> None:
        from socket import SHUT_RDWR, socket

        if self._socket is not None:
            try:
                # SSLSocket's own would take TLS away from the thread that is reading.
                socket.shutdown(self._socket, SHUT_RDWR)
            except OSError:
                pass  # it is closed already
