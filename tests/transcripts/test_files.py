"""Transcripts in files, packed and not."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import pytest

from bpe.errors import ArgumentError, MissingDependencyError, TranscriptError
from bpe.transcripts import Stats, compress, compress_file, files, open_reader, open_writer

USER = b'{"type":"user","content":"gr\xc3\xbc\xc3\x9f"}\n'
LOG = b'{"type":"header"}\n' + USER * 3000 + b'{"type":"system"}\n'
SHORT = USER * 3000
NAMES = ["log.jsonl", "log.jsonl.gz", "log.jsonl.zst", "LOG.ZSTD"]


def put(path: Path, data: bytes = LOG) -> Path:
    with open_writer(path) as file:
        file.write(data)
    return path


@pytest.mark.parametrize("source", NAMES)
@pytest.mark.parametrize("target", NAMES)
def test_from_file_to_file(tmp_path: Path, source: str, target: str) -> None:
    put(tmp_path / source)
    (tmp_path / "out").mkdir()
    stats = compress_file(tmp_path / source, tmp_path / "out" / target)
    assert isinstance(stats, Stats)
    assert (stats.bytes_in, stats.bytes_out) == (len(LOG), len(SHORT))
    with open_reader(str(tmp_path / "out" / target)) as file:
        assert file.read() == SHORT
    if target != "log.jsonl":
        assert (tmp_path / "out" / target).stat().st_size < len(SHORT) // 10


def test_packed_files_are_those_of_their_formats(tmp_path: Path) -> None:
    path = put(tmp_path / "a.gz")
    assert gzip.decompress(path.read_bytes()) == LOG
    assert path.read_bytes() == put(tmp_path / "b.gz").read_bytes(), "neither name nor time in it"
    assert put(tmp_path / "a.zst").read_bytes()[:4] == b"\x28\xb5\x2f\xfd"


@pytest.mark.parametrize("name", ["log.gz", "log.zst"])
def test_members_that_follow_each_other(tmp_path: Path, name: str) -> None:
    path = put(tmp_path / name)
    empty = put(tmp_path / ("empty" + name), b"")
    path.write_bytes(empty.read_bytes() + path.read_bytes() * 3 + empty.read_bytes())
    with open_reader(path) as file:
        assert file.read() == LOG * 3
    if name.endswith("gz"):
        path.write_bytes(path.read_bytes() + bytes(100_000))
        with open_reader(path) as file:
            assert file.read() == LOG * 3
    (tmp_path / name).write_bytes(b"")
    assert compress_file(path, tmp_path / "out").bytes_in == 0


@pytest.mark.parametrize("name", ["log.gz", "log.zst"])
@pytest.mark.parametrize("share", [0.3, 0.9, 1])
def test_a_truncated_file(tmp_path: Path, name: str, share: float) -> None:
    import random

    noise = random.Random(7)
    lines = [b'{"type":"user","content":"%x"}\n' % noise.getrandbits(4000) for _ in range(500)]
    log = b"".join(lines)
    path = put(tmp_path / name, log)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share) - 1])
    with pytest.raises(TranscriptError, match="truncated") as caught:
        compress_file(path, tmp_path / "out.jsonl")
    assert caught.value.path == str(path)
    assert caught.value.truncated
    written = (tmp_path / "out.jsonl").read_bytes()
    assert log.startswith(written)
    # A block of zstd is all or nothing.
    assert len(written) > len(log) * share - (150_000 if name.endswith("zst") else 10_000)
    # Packed targets are whole even then.
    with pytest.raises(TranscriptError):
        compress_file(path, tmp_path / "out.jsonl.gz")
    assert gzip.decompress((tmp_path / "out.jsonl.gz").read_bytes()) == written


@pytest.mark.parametrize("name", ["log.gz", "log.zst"])
def test_a_damaged_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"this is not packed at all")
    with pytest.raises(TranscriptError, match="damaged") as caught:
        compress_file(path, tmp_path / "out")
    assert not caught.value.truncated
    good = put(path).read_bytes()
    path.write_bytes(good + b"rubbish that follows")
    with pytest.raises(TranscriptError, match="damaged"):
        compress_file(path, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == SHORT


def test_a_file_is_not_written_over_itself(tmp_path: Path) -> None:
    path = put(tmp_path / "log.jsonl")
    link = tmp_path / "link.jsonl"
    link.symlink_to(path)
    for target in (path, link):
        with pytest.raises(ArgumentError, match="same file"):
            compress_file(path, target)
    assert path.read_bytes() == LOG
    with pytest.raises(FileNotFoundError):
        compress_file(tmp_path / "missing", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_zstd_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "log.zst")
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    with pytest.raises(MissingDependencyError, match="zstd"):
        open_reader(path)
    with pytest.raises(MissingDependencyError, match="zstd"):
        open_writer(path)
    assert path.stat().st_size


def test_streams_that_are_not_files() -> None:
    made = io.BytesIO()
    with files.unpacked(io.BytesIO(gzip.compress(LOG)), "gzip") as reader:
        compress(reader, made)
    assert made.getvalue() == SHORT
    with gzip.open(io.BytesIO(gzip.compress(LOG))) as file:
        assert compress(file, io.BytesIO()).bytes_in == len(LOG)


@pytest.mark.parametrize("name", ["bomb.gz", "bomb.zst"])
def test_memory_of_what_unpacks_to_much(tmp_path: Path, name: str) -> None:
    import tracemalloc

    path = put(tmp_path / name, (b" " * 4095 + b"\n") * 8000)
    tracemalloc.start()
    with open_reader(path) as reader, open_writer(tmp_path / "out.gz") as writer:
        stats = compress(reader, writer)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert stats.bytes_in == 4096 * 8000
    assert peak < 24_000_000
