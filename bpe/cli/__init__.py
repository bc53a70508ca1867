"""The `bpe` command: one file for each subcommand, and this table of them.

A command is a module with NAME, HELP, `add_arguments(parser)` and `run(arguments)`.  What is
wrong with the input is a BPEError or OSError, told in one line on stderr.

Exit codes: 0 done, 1 the input or a file is at fault, 2 the command line is, 130 interrupted,
141 the reader of the output went away.
"""

from __future__ import annotations

import argparse
import os
import sys

from .. import __version__, core_name
from ..errors import BPEError, UnknownEncodingError
from . import count, decode, encode, transcript

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (encode, decode, count, transcript)

EXAMPLES = """\
examples:
  bpe encode --text "hello world"
  bpe encode -e cl100k_base notes.txt | bpe decode -e cl100k_base
  git diff | bpe count -m gpt-4o
  bpe transcript --lossless session.jsonl -o session.jsonl.zst
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (sys.argv by default) and return its exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.command is None and not arguments.version:
        parser.print_help(sys.stderr)
        return 2
    try:
        if arguments.version:
            print(f"bpe {__version__} ({core_name()} core)")
        else:
            arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes stdout once more at exit, and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130
    except UnknownEncodingError as error:
        return _fail(error, 2)
    except BPEError as error:
        return _fail(error, 1)
    except OSError as error:
        name = "" if error.filename is None else f"{error.filename}: "
        return _fail(f"{name}{error.strerror or error}", 1)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bpe",
        description="Encode, decode and count tokens, exactly as the published tokenizers do.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and the core")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for command in COMMANDS:
        sub = commands.add_parser(
            command.NAME, help=command.HELP, description=command.__doc__, allow_abbrev=False
        )
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    return parser


def _fail(problem: object, code: int) -> int:
    print(f"bpe: {problem}", file=sys.stderr)
    return code
