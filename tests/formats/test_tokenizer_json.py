"""tokenizer.json: DeepSeek's published file, small ones of each form, and all that is refused."""

from __future__ import annotations

import copy
import importlib.util
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bpe._core import core_class
from bpe._core.patterns import GPT2
from bpe._core.python import PythonCore
from bpe.encodings import encoding_vocabulary
from bpe.errors import PatternError, VocabularyError, VocabularyFileNotFoundError
from bpe.formats.merges import pairs_of_merges
from bpe.formats.tokenizer_json import byte_characters, parse, read
from bpe.vocabulary import Vocabulary

DATA = Path(__file__).parent.parent.parent / "data"
CHARACTERS = byte_characters()


def spelled(token: bytes) -> str:
    return "".join(CHARACTERS[byte] for byte in token)


def document(merges: list[tuple[bytes, bytes]] | None = None, **model: Any) -> dict[str, Any]:
    """A small, complete file; ids in the order of bytes, then merges, then <end>."""
    merges = [(b"a", b"b"), (b"ab", b"c")] if merges is None else merges
    vocab = {character: byte for byte, character in enumerate(CHARACTERS)}
    for left, right in merges:
        vocab.setdefault(spelled(left + right), len(vocab))
    return {
        "added_tokens": [{"id": len(vocab), "content": "<end>", "special": True}],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {
                    "type": "Split",
                    "pattern": {"Regex": r"\w+|\d".replace(r"\w", r"\p{L}")},
                    "behavior": "Isolated",
                    "invert": False,
                },
                {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
            ],
        },
        "decoder": {"type": "ByteLevel"},
        "model": {
            "type": "BPE",
            "vocab": vocab,
            "merges": [f"{spelled(left)} {spelled(right)}" for left, right in merges],
            **model,
        },
    }


# -- DeepSeek --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deepseek_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file, written again by the tool that proves the bundled data."""
    spec = importlib.util.spec_from_file_location("vocabularies", DATA / "tools/vocabularies.py")
    assert spec is not None
    assert spec.loader is not None
    tool: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    rows = tool.read_pairs(DATA / "deepseek_v3.pairs")
    added = list(tool.read_added(DATA / "deepseek_v3.added"))
    path = tmp_path_factory.mktemp("deepseek") / "tokenizer.json"
    path.write_bytes(tool.deepseek_json(rows, added))
    return path


def test_deepseek_equals_the_bundled_one(deepseek_file: Path) -> None:
    bundled = encoding_vocabulary("deepseek_v3")
    vocabulary = read(deepseek_file)
    assert vocabulary == bundled
    assert vocabulary.pairs == bundled.pairs
    assert vocabulary.eot_token == bundled.eot_token
    assert list(vocabulary.special_tokens) == list(bundled.special_tokens)
    assert vocabulary.name == deepseek_file.parent.name
    assert read(deepseek_file, name="mine").name == "mine"


# -- forms -----------------------------------------------------------------------------------------


def test_merges_in_id_order_become_pairs() -> None:
    vocabulary = parse(document(), name="x")
    assert vocabulary.pairs is not None
    assert vocabulary.ranks[b"abc"] == 257
    assert vocabulary.special_tokens == {"<end>": 258}
    assert vocabulary.keep_unmatched
    assert PythonCore(vocabulary).encode("abcab") == [257, 256]


def test_merges_may_be_lists() -> None:
    text = document()
    listed = document()
    listed["model"]["merges"] = [merge.split(" ") for merge in text["model"]["merges"]]
    assert parse(listed, name="x") == parse(text, name="x")


@pytest.mark.parametrize(
    "merges",
    [
        [(b"a", b"b"), (b"c", b"d"), (b"b", b"c"), (b"ab", b"c"), (b"a", b"bc")],  # two ways
        [(b"b", b"c"), (b"a", b"b"), (b"ab", b"c")],  # abc is never reached
    ],
)
def test_other_merges_stay_a_list(merges: list[tuple[bytes, bytes]]) -> None:
    vocabulary = parse(document(merges), name="x")
    assert vocabulary.pairs is None
    assert vocabulary.merges == tuple(merges)


def test_merges_out_of_id_order_stay_a_list() -> None:
    swapped = document([(b"a", b"b"), (b"b", b"c")])
    swapped["model"]["merges"].reverse()
    vocabulary = parse(swapped, name="x")
    assert vocabulary.merges == ((b"b", b"c"), (b"a", b"b"))
    assert PythonCore(vocabulary).encode("abc") == [97, 257]


