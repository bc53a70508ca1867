"""The command line, in processes of its own: pipes, bytes and exit codes are what it is about."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bpe
from bpe.cli import COMMANDS, main


def run(*arguments: str, data: bytes = b"", code: int = 0) -> tuple[bytes, str]:
    """Standard output and standard error of one command line."""
    done = subprocess.run(
        [sys.executable, "-m", "bpe", *arguments], input=data, capture_output=True, check=False
    )
    errors = done.stderr.decode()
    assert done.returncode == code, errors
    assert "Traceback" not in errors
    return done.stdout, errors


def test_encode_text() -> None:
    assert run("encode", "-e", "cl100k_base", "--text", "hello world")[0] == b"15339 1917\n"
    assert run("encode", "-m", "gpt-4", "--text", "hello world")[0] == b"15339 1917\n"
    default = bpe.load("o200k_base").encode("hello world")
    assert run("encode", "--text", "hello world")[0].split() == [b"%d" % token for token in default]


def test_encode_file_and_stdin(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"hello world")
    for arguments in ([str(path)], ["-"], []):
        found, _ = run("encode", "-e", "cl100k_base", *arguments, data=b"hello world")
        assert found == b"15339 1917\n"
    assert run("encode", data=b"")[0] == b"\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello\n",
        b"no newline",
        b"\r\n\r\n",
        "日本語 😀\n".encode(),
        bytes(range(256)),
        b"\xff",
    ],
)
def test_round_trip(data: bytes) -> None:
    ids, _ = run("encode", data=data)
    assert run("decode", data=ids)[0] == data
    assert int(run("count", data=data)[0]) == len(ids.split())


def test_count() -> None:
    assert run("count", "-e", "cl100k_base", "--text", "hello world") == (b"2\n", "")
    assert run("count", "-e", "cl100k_base", data=b"hello world\n")[0] == b"3\n"


@pytest.mark.parametrize("form", [b"15339 1917", b"15339\n1917\n", b"[15339, 1917]", b"15339,1917"])
def test_decode_forms(form: bytes) -> None:
    assert run("decode", "-e", "cl100k_base", data=form)[0] == b"hello world"
    assert run("decode", "-e", "cl100k_base", "--text", form.decode())[0] == b"hello world"


def test_special_tokens() -> None:
    plain, _ = run("encode", "-e", "cl100k_base", "--text", "<|endoftext|>")
    assert plain != b"100257\n"
    for command, expected in (("encode", b"100257\n"), ("count", b"1\n")):
        found, _ = run(command, "-e", "cl100k_base", "--special", "--text", "<|endoftext|>")
        assert found == expected
        _, told = run(command, "--special", data=b"ab\xff", code=1)
        assert "byte 2" in told


def test_version() -> None:
    found, _ = run("--version")
    assert found.decode() == f"bpe {bpe.__version__} ({bpe.core_name()} core)\n"


def test_help() -> None:
    found, _ = run("--help")
    for command in COMMANDS:
        assert command.NAME in found.decode()
        assert b"--encoding" in run(command.NAME, "--help")[0]
    _, told = run(code=2)
    assert "usage" in told


def test_errors_name_the_problem_and_hint(tmp_path: Path) -> None:
    assert "cl100k_base" in run("count", "-e", "cl100k", "--text", "x", code=2)[1]
    assert "gpt-4o" in run("count", "-m", "gpt4o", "--text", "x", code=2)[1]
    assert "missing" in run("count", str(tmp_path / "missing"), code=1)[1]
    assert "word 2" in run("decode", "--text", "1 x", code=1)[1]
    assert "bpe encode" in run("decode", "--text", "1 -2", code=1)[1]
    assert "99999999" in run("decode", "--text", "99999999", code=1)[1]
    assert "token id" in run("decode", "--text", "9" * 5000, code=1)[1]
    assert "tokenizer.json" in run("count", "-e", str(tmp_path), "--text", "x", code=1)[1]
    assert "not allowed with" in run("count", "-e", "gpt2", "-m", "gpt2", code=2)[1]
    assert "invalid choice" in run("nonsense", code=2)[1]
    for _, told in (run("count", "-e", "cl100k", code=2), run("decode", "--text", "x", code=1)):
        assert told.startswith("bpe: ")
        assert told.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break in another way")
def test_a_broken_pipe_is_quiet() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(
        [sys.executable, "-m", "bpe", "encode"],
        stdin=subprocess.PIPE,
        stdout=writer,
        stderr=subprocess.PIPE,
    )
    os.close(writer)
    _, told = process.communicate(b"some text " * 100_000)
    assert process.returncode == 141
    assert told == b""


def test_main_returns_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["count", "-e", "cl100k_base", "--text", "hello world"]) == 0
    assert capsys.readouterr().out == "2\n"
    assert main(["count", "-e", "nonsense", "--text", "x"]) == 2
    assert capsys.readouterr().err.startswith("bpe: ")
