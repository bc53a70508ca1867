"""Print the token ids of a text, in one line, separated by spaces.

The input is taken as it is, its last newline included.  Input that is not valid UTF-8 is encoded
byte for byte, so that `bpe decode` gives it back.
"""

from __future__ import annotations

import argparse
import sys

from .common import add_input, add_special, add_tokenizer, allowed_of, text_of, tokenizer_of

NAME = "encode"
HELP = "text to token ids"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tokenizer(parser)
    add_special(parser)
    add_input(parser, "the text")


def run(arguments: argparse.Namespace) -> None:
    tokenizer, text = tokenizer_of(arguments), text_of(arguments)
    if isinstance(text, str):
        ids = tokenizer.encode(text, allowed_special=allowed_of(arguments), disallowed_special=())
    else:
        ids = tokenizer.encode_bytes(text)
    sys.stdout.write(" ".join(map(str, ids)) + "\n")
