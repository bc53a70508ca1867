"""Encode gigabytes of mixed text and watch the memory: python bench/soak.py --gigabytes 20.

What is learned at run time is bounded, so the memory after the first gigabyte is the memory for
ever.  Text: random words, random Unicode, bytes in base64, and cuts of the corpus from random
places, in chunks of 1 byte to 4 MB; as lists, arrays and counts in turn, from one or more threads.
"""

from __future__ import annotations

import argparse
import base64
import importlib.util
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import workloads

GIGABYTE = 1_000_000_000
LETTERS = bytes(b" eeetaaoinshrdlucmfwyp"[i % 22] for i in range(256))


def resident() -> int:
    """Resident bytes of this process now; its peak where the system tells no more."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def mixed(rng: random.Random, texts: list[str]) -> str:
    """One chunk of text, of a size between one character and some megabytes."""
    size = int(10 ** rng.uniform(0, 6.6))
    kind = rng.randrange(8)
    if kind == 0:
        return rng.randbytes(size).translate(LETTERS).decode()
    if kind == 1:
        return rng.randbytes(2 * size).decode("utf-16-le", "ignore")
    if kind == 2:
        return base64.b64encode(rng.randbytes(size * 3 // 4)).decode()
    if kind == 3:
        return rng.randbytes(size).decode("latin-1")
    text = rng.choice(texts)
    start = rng.randrange(len(text))
    return text[start : start + size]


class Soak:
    """What the threads share: how much is left to do."""

    def __init__(self, tokenizer: Any, texts: list[str], total: int, seed: int) -> None:
        self.tokenizer = tokenizer
        self.texts = texts
        self.total = total
        self.seed = seed
        self.done = 0
        self.tokens = 0
        self.first = 0
        self.lock = threading.Lock()
        self.failed: list[BaseException] = []

    def work(self, number: int) -> None:
        rng = random.Random(self.seed + number)
        t = self.tokenizer
        calls: list[Callable[[str], int]] = [
            t.count,
            lambda text: len(t.encode_ordinary(text)),
            lambda text: sum(map(len, t.encode_ordinary_batch([text[:1000], text[1000:5000]]))),
        ]
        if importlib.util.find_spec("numpy"):
            calls.append(lambda text: len(t.encode_to_numpy(text, disallowed_special=())))
        try:
            while self.done < self.total and not self.failed:
                text = mixed(rng, self.texts)
                number = rng.choice(calls)(text)
                with self.lock:
                    self.note(len(text.encode()), number)
        except BaseException as error:
            self.failed.append(error)

    def note(self, size: int, number: int) -> None:
        before = self.done // GIGABYTE
        self.done += size
        self.tokens += number
        if self.done // GIGABYTE > before:
            now = resident()
            if not self.first:
                self.first = now
            grown = now / self.first - 1
            print(f"{self.done / GIGABYTE:6.1f} GB  {now / 1e6:7.1f} MB  {grown:+.1%}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=20.0)
    parser.add_argument("--encoding", default="cl100k_base")
    parser.add_argument("--corpus", type=Path, help="else the standard library's source")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=0.05, help="growth that is a failure")
    options = parser.parse_args()

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import bpe

    texts = list(workloads.corpus(options.corpus, 8_000_000).values())
    total = int(options.gigabytes * GIGABYTE)
    soak = Soak(bpe.load(options.encoding), texts, total, options.seed)
    print(f"{bpe.core_name()} core, {options.encoding}, {options.threads} threads")
    start = time.monotonic()
    threads = [threading.Thread(target=soak.work, args=(n,)) for n in range(options.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if soak.failed:
        raise soak.failed[0]
    last = resident()
    grown = last / (soak.first or last) - 1
    seconds = time.monotonic() - start
    print(
        f"{soak.done / GIGABYTE:.1f} GB and {soak.tokens / 1e9:.2f} billion tokens in "
        f"{seconds:.0f} s; {grown:+.1%} since the first GB, at most {options.limit:+.0%} is good"
    )
    raise SystemExit(grown > options.limit)


if __name__ == "__main__":
    main()
