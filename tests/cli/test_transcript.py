"""`bpe transcript`, in processes of its own."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

import bpe
from bpe.cli.transcript import FORMATS
from bpe.transcripts.adapters import ADAPTERS

USER = b'{"type":"user","content":"hi"}\n'
TOOL = b'{"type":"tool","tool_input":"{\\"description\\":\\"List\\"}","tool_output":"a\\rb"}\n'
LOG = b'{"type":"header"}\n' + USER + TOOL
SHORT = USER + b'{"type":"tool_mark","description":"List"}\n'


def run(*arguments: str, data: bytes = b"", code: int = 0) -> tuple[bytes, str]:
    done = subprocess.run(
        [sys.executable, "-m", "bpe", "transcript", *arguments],
        input=data,
        capture_output=True,
        check=False,
    )
    errors = done.stderr.decode()
    assert done.returncode == code, errors
    assert "Traceback" not in errors
    return done.stdout, errors


def test_stdin_to_stdout() -> None:
    assert run(data=LOG) == (SHORT, "")
    assert run("-", "-o", "-", data=LOG)[0] == SHORT
    assert run("--lossless", data=LOG)[0] == LOG.replace(b"a\\r", b"")
    assert run(data=b"") == (b"", "")


def test_files_are_unpacked_and_packed(tmp_path: Path) -> None:
    source, target = tmp_path / "log.jsonl.gz", tmp_path / "short.jsonl.gz"
    source.write_bytes(gzip.compress(LOG))
    assert run(str(source), "-o", str(target)) == (b"", "")
    assert gzip.decompress(target.read_bytes()) == SHORT


def test_stats() -> None:
    stats = json.loads(run("--stats", data=LOG)[1])
    assert (stats["entries_in"], stats["entries_out"], stats["bytes_in"]) == (3, 2, len(LOG))
    assert stats["reduction"] == round(1 - len(SHORT) / len(LOG), 4)
    assert stats["tokens_in"] == 0
    stats = json.loads(run("--stats", "--tokens", "-e", "gpt2", data=LOG)[1])
    tokenizer = bpe.load("gpt2")
    lines = LOG.decode().splitlines(keepends=True)
    assert stats["tokens_in"] == sum(map(tokenizer.count, lines))
    assert stats["tokens_exact"] is True


def test_formats() -> None:
    assert set(FORMATS) == set(ADAPTERS)
    line = b'{"role":"system","content":"x"}\n{"role":"user","content":"y"}\n'
    assert run("--format", "openai", data=line)[0] == line.splitlines(keepends=True)[1]


def test_errors(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(LOG)
    assert "over itself" in run(str(log), "-o", str(log), code=1)[1]
    assert log.read_bytes() == LOG
    assert "missing" in run(str(tmp_path / "missing.jsonl"), code=1)[1]
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(LOG)[:-9])
    written, told = run(str(cut), code=1)
    assert "truncated" in told
    assert str(cut) in told
    assert written.startswith(USER)
    assert "invalid choice" in run("--format", "nonsense", code=2)[1]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell's pipe")
def test_a_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bpe", "transcript"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, told = process.communicate(USER * 100_000)
    assert process.returncode == 141
    assert told == b""
