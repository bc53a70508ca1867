"""Build data/*.pairs from the published vocabularies, or prove that they equal them.

    python data/tools/vocabularies.py build DIR [--out DATA]   DIR holds the published files
    python data/tools/vocabularies.py verify [DIR]             DIR compares with the files as well

`verify` needs no published file: it writes each one again from our form, byte for byte, and
compares the sha256 with the published one.  The form is described in bpe/vocabulary.py.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import struct
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent.parent

HOLE = (0xFFFFFFFF, 0xFFFFFFFF)
BYTE = 0xFFFFFFFF

# Published file -> (our file, number of rows of it, sha256 of the published file).
RANK_FILES = {
    "r50k_base.tiktoken": (
        "p50k_base.pairs",
        50256,
        "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
    ),
    "p50k_base.tiktoken": (
        "p50k_base.pairs",
        50281,
        "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
    ),
    "cl100k_base.tiktoken": (
        "cl100k_base.pairs",
        100256,
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
    "o200k_base.tiktoken": (
        "o200k_base.pairs",
        199998,
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
}
# The two files that gpt2 was first published as.
GPT2_MERGES_SHA256 = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"
GPT2_ENCODER_SHA256 = "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"
DEEPSEEK_JSON = "deepseek_v3.tokenizer.json"
DEEPSEEK_SHA256 = "8f9f37ca37fdc4f5fd36d5cf4d3b0e8392edb4e894fd10cc0d70b4957c8633cf"
# All of DeepSeek's file but its added tokens, vocabulary and merges.
DEEPSEEK_SPLITS = (
    r"\p{N}{1,3}",
    "[一-龥\u3040-ゟ゠-ヿ]+",
    (
        r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|"""
        "[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|"
        "\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
    ),
)

Pair = tuple[int, int]


