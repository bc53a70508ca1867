"""Compress a session log (.jsonl), line by line.

By default what user and assistant said is kept, byte for byte, and a mark for each tool call with a
description; --lossless keeps every entry and shortens what tools repeat.  Files whose names end in
.gz or .zst are unpacked and packed.
"""

from __future__ import annotations

import argparse
import os
import sys

from ..errors import ArgumentError
from .common import add_tokenizer, tokenizer_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import IO

NAME = "transcript"
HELP = "compress a session log (.jsonl)"

# The names of bpe.transcripts.adapters, which is not imported for the help alone.
FORMATS = ("claude-code", "codex", "openai")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lossless", action="store_true", help="keep every entry, shorten what tools repeat"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="whose log it is (default: an entry a line, with type and content)",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", default="-", help="file to write; - is stdout (default)"
    )
    parser.add_argument(
        "--stats", action="store_true", help="print what was done to stderr, as JSON"
    )
    parser.add_argument(
        "--tokens", action="store_true", help="with --stats: count tokens, with -e or -m"
    )
    add_tokenizer(parser)
    parser.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="the log; - is stdin (default)"
    )


def run(arguments: argparse.Namespace) -> None:
    import json

    from ..transcripts import Mode, Options, compress

    options = Options(
        mode=Mode.LOSSLESS if arguments.lossless else Mode.CONVERSATION_ONLY,
        counter=tokenizer_of(arguments) if arguments.tokens else None,
        adapter=arguments.format,
    )
    source, target = arguments.file, arguments.output
    if "-" not in (source, target) and os.path.exists(target) and os.path.samefile(source, target):
        raise ArgumentError(f"the log cannot be written over itself: {source}")
    with _reader(source) as reader, _writer(target) as writer:
        stats = compress(reader, writer, options)
    if arguments.stats:
        shown = {
            **stats.as_dict(),
            "reduction": round(stats.reduction(), 4),
            "token_reduction": round(stats.token_reduction(), 4),
        }
        print(json.dumps(shown), file=sys.stderr)


def _reader(name: str) -> AbstractContextManager[IO[bytes]]:
    from contextlib import nullcontext

    from ..transcripts import open_reader

    if name != "-":
        return open_reader(name)
    if sys.stdin.isatty():
        print("bpe: reading from the terminal; end the log with Ctrl-D", file=sys.stderr)
    return nullcontext(sys.stdin.buffer)


def _writer(name: str) -> AbstractContextManager[IO[bytes]]:
    from contextlib import nullcontext

    from ..transcripts import open_writer

    return nullcontext(sys.stdout.buffer) if name == "-" else open_writer(name)
