"""Rank files: read, written, and refused with the line at fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from bpe.encodings import encoding_vocabulary
from bpe.errors import TokenTypeError, VocabularyError, VocabularyFileNotFoundError
from bpe.formats import tiktoken as rank_files

BYTES = {bytes([byte]): byte for byte in range(256)}


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "mine.tiktoken"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["r50k_base", "p50k_base", "cl100k_base", "o200k_base"])
def test_written_and_read_again(tmp_path: Path, name: str) -> None:
    bundled = encoding_vocabulary(name)
    path = tmp_path / f"{name}.tiktoken"
    rank_files.write(path, bundled.ranks)
    read = rank_files.read(path, pattern=bundled.pattern, special_tokens=bundled.special_tokens)
    assert read == bundled
    assert hash(read) == hash(bundled)
    assert read.name == name
    assert rank_files.read(path, pattern="a", name="b").name == "b"


def test_lines_may_end_in_any_way(tmp_path: Path) -> None:
    data = rank_files.format_ranks(BYTES)
    for variant in (data.replace(b"\n", b"\r\n"), data.rstrip(), b"\n" + data + b"\n\n"):
        assert rank_files.read(written(tmp_path, variant), pattern="a").ranks == BYTES


BAD_LINES = {
    b"YQ== 1 2": "is not a token and its rank",
    b"YQ==": "is not a token and its rank",
    b"YQ= 300": "has no base64",
    b"Y 300": "has no base64",
    b"Y*Q= 300": "has no base64",
    b"\xc3\xa9== 300": "has no base64",
    b"YWE= x": "has no rank",
    b"YWE= -1": "has no rank",
    b"YWE= +300": "has no rank",
    b"YWE= 3_0": "has no rank",
    b"YWE= 1.5": "has no rank",
    b"YWE= 4294967295": "has no rank",
    b"YWE= 99999999999999999999": "has no rank",
    b"YQ== 300": "as line 98 has",
    b"YWE= 97": "has rank 97, as line 98 has",
}


@pytest.mark.parametrize("line", BAD_LINES)
def test_bad_lines_are_named(tmp_path: Path, line: bytes) -> None:
    path = written(tmp_path, rank_files.format_ranks(BYTES) + line + b"\n")
    with pytest.raises(VocabularyError, match=BAD_LINES[line]) as caught:
        rank_files.read(path, pattern="a")
    assert caught.value.line == 257
    assert caught.value.path == str(path)
    assert f"line 257 of {path}" in str(caught.value)


def test_incomplete_files(tmp_path: Path) -> None:
    for data in (b"", b"\n\n"):
        with pytest.raises(VocabularyError, match="empty"):
            rank_files.read(written(tmp_path, data), pattern="a")
    data = rank_files.format_ranks(BYTES)
    with pytest.raises(VocabularyError, match=r"1 of the 256 bytes.*0xff") as caught:
        rank_files.read(written(tmp_path, data[: data.rindex(b"/w==")]), pattern="a")
    assert caught.value.path is not None
    # Cut anywhere, the file is refused.
    for end in range(0, len(data) - 1, 7):
        with pytest.raises(VocabularyError):
            rank_files.read(written(tmp_path, data[:end]), pattern="a")


def test_binary_rubbish(tmp_path: Path) -> None:
    with pytest.raises(VocabularyError):
        rank_files.read(written(tmp_path, bytes(range(256)) * 10), pattern="a")


@pytest.mark.parametrize(
    ("special_tokens", "problem"),
    [
        ({"": 300}, "empty"),
        ({"x": 300}, "but the vocabulary holds it as 120"),
        ({"<x>": 97}, "which is the token b'a'"),
        ({"<x>": -1}, "not between"),
        ({"<x>": 2**32 - 1}, "not between"),
    ],
)
def test_unfit_special_tokens(tmp_path: Path, special_tokens: dict[str, int], problem: str) -> None:
    path = written(tmp_path, rank_files.format_ranks(BYTES))
    with pytest.raises(VocabularyError, match=problem) as caught:
        rank_files.read(path, pattern="a", special_tokens=special_tokens)
    assert caught.value.path == str(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(VocabularyFileNotFoundError) as caught:
        rank_files.read(tmp_path / "no.tiktoken", pattern="a")
    assert isinstance(caught.value, FileNotFoundError)


def test_write_refuses_what_is_no_vocabulary(tmp_path: Path) -> None:
    with pytest.raises(VocabularyError, match="of the 256 bytes"):
        rank_files.write(tmp_path / "x.tiktoken", {b"a": 1})
    with pytest.raises(TokenTypeError):
        rank_files.write(tmp_path / "x.tiktoken", {"a": 1})  # type: ignore[dict-item]
    assert not list(tmp_path.iterdir())
