"""What an installed bpe must do with nothing else installed.

Usage: smoke.py compiled|python [--oracles]
"""

import importlib.metadata
import subprocess
import sys
import warnings
from pathlib import Path

import bpe

CORE = sys.argv[1]

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    assert bpe.core_name() == CORE, f"the {bpe.core_name()} core runs, not the {CORE} one"
if CORE == "python":
    assert len(caught) == 1, "one warning must say that the slow core runs"
    assert "pip install" in str(caught[0].message), "the warning must tell how to rebuild"
else:
    assert not caught, [str(warning.message) for warning in caught]
assert Path(bpe.__file__).is_relative_to(sys.prefix), f"{bpe.__file__} is not the installed one"
assert importlib.metadata.version("cybpe") == bpe.__version__

for name in bpe.list_encodings():
    tokenizer = bpe.load(name)
    text = "hello world, déjà vu 漢字 123456\n"
    assert tokenizer.decode(tokenizer.encode(text)) == text, name
assert bpe.load("cl100k_base").encode("hello world") == [15339, 1917]

# The script, as a user runs it; on Windows it stands in Scripts and ends in .exe.
script = next(Path(sys.executable).parent.glob("bpe*"))
command = [str(script), "encode", "-e", "cl100k_base", "--text", "hello world"]
output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
assert output.split() == ["15339", "1917"], output

if "--oracles" in sys.argv:
    for oracle in ("tiktoken", "tokenizers"):
        __import__(oracle)
        print(oracle, importlib.metadata.version(oracle))
print(f"bpe {bpe.__version__} with the {CORE} core on Python {sys.version.split()[0]}")
