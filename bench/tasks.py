"""What a worker does: each task loads one peer and yields its measurements.

Times are seconds; what a call returns is freed after the clock has stopped.  `clock` is
perf_counter, or on a machine that others use too the time that this process had a core; where
two threads work, `wall` is the only honest one.
"""

from __future__ import annotations

import hashlib
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import workloads
from peers import PEERS, Peer

Spec = dict[str, Any]
Result = dict[str, Any]
wall = clock = time.perf_counter

SCALING_PASSES = 9  # of one thread and two in turns; 3 if they are slow
SCALING_SECONDS = 0.6  # of one thread, at least
# Work of many instructions a cycle that waits neither for memory nor for the interpreter: what the
# machine gives two threads in this run.
HASHING: dict[str, Callable[..., Any]] = {
    workloads.CEILING: lambda data: hashlib.blake2b(data).digest()
}


def set_clock(name: str) -> None:
    global clock
    clock = time.process_time if name == "cpu" else wall


def _peer(spec: Spec) -> Peer:
    return PEERS[spec["peer"]](spec["encoding"], spec["published"])


def _text(path: str) -> str:
    return Path(path).read_bytes().decode("utf-8")


def _ids(result: Any) -> array[int]:
    """The ids of any kind of result, as one array of uint32."""
    ids: array[int] = array("I")
    if isinstance(result, bytes | bytearray):
        ids.frombytes(result)
    elif isinstance(result, list):
        ids.extend(result)
    elif hasattr(result, "ids"):
        ids.extend(result.ids)
    else:  # a NumPy array
        ids.frombytes(result.astype("uint32").tobytes())
    return ids


def verify(spec: Spec) -> Iterator[Result]:
    """Compare every output of every text with the reference ids; one line a text."""
    peer = _peer(spec)
    for item in spec["texts"]:
        text = _text(item["text"])
        try:
            found = _difference(peer, text, item["reference"], spec["outputs"])
        except Exception as error:
            found = f"{type(error).__name__}: {str(error)[:200]}"
        yield {"text": item["name"], "difference": found}


def _difference(peer: Peer, text: str, reference: str, outputs: list[str]) -> str | None:
    path = Path(reference)
    entries = peer.entries
    if not path.exists():  # this peer is the reference
        path.write_bytes(_ids(entries["list"](text)).tobytes())
    expected = array("I", path.read_bytes())
    for output in ("list", "array", "ordinary"):
        if output in outputs and output in entries:
            got = _ids(entries[output](text))
            if got != expected:
                return f"{output}: {first_difference(got, expected)}"
    if "count" in outputs and "count" in entries and entries["count"](text) != len(expected):
        return f"count: {entries['count'](text)}, expected {len(expected)}"
    tokens = expected.tolist()
    if "str" in outputs and "str" in entries and entries["str"](tokens) != text:
        return "str: decoding does not give the text back"
    if "bytes" in outputs and "bytes" in entries and entries["bytes"](tokens) != text.encode():
        return "bytes: decoding does not give the text back"
    return None


def first_difference(got: array[int], expected: array[int]) -> str:
    for index, (one, other) in enumerate(zip(got, expected, strict=False)):
        if one != other:
            return f"token {index} is {one}, expected {other}"
    return f"{len(got)} tokens, expected {len(expected)}"


def verify_batch(spec: Spec) -> Iterator[Result]:
    """A batch gives what one call a text gives; both are compared with the reference's."""
    peer = _peer(spec)
    texts = workloads.documents(_text(spec["text"]), spec["number"])
    path = Path(spec["reference"])
    if not path.exists():
        path.write_bytes(b"".join(_ids(peer.entries["list"](text)).tobytes() for text in texts))
    expected = array("I", path.read_bytes())
    found = None
    try:
        if "batch" in peer.entries:
            got: array[int] = array("I")
            for one in peer.entries["batch"](texts, 1):
                got += _ids(one)
            if got != expected:
                found = f"batch: {first_difference(got, expected)}"
        if "counts" in peer.entries and sum(peer.entries["counts"](texts, 1)) != len(expected):
            found = "counts: the sum differs"
    except Exception as error:
        found = f"{type(error).__name__}: {str(error)[:200]}"
    yield {"text": spec["name"], "difference": found}


def _later(
    call: Callable[[], Any],
    first: float,
    budget: float,
    now: Callable[[], float] | None = None,
) -> list[float]:
    """Further passes: at least one, and as many (up to 60) as fit into the budget."""
    now = now or clock
    times: list[float] = []
    while not times or (len(times) < 60 and sum(times) + min(times) < max(budget, first * 0.1)):
        start = now()
        result = call()
        times.append(now() - start)
        del result
    return times


def encode(spec: Spec) -> Iterator[Result]:
    """First sight of a text after a warm-up on other text; then the best later pass."""
    entries = _peer(spec).entries
    (item,) = spec["items"]
    call = entries[item["output"]]
    warm_up, text = _text(spec["warm_up"]), _text(item["text"])
    result = call(warm_up)
    start = clock()
    result = call(text)
    cold = clock() - start
    del result
    yield {"cold": cold, "warm": min(_later(lambda: call(text), cold, spec["budget"]))}