def byte_characters() -> list[str]:
    """The character by which GPT-2's and tokenizer.json's files write each byte."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(b if b in printable else next(others)) for b in range(256)]


CHARACTERS = byte_characters()
BYTES = {character: byte for byte, character in enumerate(CHARACTERS)}


def written(token: bytes) -> str:
    return "".join(CHARACTERS[b] for b in token)


# -- our form --------------------------------------------------------------------------------------


def canonical_split(token: bytes, ranks: dict[bytes, int]) -> Pair:
    """The two ids that a full merge of the token's bytes joins last.

    The plain merge: the lowest-ranked pair first, the leftmost of equals.  Fails if the token is
    not reached, or if the last merge is of a token that is not smaller than the whole.
    """
    parts = [token[i : i + 1] for i in range(len(token))]
    last: list[bytes] = []
    while len(parts) > 1:
        options = [(ranks.get(a + b, BYTE), i) for i, (a, b) in enumerate(pairwise(parts))]
        rank, i = min(options)
        if rank == BYTE:
            raise SystemExit(f"token {token!r} is not reached by merges")
        last = parts[i : i + 2]
        parts[i : i + 2] = [last[0] + last[1]]
    left, right = ranks[last[0]], ranks[last[1]]
    if max(left, right) >= ranks[token]:
        raise SystemExit(f"token {token!r} is made of later tokens")
    return left, right


def pairs_of_ranks(ranks: dict[bytes, int]) -> list[Pair]:
    rows = [HOLE] * (max(ranks.values()) + 1)
    for token, rank in ranks.items():
        rows[rank] = (token[0], BYTE) if len(token) == 1 else canonical_split(token, ranks)
    return rows


def tokens_of_pairs(rows: list[Pair]) -> list[bytes | None]:
    tokens: list[bytes | None] = []
    for row in rows:
        if row == HOLE:
            tokens.append(None)
        elif row[1] == BYTE:
            tokens.append(bytes(row[:1]))
        else:
            left, right = tokens[row[0]], tokens[row[1]]
            if left is None or right is None:
                raise SystemExit(f"row {len(tokens)} is made of a hole")
            tokens.append(left + right)
    return tokens


def read_pairs(path: Path) -> list[Pair]:
    return list(struct.iter_unpack("<2I", path.read_bytes()))


def write_pairs(path: Path, rows: list[Pair]) -> None:
    path.write_bytes(b"".join(struct.pack("<2I", *row) for row in rows))
    print(f"{path.name}: {len(rows)} rows")


def read_added(path: Path) -> Iterator[tuple[int, str, str]]:
    """Rows of the added tokens: id, kind, text.  The kind keeps two flags of the published file."""
    for line in path.read_text(encoding="utf-8").splitlines():
        token, kind, text = line.split("\t")
        yield int(token), kind, text


# -- published forms -------------------------------------------------------------------------------


def rank_file(tokens: list[bytes | None]) -> bytes:
    lines = [
        b"%s %d\n" % (base64.b64encode(token), rank)
        for rank, token in enumerate(tokens)
        if token is not None
    ]
    return b"".join(lines)


def read_ranks(data: bytes) -> dict[bytes, int]:
    rows = (line.split() for line in data.splitlines())
    return {base64.b64decode(token): int(rank) for token, rank in rows}


def gpt2_files(rows: list[Pair]) -> tuple[bytes, bytes]:
    tokens = [token for token in tokens_of_pairs(rows) if token is not None]
    merges = [f"{written(tokens[a])} {written(tokens[b])}\n" for a, b in rows if b != BYTE]
    encoder = {written(token): rank for rank, token in enumerate(tokens)}
    encoder["<|endoftext|>"] = len(encoder)
    return ("#version: 0.2\n" + "".join(merges)).encode(), json.dumps(encoder).encode()


def deepseek_json(rows: list[Pair], added: list[tuple[int, str, str]]) -> bytes:
    tokens = tokens_of_pairs(rows)
    names = {token: text for token, _, text in added}
    vocab = {names[i] if token is None else written(token): i for i, token in enumerate(tokens)}
    written_tokens = list(vocab)
    merges = [
        f"{written_tokens[a]} {written_tokens[b]}" for a, b in rows if BYTE not in (a, b)
    ]  # a hole has BYTE in both places
    splits: list[dict[str, Any]] = [
        {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}
        for regex in DEEPSEEK_SPLITS
    ]

    def byte_level(prefix: bool, trim: bool, regex: bool) -> dict[str, Any]:
        flags = {"add_prefix_space": prefix, "trim_offsets": trim, "use_regex": regex}
        return {"type": "ByteLevel", **flags}

    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": token,
                "content": text,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": kind == "normalized",
                "special": kind == "special",
            }
            for token, kind, text in added
        ],
        "normalizer": {"type": "Sequence", "normalizers": []},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [*splits, byte_level(False, True, False)],
        },
        "post_processor": byte_level(True, False, True),
        "decoder": byte_level(True, True, True),
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": vocab,
            "merges": merges,
        },
    }
    text = json.dumps(document, indent=2, ensure_ascii=False)
    # The published file was edited by hand: one line has a space less than the others.
    here = '"id": 128844,\n      "content"'
    assert text.count(here) == 1
    return text.replace(here, here.replace('      "content"', '     "content"')).encode()


# -- commands --------------------------------------------------------------------------------------


def checked(path: Path, sha256: str) -> bytes:
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise SystemExit(f"{path} is not the published file: its sha256 differs")
    return data


def build(source: Path, out: Path) -> None:
    for published, (ours, _, sha256) in RANK_FILES.items():
        if published != "r50k_base.tiktoken":  # the first rows of p50k_base
            write_pairs(out / ours, pairs_of_ranks(read_ranks(checked(source / published, sha256))))
    document = json.loads(checked(source / DEEPSEEK_JSON, DEEPSEEK_SHA256))
    added = document["added_tokens"]
    names = {token["content"] for token in added}
    ranks = {
        bytes(BYTES[c] for c in name): rank
        for name, rank in document["model"]["vocab"].items()
        if name not in names
    }
    write_pairs(out / "deepseek_v3.pairs", pairs_of_ranks(ranks))
    kinds = {True: "special", False: "plain"}
    lines = [
        f"{t['id']}\t{'normalized' if t['normalized'] else kinds[t['special']]}\t{t['content']}\n"
        for t in added
    ]
    (out / "deepseek_v3.added").write_text("".join(lines), encoding="utf-8", newline="\n")


def verify(published: Path | None) -> int:
    proofs: list[tuple[str, bytes, str]] = []
    for name, (ours, count, sha256) in RANK_FILES.items():
        rows = read_pairs(DATA / ours)[:count]
        assert len(rows) == count, f"{ours} is cut short"
        proofs.append((name, rank_file(tokens_of_pairs(rows)), sha256))
    merges, encoder = gpt2_files(read_pairs(DATA / "p50k_base.pairs")[:50256])
    proofs.append(("gpt2 vocab.bpe", merges, GPT2_MERGES_SHA256))
    proofs.append(("gpt2 encoder.json", encoder, GPT2_ENCODER_SHA256))
    rows, added = (
        read_pairs(DATA / "deepseek_v3.pairs"),
        list(read_added(DATA / "deepseek_v3.added")),
    )
    proofs.append((DEEPSEEK_JSON, deepseek_json(rows, added), DEEPSEEK_SHA256))
    wrong = 0
    for name, data, sha256 in proofs:
        equal = hashlib.sha256(data).hexdigest() == sha256
        if published is not None and (published / name).exists():
            equal = equal and (published / name).read_bytes() == data
        print(f"{name}: {len(data)} bytes, {'equal to the published file' if equal else 'WRONG'}")
        wrong += not equal
    # What the published bytes do not hold for rank files: the split is the one merging makes.
    for path in sorted(DATA.glob("*.pairs")):
        rows = read_pairs(path)
        ranks = {token: i for i, token in enumerate(tokens_of_pairs(rows)) if token is not None}
        good = pairs_of_ranks(ranks) == rows
        print(f"{path.name}: {len(ranks)} tokens, {'each well formed' if good else 'WRONG'}")
        wrong += not good
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="write data/*.pairs from the published files")
    command.add_argument("dir", type=Path)
    command.add_argument("--out", type=Path, default=DATA)
    command = commands.add_parser("verify", help="prove data/*.pairs equal to them")
    command.add_argument("dir", type=Path, nargs="?")
    arguments = parser.parse_args()
    if arguments.command == "build":
        build(arguments.dir, arguments.out)
    elif verify(arguments.dir):
        sys.exit(1)


if __name__ == "__main__":
    main()
