"""The bundled data: proven equal to what was published, and described in sources.toml."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bpe._data import read_data
from bpe.encodings import encoding_vocabulary, list_encodings
from bpe.errors import UnknownEncodingError, VocabularyFileNotFoundError
from bpe.vocabulary import BYTE, HOLE, Vocabulary, tokens_of_pairs

DATA = Path(__file__).parent.parent / "data"

SIZES = {
    "gpt2": (50256, 1),
    "r50k_base": (50256, 1),
    "p50k_base": (50280, 1),
    "p50k_edit": (50280, 4),
    "cl100k_base": (100256, 5),
    "o200k_base": (199998, 2),
    "o200k_harmony": (199998, 1091),
    "deepseek_v3": (127997, 1283),
}


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["vocabularies.py", "unicode.py"])
def test_data_equal_what_was_published(tool: str) -> None:
    if tool == "unicode.py":
        pytest.importorskip("unicodedata2")
    command = [sys.executable, str(DATA / "tools" / tool), "verify"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "equal" in done.stdout


def test_sources_describe_each_file() -> None:
    sources = tomllib.loads(read_data("sources.toml").decode())["file"]
    kinds = (".pairs", ".added", ".bin")
    assert set(sources) == {path.name for path in DATA.iterdir() if path.suffix in kinds}
    for name, source in sources.items():
        data = read_data(name)
        assert hashlib.sha256(data).hexdigest() == source["sha256"]
        assert source["licence"].rpartition(" ")[2] in {path.name for path in DATA.iterdir()}
        if name.endswith(".pairs"):
            assert len(data) == 8 * source["rows"]


@pytest.mark.parametrize("name", SIZES)
def test_encodings_have_the_published_sizes(name: str) -> None:
    vocabulary = encoding_vocabulary(name)
    assert (len(vocabulary.ranks), len(vocabulary.special_tokens)) == SIZES[name]
    assert vocabulary.name == name
    assert vocabulary.eot_token in vocabulary.special_tokens
    assert all(bytes([byte]) in vocabulary.ranks for byte in range(256))
    assert not set(vocabulary.ranks.values()) & set(vocabulary.special_tokens.values())


def test_encodings_are_those_of_tiktoken(monkeypatch: pytest.MonkeyPatch) -> None:
    public = pytest.importorskip("tiktoken_ext.openai_public")
    assert list_encodings() == [*public.ENCODING_CONSTRUCTORS, "deepseek_v3"]
    for loader in ("load_tiktoken_bpe", "data_gym_to_mergeable_bpe_ranks"):
        monkeypatch.setattr(public, loader, lambda *args, **kwargs: {})
    for name, construct in public.ENCODING_CONSTRUCTORS.items():
        published, ours = construct(), encoding_vocabulary(name)
        assert ours.pattern == published["pat_str"]
        # In order too: of two names of one id the first is what decoding gives.
        assert list(ours.special_tokens.items()) == list(published["special_tokens"].items())


def test_unknown_encoding() -> None:
    with pytest.raises(UnknownEncodingError, match="cl100k_base"):
        encoding_vocabulary("cl100k")


def test_missing_data() -> None:
    with pytest.raises(VocabularyFileNotFoundError, match=r"nothing\.pairs"):
        read_data("nothing.pairs")


# -- Vocabulary ------------------------------------------------------------------------------------


def small(**changes: object) -> Vocabulary:
    content: dict[str, object] = {
        "name": "small",
        "pattern": ".",
        "special_tokens": {"<a>": 5, "<b>": 5},
        "ranks": {b"a": 0, b"b": 1, b"ab": 2},
    }
    return Vocabulary(**{**content, **changes})  # type: ignore[arg-type]


def test_equality_is_of_content() -> None:
    one = small()
    assert one == small()
    assert hash(one) == hash(small())
    assert one == small(name="other", eot_token="<a>")
    assert one != small(pattern="..")
    assert one != small(special_tokens={"<a>": 5})
    assert one != small(special_tokens={"<b>": 5, "<a>": 5}), "another name is decoded"
    assert one != small(ranks={b"a": 0, b"b": 1, b"ba": 2})
    assert one != small(keep_unmatched=True)
    assert one != small(merges=((b"a", b"b"),))
    assert one != "small"


def test_equality_ignores_the_form() -> None:
    rows = [(ord("a"), BYTE), (ord("b"), BYTE), HOLE, (0, 1)]
    pairs = b"".join(n.to_bytes(4, "little") for row in rows for n in row)
    assert tokens_of_pairs(pairs) == [b"a", b"b", None, b"ab"]
    table = small(ranks=None, pairs=pairs)
    assert table == small(ranks={b"a": 0, b"b": 1, b"ab": 3})
    assert table != small()
    assert hash(table) == hash(small())


def test_bundled_equalities() -> None:
    assert encoding_vocabulary("gpt2") == encoding_vocabulary("r50k_base")
    assert encoding_vocabulary("p50k_base") != encoding_vocabulary("r50k_base")
    assert encoding_vocabulary("p50k_base") != encoding_vocabulary("p50k_edit")


@pytest.mark.parametrize(
    "vocabulary",
    [
        small(),
        small(merges=((b"a", b"b"),), ignore_merges=True),
        encoding_vocabulary("deepseek_v3"),
    ],
    ids=["ranks", "merges", "pairs"],
)
def test_pickling(vocabulary: Vocabulary) -> None:
    again = pickle.loads(pickle.dumps(vocabulary))
    assert again == vocabulary
    assert (again.name, again.eot_token) == (vocabulary.name, vocabulary.eot_token)
    assert list(again.special_tokens) == list(vocabulary.special_tokens)
