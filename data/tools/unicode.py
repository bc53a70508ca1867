"""Build data/unicode16.bin, or prove that it holds Unicode 16's general categories.

    python data/tools/unicode.py build     from the package unicodedata2, version 16
    python data/tools/unicode.py verify    against unicodedata2 and tiktoken, whichever is installed

The table has two stages: one byte for each block of 256 code points, the number of its row, then
the rows, one byte for each code point: the place of its category in CATEGORIES.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent / "unicode16.bin"
VERSION = "16.0.0"
CATEGORIES = [
    "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps",
    "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
]  # fmt: skip
CODE_POINTS = 0x110000
BLOCK = 256
# White_Space of Unicode 16 (PropList.txt); the same in every version since 6.3.
WHITE_SPACE = {
    *range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B),
    0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
}  # fmt: skip


def categories_of_package() -> bytes:
    import unicodedata2

    if unicodedata2.unidata_version != VERSION:
        raise SystemExit(f"unicodedata2 has Unicode {unicodedata2.unidata_version}, not {VERSION}")
    number = {category: i for i, category in enumerate(CATEGORIES)}
    return bytes(number[unicodedata2.category(chr(c))] for c in range(CODE_POINTS))


def pack(categories: bytes) -> bytes:
    rows: dict[bytes, int] = {}
    index = bytearray()
    for start in range(0, CODE_POINTS, BLOCK):
        index.append(rows.setdefault(categories[start : start + BLOCK], len(rows)))
    return bytes(index) + b"".join(rows)


def unpack(table: bytes) -> bytes:
    blocks = CODE_POINTS // BLOCK
    starts = (blocks + row * BLOCK for row in table[:blocks])
    return b"".join(table[start : start + BLOCK] for start in starts)


def members_by_tiktoken(pattern: str) -> set[int]:
    """The code points of a class, asked of tiktoken itself.

    With the 256 bytes for a vocabulary, what an encoding gives for a text is the text without
    what its pattern does not match.
    """
    import tiktoken

    ranks = {bytes([b]): b for b in range(256)}
    encoding = tiktoken.Encoding("class", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    members: set[int] = set()
    for start in range(0, CODE_POINTS, 0x1000):
        text = "".join(chr(c) for c in range(start, start + 0x1000) if not 0xD800 <= c < 0xE000)
        members.update(map(ord, bytes(encoding.encode_ordinary(text)).decode()))
    return members


def verify() -> int:
    table = TABLE.read_bytes()
    print(f"{TABLE.name}: {len(table)} bytes, sha256 {hashlib.sha256(table).hexdigest()}")
    categories = unpack(table)
    wrong = proofs = 0

    def report(what: str, differing: int) -> None:
        nonlocal wrong, proofs
        proofs += 1
        wrong += differing > 0
        print(f"  {what}: {f'{differing} code points differ' if differing else 'equal'}")

    try:
        package = categories_of_package()
    except ModuleNotFoundError:
        print("  unicodedata2 is not installed: not compared")
    else:
        report(
            f"unicodedata2, {CODE_POINTS} code points",
            sum(a != b for a, b in zip(categories, package, strict=True)),
        )
    try:
        import tiktoken  # noqa: F401
    except ModuleNotFoundError:
        print("  tiktoken is not installed: not compared")
    else:
        for name in ["L", "N", "P", "S", "M", "Z", "C", *CATEGORIES]:
            if name == "Cs":  # a Rust string holds no surrogate
                continue
            ours = {c for c, n in enumerate(categories) if CATEGORIES[n].startswith(name)}
            ours -= set(range(0xD800, 0xE000))
            report(f"tiktoken \\p{{{name}}}", len(ours ^ members_by_tiktoken(rf"\p{{{name}}}")))
        report(r"tiktoken \s", len(WHITE_SPACE ^ members_by_tiktoken(r"\s")))
        everything = set(range(CODE_POINTS)) - set(range(0xD800, 0xE000))
        report(r"tiktoken \S", len((everything - WHITE_SPACE) ^ members_by_tiktoken(r"\S")))
    if not proofs:
        print("  nothing to compare with")
        return 1
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("command", choices=["build", "verify"])
    if parser.parse_args().command == "build":
        TABLE.write_bytes(pack(categories_of_package()))
    elif verify():
        sys.exit(1)


if __name__ == "__main__":
    main()
