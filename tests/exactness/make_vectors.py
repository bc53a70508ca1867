"""Write vectors.json again: texts with their ids in every encoding, by the reference engines.

    python tests/exactness/make_vectors.py [FILE]

Needs tiktoken and tokenizers, and bpe for its data alone.  test_vectors.py reads the file where
the engines are not installed.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

# What is installed, before the checkout comes onto the path.
import bpe.encodings

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.exactness import generators, oracles

FILE = Path(__file__).with_name("vectors.json")
SEED = 7
HAND = (
    "",
    "hello world",
    "Hello, World! It's 2025; they'LL've gone, haven't they?",
    "    def f(x):\n\t\treturn x ** 2  # squared\r\n\r\n",
    "https://example.org/a/b?c=d&e=%20f#g",
    '{"a": [1, 22, 333, 4444, 55555], "b": null}',
    "\u8bf7\u8003\u8bd5\u6211\u7684\u8f6f\u4ef6\uff0112345",
    "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u0420\u0443\u0441\u0441\u043a\u0438\u0439",
    # Signs and unassigned code points of the kana blocks, with which tokens would merge.
    "\u30d5\u3097\u3087\u30a2\u30fb\u30a4 \u3063\u3040 \u30d5\u30a0\u30d5\u309b",
    "0" * 300,
    "a" * 300,
    "xyz" * 100,
    " " * 300,
    "\n" * 100,
    "=" * 257,
    "\u4e2d" * 90,
    "<|endoftext|> hello <|fim_prefix|> there <|fim_middle|><think>",
)


def texts() -> list[str]:
    """Every context of a spread of code points, and generated strings of moderate length."""
    r = random.Random(SEED)
    found = list(HAND)
    found += [text for text in generators.strings(2200, SEED) if len(text.encode()) <= 64]
    found += [text for text in generators.edge_strings(700, SEED) if len(text) <= 300][:12]
    for _ in range(500):
        code = r.choice((r.randrange(0x3000), r.randrange(0x20000), r.randrange(0x110000)))
        character = chr(code) if not 0xD800 <= code < 0xE000 else "\ufffd"
        found.append(r.choice("aA1 '!\n") + character + r.choice("aA1 '!\n") + character * 2)
    return list(dict.fromkeys(found))


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    inputs = texts()
    ordinary = {name: _oracle(name).ordinary_batch(inputs) for name in oracles.FAMILIES}
    special = {name: _oracle(name).special_batch(inputs) for name in oracles.ENCODINGS}
    lines = []
    for place, text in enumerate(inputs):
        rows: list[Any] = []
        for name in oracles.FAMILIES:
            ids = ordinary[name][place]
            # p50k_base mostly repeats r50k_base: null says so.
            same = name == "p50k_base" and ids == ordinary["r50k_base"][place]
            rows.append(None if same else ids)
        # Only where the text of special tokens matters.
        allowed = {
            name: special[name][place]
            for name in oracles.ENCODINGS
            if special[name][place] != ordinary[_family(name)][place]
        }
        lines.append(json.dumps([text, rows, allowed], separators=(",", ":")))
    head = json.dumps(list(oracles.FAMILIES))
    path.write_text(
        f'{{"families":{head},\n"vectors":[\n'
        + ",\n".join(lines)
        + '\n],\n"bytes":[\n'
        + ",\n".join(_bytes())
        + "\n]}\n"
    )
    print(f"{path}: {len(lines)} texts, {path.stat().st_size} bytes")


def _bytes() -> list[str]:
    """Bytes that are no UTF-8 as hex, and their ids in each family that tiktoken defines."""
    lines = []
    engines = [
        oracles.TiktokenOracle(bpe.encodings.encoding_vocabulary(name))
        for name in oracles.FAMILIES
        if name != oracles.DEEPSEEK
    ]
    for data in generators.byte_strings(600, SEED):
        try:
            data.decode()
        except UnicodeDecodeError:
            if len(data) <= 64:
                rows = [engine.encoding._encode_bytes(data) for engine in engines]
                lines.append(json.dumps([data.hex(), rows], separators=(",", ":")))
    return lines


def _oracle(name: str) -> oracles.Oracle:
    return oracles.oracle(bpe.encodings.encoding_vocabulary(name))


def _family(name: str) -> str:
    return oracles.FAMILY_OF.get(name, name)


if __name__ == "__main__":
    main()
