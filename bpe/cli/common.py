"""What the commands share: which tokenizer, which input."""

from __future__ import annotations

import argparse
import os
import sys

from ..errors import VocabularyError
from ..loading import encoding_name_for_model, load
from ..tokenizer import Tokenizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..specials import Choice

DEFAULT_ENCODING = "o200k_base"


class InputError(VocabularyError):
    """The input is not what the command reads."""


def add_tokenizer(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "-e",
        "--encoding",
        metavar="ENCODING",
        default=DEFAULT_ENCODING,
        help="encoding, tokenizer.json or folder that holds one (default: %(default)s)",
    )
    which.add_argument("-m", "--model", metavar="MODEL", help="the encoding of this model")


def add_input(parser: argparse.ArgumentParser, what: str) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--text", metavar="T", help=f"{what} itself, instead of a file")
    source.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default="-",
        help=f"file with {what}; - is stdin (default)",
    )


def tokenizer_of(arguments: argparse.Namespace) -> Tokenizer:
    if arguments.model is not None:
        return load(encoding_name_for_model(arguments.model))
    return load(arguments.encoding)


def input_of(arguments: argparse.Namespace) -> bytes:
    """The bytes of --text, of the file or of stdin, unaltered: no newline is added or dropped."""
    if arguments.text is not None:
        return os.fsencode(arguments.text)
    if arguments.file == "-":
        if sys.stdin.isatty():
            print("bpe: reading from the terminal; end the text with Ctrl-D", file=sys.stderr)
        return sys.stdin.buffer.read()
    with open(arguments.file, "rb") as file:
        return file.read()


def text_of(arguments: argparse.Namespace) -> str | bytes:
    """The input as text, or as bytes if it is not valid UTF-8."""
    data = input_of(arguments)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        if arguments.special:
            raise InputError(
                f"the input is not valid UTF-8 (byte {error.start}), and --special needs text"
            ) from None
        return data


def allowed_of(arguments: argparse.Namespace) -> Choice:
    return "all" if arguments.special else ()


def add_special(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--special",
        action="store_true",
        help="take special tokens in the text as such; without it they are plain text",
    )
