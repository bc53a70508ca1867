"""The texts that are measured, made the same way on every machine."""

from __future__ import annotations

import base64
import hashlib
import lzma
import random
import sysconfig
from pathlib import Path

MEGABYTE = 1_000_000


def corpus(folder: Path | None, characters: int) -> dict[str, str]:
    """Name -> text of each `*.txt` or `*.txt.xz` of a folder, cut to `characters`.

    Without a folder: the source of the standard library, which is on every machine.
    """
    if folder is None:
        return {"stdlib": _standard_library(characters)}
    texts: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if path.name.endswith(".txt.xz"):
            data = lzma.decompress(path.read_bytes())
        elif path.name.endswith(".txt"):
            data = path.read_bytes()
        else:
            continue
        # Lone carriage returns and the like stay: decode, do not open in text mode.
        texts[path.name.split(".")[0]] = data.decode("utf-8")[:characters]
    if not texts:
        raise SystemExit(f"{folder} holds no *.txt and no *.txt.xz")
    return texts


def _standard_library(characters: int) -> str:
    parts: list[str] = []
    size = 0
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.rglob("*.py")):
        # Tests are full of odd literals; installed packages differ from machine to machine.
        if {"test", "tests", "site-packages", "idlelib"} & set(path.relative_to(root).parts):
            continue
        try:
            parts.append(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
        size += len(parts[-1])
        if size >= characters:
            break
    return "".join(parts)[:characters]


def main_text(texts: dict[str, str]) -> str:
    """The name of the text for short calls, batches and memory: English prose if there is any."""
    return "prose" if "prose" in texts else next(iter(texts))


def warm_up() -> str:
    """Text for the call before the first timed one, about 40 kB.

    It holds every script and kind of piece, and long and short misses, so that whatever is built
    lazily is built; it shares no word with any corpus but by chance, so that nothing is learned.
    """
    rng = random.Random(7)
    ranges = (
        *[(0x61, 0x7A)] * 6,
        (0x41, 0x5A),
        (0x430, 0x44F),
        (0x3B1, 0x3C9),
        (0x4E00, 0x9FA5),
        (0x3041, 0x30FE),
        (0xAC00, 0xD7A3),
        (0x5D0, 0x5EA),
        (0x621, 0x64A),
        (0x905, 0x939),
        (0xE0, 0xFF),
        (0x1F600, 0x1F64F),
        (0x30, 0x39),
        (0x21, 0x2F),
        (0x5B, 0x60),
    )
    separators = (" ", " ", " ", " ", "  ", "\n", "\n\n    ", "\t", "\r\n", "\u3000", "'s ", ". ")
    parts: list[str] = []
    for _ in range(3000):
        low, high = rng.choice(ranges)
        length = rng.choice((1, 2, 3, 5, 8, 12, 20, 40))
        parts.append("".join(chr(rng.randint(low, high)) for _ in range(length)))
        parts.append(rng.choice(separators))
    return "".join(parts)


def pathological(size: int = MEGABYTE) -> dict[str, str]:
    """Inputs of `size` bytes that are traps for an engine which is not linear."""
    rng = random.Random(11)
    ideographs = "".join(chr(rng.randint(0x4E00, 0x9FA5)) for _ in range(size // 3))
    latin = "".join(chr(rng.randint(0x20, 0xFF)) for _ in range(size))
    unicode: list[str] = []
    left = size
    while left > 0:
        character = rng.randrange(0x110000)
        if not 0xD800 <= character < 0xE000:
            unicode.append(chr(character))
            left -= len(unicode[-1].encode())
    return {
        "a": "a" * size,
        "spaces": " " * size,
        "newlines": "\n" * size,
        "digits": ("1234567890" * (size // 10 + 1))[:size],
        "cjk": ideographs,
        "latin-1": latin.encode()[:size].decode("utf-8", "ignore"),
        "unicode": "".join(unicode),
        "base64": base64.b64encode(rng.randbytes(size)).decode()[:size],
    }


def random_words(size: int = MEGABYTE) -> dict[str, str]:
    """Words of 5 to 12 random lowercase letters: one space between, and joined to one piece."""
    rng = random.Random(13)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words: list[str] = []
    left = size
    while left > 0:
        words.append("".join(rng.choices(letters, k=rng.randint(5, 12))))
        left -= len(words[-1]) + 1
    spaced = " ".join(words)
    joined = "".join(rng.choices(letters, k=size))
    return {"words": spaced[:size], "joined": joined}


def documents(text: str, number: int = 10_000, length: int = 290) -> list[str]:
    """Consecutive cuts of a text, from its start again where it ends."""
    result: list[str] = []
    position = 0
    for _ in range(number):
        if position + length > len(text):
            position = (position + length) % 97
        result.append(text[position : position + length])
        position += length
    return result


SNIPPETS = "1,000 lists of 100 characters"  # the output where a text is not timed as a whole
# The work beside which the scaling of threads is judged, and what it is called.
HASHING, CEILING = "hashing", "blake2b"


def snippets(text: str, length: int, number: int = 1000) -> list[str]:
    """Different short texts of one length, each from the start of a word."""
    rng = random.Random(length)
    result: list[str] = []
    while len(result) < number:
        start = text.find(" ", rng.randrange(max(1, len(text) - 2 * length - 50))) + 1
        result.append(text[start : start + length])
    return result


class Store:
    """Texts as files, which is how a process of its own gets them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, text: str) -> Path:
        data = text.encode("utf-8")
        path = self.folder / f"{hashlib.sha256(data).hexdigest()[:24]}.txt"
        if not path.exists() or path.stat().st_size != len(data):
            path.write_bytes(data)
        return path
