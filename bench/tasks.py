"""What a worker does: each task loads one peer and yields its measurements.

Times are seconds by perf_counter.  What a call returns is freed after the clock has stopped.
"""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import workloads
from peers import PEERS, Peer

Spec = dict[str, Any]
Result = dict[str, Any]
clock = time.perf_counter


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


def _later(call: Callable[[], Any], first: float, budget: float) -> list[float]:
    """Further passes: at least one, and as many (up to 60) as fit into the budget."""
    times: list[float] = []
    while not times or (len(times) < 60 and sum(times) + min(times) < max(budget, first * 0.1)):
        start = clock()
        result = call()
        times.append(clock() - start)
        del result
    return times


def encode(spec: Spec) -> Iterator[Result]:
    """First sight of a text after a warm-up on other text; then the best later pass."""
    call = _peer(spec).entries[spec["output"]]
    warm_up, text = _text(spec["warm_up"]), _text(spec["text"])
    result = call(warm_up)
    start = clock()
    result = call(text)
    cold = clock() - start
    del result
    yield {"cold": cold, "warm": min(_later(lambda: call(text), cold, spec["budget"]))}


def default_policy(spec: Spec) -> Iterator[Result]:
    """`encode` beside `encode_ordinary`, pass by pass in turn: their best times."""
    entries = _peer(spec).entries
    text = _text(spec["text"])
    calls = (entries["encode"], entries["ordinary"])
    best = [float("inf")] * 2
    spent = 0.0
    while spent < 2 * spec["budget"]:
        for index, call in enumerate(calls):
            start = clock()
            result = call(text)
            elapsed = clock() - start
            del result
            best[index] = min(best[index], elapsed)
            spent += elapsed
    yield {"encode": best[0], "ordinary": best[1]}


def short(spec: Spec) -> Iterator[Result]:
    """Seconds a call, over many different short texts; best of many passes."""
    call = _peer(spec).entries[spec["output"]]
    texts = workloads.snippets(_text(spec["text"]), spec["length"])
    call(_text(spec["warm_up"]))

    def loop() -> None:
        for text in texts:
            call(text)

    loop()
    yield {"warm": min(_later(loop, 0.0, spec["budget"])) / len(texts)}


def prose(spec: Spec) -> Iterator[Result]:
    """A text of 10,000 tokens, counted again and again."""
    peer = _peer(spec)
    text = _text(spec["text"])
    ids = array("I", Path(spec["reference"]).read_bytes())[: spec["tokens"]].tolist()
    if "str" in peer.entries:
        text = str(peer.entries["str"](ids))
    else:
        text = text[: spec["tokens"] * 4]
    call = peer.entries["count"]
    call(text)
    yield {"warm": min(_later(lambda: call(text), 0.0, spec["budget"]))}


def decode(spec: Spec) -> Iterator[Result]:
    call = _peer(spec).entries[spec["output"]]
    tokens = array("I", Path(spec["reference"]).read_bytes()).tolist()
    start = clock()
    result = call(tokens)
    cold = clock() - start
    del result
    yield {"cold": cold, "warm": min(_later(lambda: call(tokens), cold, spec["budget"]))}


def batch(spec: Spec) -> Iterator[Result]:
    """First call with a batch, after a warm-up; best later call."""
    call = _peer(spec).entries[spec["output"]]
    threads = spec["threads"]
    texts = workloads.documents(_text(spec["text"]), spec["number"])
    other = workloads.documents(_text(spec["warm_up"]), 100)
    call(other, threads)
    start = clock()
    result = call(texts, threads)
    first = clock() - start
    del result
    later = _later(lambda: call(texts, threads), first, spec["budget"])
    yield {"first": first, "best": min(later)}


def scaling(spec: Spec) -> Iterator[Result]:
    """How many times the work of one thread two threads do: one batch, or two callers."""
    entries = _peer(spec).entries
    call = entries[spec["output"]]
    text = _text(spec["text"])
    half = len(text) // 2
    parts = [text[:half], text[half:]]
    best = [float("inf")] * 2
    if spec["output"] in ("batch", "counts", "flat"):
        texts = workloads.documents(text, spec["number"])
        for _ in range(spec["passes"]):
            for index, threads in enumerate((1, 2)):
                start = clock()
                result = call(texts, threads)
                best[index] = min(best[index], clock() - start)
                del result
    else:
        for _ in range(spec["passes"]):
            start = clock()
            for part in parts:
                for _ in range(spec["repeat"]):
                    call(part)
            best[0] = min(best[0], clock() - start)
            best[1] = min(best[1], _two_callers(call, parts, spec["repeat"]))
    yield {"one": best[0], "two": best[1]}


def _two_callers(call: Callable[[str], Any], parts: list[str], repeat: int) -> float:
    """From the first caller's start to the last one's end."""
    barrier = threading.Barrier(len(parts))
    starts: list[float] = []
    ends: list[float] = []

    def caller(part: str) -> None:
        barrier.wait()
        starts.append(clock())
        for _ in range(repeat):
            call(part)
        ends.append(clock())

    threads = [threading.Thread(target=caller, args=(part,)) for part in parts]
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
    "prose": prose,
    "decode": decode,
    "batch": batch,
    "scaling": scaling,
}