@pytest.mark.parametrize("seed", range(200))
def test_pairs_only_where_both_rules_agree(seed: int) -> None:
    """Against a check that merges every token's bytes by the list."""
    rng = random.Random(seed)
    ranks = {bytes([byte]): byte for byte in range(256)}
    tokens = [b"a", b"b"]
    merges: list[tuple[bytes, bytes]] = []
    for _ in range(rng.randrange(1, 12)):
        left, right = rng.choice(tokens), rng.choice(tokens)
        if left + right not in ranks and len(left + right) < 12:
            ranks[left + right] = len(ranks)
            tokens.append(left + right)
            merges.append((left, right))

    def core(**form: Any) -> PythonCore:
        return PythonCore(Vocabulary(name="x", pattern=r"(?s:.)+", special_tokens={}, **form))

    listed = core(ranks=ranks, merges=tuple(merges))
    reached = all(listed.encode(token.decode()) == [ranks[token]] for token in tokens)
    pairs = pairs_of_merges(merges, ranks)
    assert (pairs is not None) == reached
    if pairs is not None:
        table = core(pairs=pairs)
        for _ in range(50):
            text = "".join(rng.choices("ab", k=rng.randrange(1, 25)))
            assert table.encode(text) == listed.encode(text)


@pytest.mark.parametrize("ignore_merges", [False, True])
@pytest.mark.parametrize(
    "merges", [None, [(b"b", b"c"), (b"a", b"b"), (b"ab", b"c"), (b" ", b"a")]]
)
def test_ids_are_those_of_tokenizers(
    merges: list[tuple[bytes, bytes]] | None, ignore_merges: bool
) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    content = document(merges, ignore_merges=ignore_merges)
    for key in ("single_word", "lstrip", "rstrip", "normalized"):
        content["added_tokens"][0][key] = False
    content["decoder"].update(add_prefix_space=False, trim_offsets=True, use_regex=True)
    content["pre_tokenizer"]["pretokenizers"][1]["trim_offsets"] = True
    for key in ("post_processor", "truncation", "padding"):
        content[key] = None
    content["version"] = "1.0"
    content["model"].update(dropout=None, unk_token=None, fuse_unk=False)
    engine = tokenizers.Tokenizer.from_str(json.dumps(content))
    core = PythonCore(parse(content, name="x"))
    specials = core.special_set({"<end>": content["added_tokens"][0]["id"]})
    rng = random.Random(1)
    for _ in range(500):
        parts = rng.choices(["a", "b", "c", "1", " ", "é", "<end>", "<", "\n"], k=rng.randrange(12))
        text = "".join(parts)
        assert core.encode(text, specials) == engine.encode(text).ids
        assert core.decode(engine.encode(text).ids).decode() == text


def test_byte_level_brings_its_own_pattern() -> None:
    content = document()
    content["pre_tokenizer"] = {"type": "ByteLevel", "add_prefix_space": False}
    assert parse(content, name="x").pattern == GPT2


