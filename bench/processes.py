"""Processes that are measured from outside or from within: workers, load time, peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BENCH = Path(__file__).resolve().parent
FIRST = "Hello, world: one, 2, three."

# Peak of this process alone.  ru_maxrss would begin with the parent's peak on Linux.
PEAK = """
def peak():
    try:
        for line in open('/proc/self/status', 'rb'):
            if line.startswith(b'VmHWM'):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource, sys
    unit = 1 if sys.platform == 'darwin' else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
"""
MEMORY = """
text = open({text!r}, 'rb').read().decode()
{snippet}
encode({first!r})
loaded = peak()
result = encode(text)
print([loaded, peak()])
"""
# Callers meet before each call, so that all of them are inside it at once.
CALLERS = """
import threading
texts = [open(path, 'rb').read().decode() for path in {texts!r}]
{snippet}
encode({first!r})
for text in texts:
    encode(text)
def caller(text):
    for _ in range(10):
        barrier.wait()
        encode(text)
barrier = threading.Barrier({callers})
threads = [threading.Thread(target=caller, args=(text,)) for text in texts[:{callers}]]
for thread in threads: thread.start()
for thread in threads: thread.join()
print([peak()])
"""


class Failure(Exception):
    """A process ended with an error, or not in time."""


class Runner:
    """Starts processes with one environment, pinned to the given cores."""

    def __init__(self, core: list[int], all_cores: list[int], root: Path, published: Path) -> None:
        self.core = core
        self.all_cores = all_cores
        self.environment = {
            **os.environ,
            "TIKTOKEN_CACHE_DIR": str(published / "tiktoken-cache"),
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONHASHSEED": "0",
        }
        if (root / "bpe").is_dir():
            old = os.environ.get("PYTHONPATH")
            self.environment["PYTHONPATH"] = str(root) + (os.pathsep + old if old else "")

    def worker(self, spec: dict[str, Any], timeout: float) -> list[dict[str, Any]]:
        """Run one worker; what it printed before it failed is in the Failure's second argument."""
        threads = int(spec.get("threads", 1))
        cores = self.core if threads == 1 else self.all_cores
        command = [sys.executable, str(BENCH / "worker.py"), json.dumps({**spec, "cores": cores})]
        environment = {**self.environment, "RAYON_NUM_THREADS": str(threads)}
        lines: list[dict[str, Any]] = []
        reason = ""
        try:
            run = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=timeout
            )
            output = run.stdout
            if run.returncode:
                reason = _reason(run.stderr, run.returncode)
        except subprocess.TimeoutExpired as error:
            output = error.stdout.decode() if isinstance(error.stdout, bytes) else ""
            reason = f"no answer within {timeout:.0f} s"
        for line in output.splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                continue  # a library's own chatter
        if reason:
            raise Failure(reason, lines)
        return lines

    def _pin(self, cores: list[int]) -> None:
        # A child inherits this; setting it in the child would cost every child a fork.
        if cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores)

    def _source(self, code: str, cores: list[int], timeout: float) -> tuple[str, int, int]:
        self._pin(cores)
        try:
            start = time.perf_counter_ns()
            run = subprocess.run(
                [sys.executable, "-c", code],
                env={**self.environment, "RAYON_NUM_THREADS": str(max(1, len(cores)))},
                capture_output=True,
                text=True,
                timeout=timeout,
            )
            end = time.perf_counter_ns()
        except subprocess.TimeoutExpired:
            raise Failure(f"no answer within {timeout:.0f} s", []) from None
        finally:
            self._pin(self.all_cores)
        if run.returncode:
            raise Failure(_reason(run.stderr, run.returncode), [])
        return run.stdout, start, end

    def source(self, code: str, timeout: float) -> str:
        """What a piece of Python source prints."""
        return self._source(code, self.core, timeout)[0]

    def load(self, snippet: str | None, timeout: float, clock: str) -> dict[str, float]:
        """Seconds until the first ids are there, and until the process has ended."""
        body = f"{snippet}\nencode({FIRST!r})\n" if snippet else ""
        name = "process_time_ns" if clock == "cpu" else "perf_counter_ns"
        before = _children()
        output, start, end = self._source(
            f"{body}import time\nprint(time.{name}())", self.core, timeout
        )
        reached = int(output.split()[-1])
        if clock == "wall":
            return {"ready": (reached - start) / 1e9, "process": (end - start) / 1e9}
        spent = _children() - before
        return {"ready": reached / 1e9, "process": spent}

    def memory(self, snippet: str | None, text: Path, timeout: float) -> dict[str, float]:
        code = PEAK + MEMORY.format(text=str(text), snippet=snippet or "encode = len", first=FIRST)
        loaded, after = json.loads(self._source(code, self.core, timeout)[0].splitlines()[-1])
        return {"loaded": loaded, "text": after}

    def callers(
        self, snippet: str, texts: list[Path], number: int, timeout: float
    ) -> dict[str, float]:
        code = PEAK + CALLERS.format(
            texts=[str(text) for text in texts], snippet=snippet, first=FIRST, callers=number
        )
        peak = json.loads(self._source(code, self.all_cores, timeout)[0].splitlines()[-1])[0]
        return {"peak": peak}


def _children() -> float:
    """Seconds on a core of all processes that have ended."""
    try:
        import resource
    except ImportError:  # Windows
        times = os.times()
        return times.children_user + times.children_system
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _reason(stderr: str, code: int) -> str:
    """The line that tells most: a panic's or an overflow's own, else the last one."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    for index, line in enumerate(lines):
        if "panicked" in line or "overflowed" in line:
            return " ".join(lines[index : index + 2])[:300]
    ended = f"ended by signal {-code}" if code < 0 else f"exit code {code}"
    return lines[-1][:300] if lines else ended
