"""Instructions for each byte and token, counted by callgrind: noise does not touch them.

python bench/instructions.py [--encodings cl100k_base] [--corpus DIR] [--work warm-array,...]

Each work runs twice under valgrind, the second time with more of it; the difference of both
counts is the cost of the additional work, so that start-up and loading cancel out.
Cold work is the first sight of 200,000 characters after as many of the same text.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import workloads

ROOT = Path(__file__).resolve().parent.parent
CHARACTERS = 200_000

# `n` is 1 or 2.  A cold run goes over n different texts, a warm one n times over the same.
LOADED = """
import sys, bpe
path, more, encoding, n = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
read = lambda name: open(name, 'rb').read().decode()
t = bpe.load(encoding)
warm_up, text, other = read(sys.argv[5]), read(path), read(more)
"""
WORKS = {
    "cold-count": "t.count(warm_up); t.count(text)\nif n == 2: t.count(other)",
    "cold-list": "t.encode_ordinary(warm_up); t.encode_ordinary(text)\n"
    "if n == 2: t.encode_ordinary(other)",
    "warm-count": "for _ in range(2 * n): t.count(other)",
    "warm-list": "for _ in range(2 * n): t.encode_ordinary(other)",
    "warm-array": "for _ in range(2 * n): t.encode_to_numpy(other, disallowed_special=())",
    "default-policy": "for _ in range(2 * n): t.encode(other)",
    "short-list": "for i in list(range(0, 40000, 20)) * n: t.encode_ordinary(other[i:i + 20])",
    "decode": "ids = t.encode_ordinary(other)\nfor _ in range(2 * n): t.decode(ids)",
}
# How many times the second run's additional work goes over the text.
TIMES = {"warm-count": 2, "warm-list": 2, "warm-array": 2, "default-policy": 2, "decode": 2}


def count(arguments: list[str], code: str) -> int:
    """Instructions of one process."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                f"--callgrind-out-file={folder}/out",
                sys.executable,
                "-c",
                LOADED + code,
                *arguments,
            ],
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "PYTHONHASHSEED": "0",
                "PYTHONPATH": str(ROOT),
                "OPENBLAS_NUM_THREADS": "1",  # numpy's idle threads count too
            },
        )
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode or not found:
        raise SystemExit(run.stderr[-2000:])
    return int(found[1])


def tokens(path: Path, encoding: str) -> int:
    code = (
        "import bpe, sys; path, name = sys.argv[1:]\n"
        "print(bpe.load(name).count(open(path, 'rb').read().decode()))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path), encoding],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return int(run.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--encodings", default="cl100k_base", help="by commas")
    parser.add_argument("--corpus", type=Path, help="else the standard library's source")
    parser.add_argument("--texts", help="only these texts of the corpus, by commas")
    parser.add_argument("--work", default=",".join(WORKS), help="by commas")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind is not installed")
    texts = workloads.corpus(options.corpus, 2 * CHARACTERS)
    chosen = options.texts.split(",") if options.texts else [workloads.main_text(texts)]
    rows: list[dict[str, object]] = []
    print("encoding      text        work            per byte  per token")
    with tempfile.TemporaryDirectory() as folder:
        store = workloads.Store(Path(folder))
        warm_up = store.put(workloads.warm_up())
        for encoding in options.encodings.split(","):
            for name in chosen:
                first = store.put(texts[name][:CHARACTERS])
                other = store.put(texts[name][CHARACTERS:])
                number = tokens(other, encoding)
                for work in options.work.split(","):
                    arguments = [str(first), str(other), encoding]
                    one, two = (
                        count([*arguments, str(n), str(warm_up)], WORKS[work]) for n in (1, 2)
                    )
                    times = TIMES.get(work, 1)
                    size = 40_000 if work == "short-list" else other.stat().st_size
                    calls = 2000 if work == "short-list" else 0
                    per_byte = (two - one) / times / size
                    # A short call's own cost counts, not its tokens'.
                    per_token = (two - one) / times / (calls or number)
                    what = "a call" if calls else ""
                    where = f"{encoding:13} {name:11} {work:15}"
                    print(f"{where} {per_byte:8.2f} {per_token:10.1f} {what}", flush=True)
                    rows.append(
                        {
                            "encoding": encoding,
                            "text": name,
                            "work": work,
                            "instructions_per_byte": round(per_byte, 3),
                            "instructions_per_call" if calls else "instructions_per_token": round(
                                per_token, 1
                            ),
                        }
                    )
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