def test_split_on_a_string() -> None:
    content = document()
    content["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {"String": ".^a-"}
    vocabulary = parse(content, name="x")
    assert PythonCore(vocabulary).encode(".^a-b") == [46, 94, 97, 45, 98]


def test_added_token_in_merges_but_made_by_none() -> None:
    """It is never there when they merge, as in tokenizers: the others go on without it."""
    file = document([(b"b", b"d"), (b"ab", b"c")])
    file["model"]["vocab"]["ab"] = 258
    file["added_tokens"] = [{"id": 258, "content": "ab", "special": True}]
    vocabulary = parse(file, name="test")
    assert vocabulary.special_tokens == {"ab": 258}
    for core in (PythonCore, core_class()):
        assert list(core(vocabulary).encode("abcbd")) == [*b"abc", 256]


def test_added_tokens_in_vocab() -> None:
    content = document([(b" ", b" ")])
    content["model"]["vocab"]["<｜s｜>"] = 257
    content["added_tokens"] = [
        {"id": 257, "content": "<｜s｜>", "special": True},
        {"id": 97, "content": "a", "special": True},
    ]
    vocabulary = parse(content, name="x")
    assert vocabulary.special_tokens == {"<｜s｜>": 257, "a": 97}
    assert vocabulary.ranks[b"a"] == 97
    assert 257 not in vocabulary.ranks.values()


@pytest.mark.parametrize(
    ("config", "end"),
    [
        (None, "<|endoftext|>"),
        ({"eos_token": "<end>"}, "<end>"),
        ({"eos_token": {"content": "<end>"}}, "<end>"),
        ({"eos_token": "<nothing>"}, "<|endoftext|>"),
        ({"eos_token": None}, "<|endoftext|>"),
        ({"eos_token": ["x"]}, "<|endoftext|>"),
    ],
)
def test_end_of_text(tmp_path: Path, config: object, end: str) -> None:
    content = document()
    content["added_tokens"].append({"id": 300, "content": "<|endoftext|>"})
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    if config is not None:
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    assert read(tmp_path / "tokenizer.json").eot_token == end


# -- refusals --------------------------------------------------------------------------------------

Change = Callable[[dict[str, Any]], object]
SPLIT = ["pre_tokenizer", "pretokenizers", 0]


def setting(*path: Any) -> Change:
    """A change that sets what `path` but its last leads to, to its last."""

    def change(content: Any) -> None:
        for key in path[:-2]:
            content = content[key]
        content[path[-2]] = path[-1]

    return change


REFUSED: dict[str, tuple[Change, str]] = {
    "no model": (setting("model", None), "it has no model"),
    "model type": (setting("model", "type", "WordPiece"), 'type is not supported: "WordPiece"'),
    "unigram": (setting("model", "type", "Unigram"), "Unigram"),
    "dropout": (setting("model", "dropout", 0.1), "dropout"),
    "suffix": (setting("model", "end_of_word_suffix", "</w>"), "end_of_word_suffix"),
    "byte fallback": (setting("model", "byte_fallback", True), "byte_fallback"),
    "normalizer": (setting("normalizer", {"type": "NFC"}), "the normalizer.*NFC"),
    "nested normalizer": (
        setting("normalizer", {"type": "Sequence", "normalizers": [{"type": "Lowercase"}]}),
        "the normalizer.*Lowercase",
    ),
    "decoder": (setting("decoder", {"type": "Metaspace"}), "the decoder.*Metaspace"),
    "no pre_tokenizer": (setting("pre_tokenizer", None), "does not end in ByteLevel"),
    "other pre_tokenizer": (setting(*SPLIT, {"type": "Whitespace"}), "Whitespace"),
    "prefix space": (
        setting("pre_tokenizer", {"type": "ByteLevel", "add_prefix_space": True}),
        "add_prefix_space",
    ),
    "no split": (
        setting(
            "pre_tokenizer", {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
        ),
        "without a split",
    ),
    "behaviour": (setting(*SPLIT, "behavior", "Removed"), "Isolated.*Removed"),
    "inverted": (setting(*SPLIT, "invert", True), "inverted"),
    "no pattern": (setting(*SPLIT, "pattern", {}), "no pattern"),
    "single_word": (setting("added_tokens", 0, "single_word", True), "single_word.*<end>"),
    "lstrip": (setting("added_tokens", 0, "lstrip", True), "lstrip"),
    "no content": (setting("added_tokens", 0, "content", None), "added token 0 lacks"),
    "added list": (setting("added_tokens", {"a": 1}), "no list"),
    "added empty": (setting("added_tokens", 0, "content", ""), "empty"),
    "added id taken": (setting("added_tokens", 0, "id", 97), "which is the token b'a'"),
    "added id differs": (setting("added_tokens", 0, "content", "abc"), "258, but 257 in vocab"),
    "two ids": (
        setting("added_tokens", [{"id": 258, "content": "x"}, {"id": 259, "content": "x"}]),
        "two ids",
    ),
    "overlap": (
        setting(
            "added_tokens",
            [
                {"id": 258, "content": "<end>", "normalized": False},
                {"id": 259, "content": "x<", "normalized": True},
            ],
        ),
        "overlap",
    ),
    "contained": (
        setting(
            "added_tokens",
            [
                {"id": 258, "content": "end", "normalized": False},
                {"id": 259, "content": "<end>", "normalized": True},
            ],
        ),
        "overlap",
    ),
    "missing byte": (lambda c: c["model"]["vocab"].pop("z"), "1 of the 256 bytes.*0x7a"),
    "duplicate id": (setting("model", "vocab", "z", 97), "given twice"),
    "id is no integer": (setting("model", "vocab", "z", "1"), "id of 'z' is no integer"),
    "not byte-level": (setting("model", "vocab", "中", 500), "'中' is not written"),
    "blank": (setting("model", "vocab", " ", 500), "' ' is not written"),
    "vocab": (setting("model", "vocab", []), "no vocab"),
    "merges": (setting("model", "merges", None), "no list of merges"),
    "merge of three": (setting("model", "merges", 0, "a b c"), "merge 0 is no pair"),
    "merge of nothing": (setting("model", "merges", 1, ["x", "y"]), "merge 1 has a token"),
    "merge of numbers": (setting("model", "merges", 1, [1, 2]), "merge 1 is no pair"),
    "merge twice": (lambda c: c["model"]["merges"].append("a b"), "listed twice"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    change, problem = REFUSED[case]
    content = copy.deepcopy(document())
    change(content)
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(VocabularyError, match=problem) as caught:
        read(path)
    assert caught.value.path == str(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "regex", [r"a$", r"^a", r"\p{N}{1,3}+", r"\w+", r"\bx", r"\h", r"(?m:.)", r"\p{Han}", "["]
)
def test_refused_patterns(regex: str) -> None:
    content = document()
    content["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {"Regex": regex}
    with pytest.raises(PatternError):
        parse(content, name="x")


@pytest.mark.parametrize("regex", [r"[$^]+|\$|\^", r"[^$]", r"[]{}+]", r"a{2}|b++", r"[[a^]$]"])
def test_patterns_that_only_look_like_those(regex: str) -> None:
    content = document()
    content["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {"Regex": regex}
    assert parse(content, name="x").pattern == regex


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"  \n",
        b"{",
        b'{"model"',
        b"[]",
        b"null",
        b"5",
        b"\xff\xfe",
        b'"\xff"',
        b"[" * 200_000,
        b'{"a": 1, "a": 2}',
        b"{}",
    ],
)
def test_what_is_no_tokenizer_json(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(data)
    with pytest.raises(VocabularyError) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(VocabularyFileNotFoundError):
        read(tmp_path / "tokenizer.json")
