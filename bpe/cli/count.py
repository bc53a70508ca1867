"""Print the number of tokens of a text.

The input is taken as it is, its last newline included, valid UTF-8 or not.
"""

from __future__ import annotations

import argparse
import sys

from .common import add_input, add_special, add_tokenizer, allowed_of, text_of, tokenizer_of

NAME = "count"
HELP = "the number of tokens of a text"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tokenizer(parser)
    add_special(parser)
    add_input(parser, "the text")


def run(arguments: argparse.Namespace) -> None:
    tokenizer, text = tokenizer_of(arguments), text_of(arguments)
    if isinstance(text, str):
        number = tokenizer.count(text, allowed_special=allowed_of(arguments))
    else:
        number = len(tokenizer.encode_bytes(text))
    sys.stdout.write(f"{number}\n")