def default_policy(spec: Spec) -> Iterator[Result]:
    """`encode` beside `encode_ordinary`, pass by pass in turn: their best times."""
    entries = _peer(spec).entries
    calls = (entries["encode"], entries["ordinary"])
    for item in spec["items"]:
        text = _text(item["text"])
        many = item["output"] == workloads.SNIPPETS
        texts = workloads.snippets(text, 100) if many else [text]
        best = [float("inf")] * 2
        spent, passes = 0.0, 0
        while passes < 2 or spent < 2 * spec["budget"]:
            for index, call in enumerate(calls):
                start = clock()
                results = [call(each) for each in texts]
                elapsed = clock() - start
                del results
                best[index] = min(best[index], elapsed)
                spent += elapsed
            passes += 1
        yield {"encode": best[0], "ordinary": best[1]}


def short(spec: Spec) -> Iterator[Result]:
    """Seconds a call, over many different short texts, or on one of 10,000 tokens."""
    peer = _peer(spec)
    for item in spec["items"]:
        call = peer.entries[item["output"]]
        text = _text(item["text"])
        if "length" in item:
            texts = workloads.snippets(text, item["length"])
        else:
            ids = array("I", Path(item["reference"]).read_bytes())[: item["tokens"]].tolist()
            texts = [peer.entries["str"](ids)]
        call(_text(spec["warm_up"]))

        def loop(call: Callable[[str], Any] = call, texts: list[str] = texts) -> None:
            for text in texts:
                call(text)

        loop()
        yield {"warm": min(_later(loop, 0.0, spec["budget"])) / len(texts)}


def decode(spec: Spec) -> Iterator[Result]:
    """Best pass over the ids of a text, from a list."""
    entries = _peer(spec).entries
    for item in spec["items"]:
        call = entries[item["output"]]
        tokens = array("I", Path(item["reference"]).read_bytes()).tolist()
        call(tokens)
        yield {"warm": min(_later(lambda: call(tokens), 0.0, spec["budget"]))}  # noqa: B023


def batch(spec: Spec) -> Iterator[Result]:
    """First call with a batch, after a warm-up; best later call."""
    entries = _peer(spec).entries
    (item,) = spec["items"]
    call = entries[item["output"]]
    threads = spec["threads"]
    texts = workloads.documents(_text(item["text"]), spec["number"])
    call(workloads.documents(_text(spec["warm_up"]), 100), threads)
    start = wall()
    result = call(texts, threads)
    first = wall() - start
    del result
    later = _later(lambda: call(texts, threads), first, spec["budget"], wall)
    yield {"first": first, "best": min(later)}


def scaling(spec: Spec) -> Iterator[Result]:
    """How long one thread and two take for the same work: one batch, or two callers.

    Each is repeated for SCALING_SECONDS, as a new thread may wait some milliseconds for a core of
    its own.  Of passes that take turns the one with the median ratio: cores change their speed.
    """
    entries = HASHING if spec["peer"] == workloads.HASHING else _peer(spec).entries
    for item in spec["items"]:
        call = entries[item["output"]]
        text: Any = _text(item["text"])
        if entries is HASHING:
            text = text.encode()
        one: Callable[[], float]
        two: Callable[[], float]
        if item["work"] == "one batch":
            texts = workloads.documents(text, len(text) // 290 * 4)
            seconds = _batches(call, texts, 1, 1)
            repeat = ceil(SCALING_SECONDS / seconds)
            one = partial(_batches, call, texts, repeat, 1)
            two = partial(_batches, call, texts, repeat, 2)
        else:
            half = len(text) // 2
            parts = [text[:half], text[half:]]
            call(text)
            seconds = _one_caller(call, parts, 2)
            repeat = 2 * ceil(SCALING_SECONDS / seconds)
            one = partial(_one_caller, call, parts, repeat)
            two = partial(_two_callers, call, parts, repeat)
        two()  # the second thread learns, too
        passes = SCALING_PASSES if seconds < SCALING_SECONDS else 3
        times = sorted(((one(), two()) for _ in range(passes)), key=lambda t: t[0] / t[1])
        yield dict(zip(("one", "two"), times[len(times) // 2], strict=True))


def _batches(
    call: Callable[[list[str], int], Any], texts: list[str], repeat: int, threads: int
) -> float:
    elapsed = 0.0
    for _ in range(repeat):
        start = wall()
        result = call(texts, threads)
        elapsed += wall() - start
        del result
    return elapsed


def _one_caller(call: Callable[[str], Any], parts: list[str], repeat: int) -> float:
    """The calls of both callers, in the order in which each of them makes them."""
    start = wall()
    for _ in range(repeat):
        for part in parts:
            call(part)
    return wall() - start


def _two_callers(call: Callable[[str], Any], parts: list[str], repeat: int) -> float:
    """From the first caller's start to the last one's end.

    Each takes both parts in turn, the other one first: so they have the same work.
    """
    barrier = threading.Barrier(len(parts))
    starts: list[float] = []
    ends: list[float] = []

    def caller(texts: list[str]) -> None:
        barrier.wait()
        starts.append(wall())
        for _ in range(repeat // 2):
            for text in texts:
                call(text)
        ends.append(wall())

    threads = [threading.Thread(target=caller, args=(texts,)) for texts in (parts, parts[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(ends) - min(starts)


TASKS: dict[str, Callable[[Spec], Iterator[Result]]] = {
    "verify": verify,
    "verify_batch": verify_batch,
    "encode": encode,
    "default_policy": default_policy,
    "short": short,
    "decode": decode,
    "batch": batch,
    "scaling": scaling,
}
