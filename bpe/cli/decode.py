"""Write the text of token ids, byte for byte, with nothing added.

The ids are decimal numbers, separated by white space or commas; brackets around them are ignored,
so that a JSON or Python list is read too.
"""

from __future__ import annotations

import argparse
import sys

from .common import InputError, add_input, add_tokenizer, input_of, tokenizer_of

NAME = "decode"
HELP = "token ids to text"

_SEPARATORS = bytes.maketrans(b",[]()", b"     ")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tokenizer(parser)
    add_input(parser, "the ids")


def run(arguments: argparse.Namespace) -> None:
    tokenizer = tokenizer_of(arguments)
    ids = []
    for place, word in enumerate(input_of(arguments).translate(_SEPARATORS).split(), 1):
        if not word.isdigit():
            shown = word[:40].decode("utf-8", "replace")
            raise InputError(
                f"word {place} of the input is not a token id: {shown!r}. "
                "decode reads numbers, such as `bpe encode` prints."
            )
        ids.append(int(word) if len(word) < 20 else 1 << 64)
    sys.stdout.buffer.write(tokenizer.decode_bytes(ids))
    sys.stdout.buffer.flush()
