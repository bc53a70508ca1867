"""Tokens of values as JSON: those of the compact dump, however written, and clear refusals."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import pathlib
import tracemalloc
import types
import uuid
from array import array
from collections import OrderedDict, UserDict, deque, namedtuple
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpe
from bpe import Tokenizer
from bpe.context import TokenCounter
from bpe.context.json_tokens import estimate_json_tokens, json_chunks
from bpe.context.json_values import shown_path
from bpe.context.json_writer import MAX_DEPTH, weight_of
from bpe.errors import EstimateWarning, ModelNotSupportedError, TokenCountError


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def written(value: object, size: int = 1 << 16, **options: Any) -> str:
    return "".join(json_chunks(value, size=size, **options))


# Without surrogates, which are refused, or joined where they are pairs.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
KEYS = st.one_of(TEXT, st.integers(), st.booleans(), st.none(), FLOATS)
SCALARS = st.one_of(TEXT, st.integers(), st.booleans(), st.none(), FLOATS)
VALUES: st.SearchStrategy[object] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(KEYS, inner, max_size=6),
    ),
    max_leaves=40,
)
INF = float("inf")


@settings(deadline=None)
@given(VALUES, st.sampled_from([1, 2, 5, 20, 200, 1 << 16]))
def test_every_way_of_writing_is_that_of_dumps(value: object, size: int) -> None:
    assert written(value, size) == dumped(value)


@settings(max_examples=30, deadline=None)
@given(VALUES, st.sampled_from([1, 10, 1 << 16]))
def test_both_ways_count_the_same(
    load: Callable[[str], Tokenizer], value: object, size: int
) -> None:
    tokenizer = load("o200k_base")
    expected = tokenizer.count(dumped(value))
    assert estimate_json_tokens(value, counter=tokenizer) == expected
    running = tokenizer.counter()
    tokens = 0
    for chunk in json_chunks(value, size=size):
        tokens = running.append(chunk)
    assert tokens == expected


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4", "deepseek-chat"])
def test_is_the_count_of_the_compact_dump(model: str) -> None:
    value = {"b": [1, 2.5, None, True], "a": {"città": "Orléans 東京 😀", "n": '\n"\\\x00\u2028'}}
    expected = bpe.load(model).count(dumped(value))
    assert estimate_json_tokens(value, model) == expected
    # Not that of spaced, sorted or escaped JSON, which all differ here.
    others = [
        json.dumps(value, ensure_ascii=False),
        json.dumps(value, separators=(",", ":")),
    ]
    assert expected not in [bpe.load(model).count(other) for other in others]


def test_members_keep_their_order() -> None:
    assert written({"b": 1, "a": 2}) == '{"b":1,"a":2}'


@pytest.mark.parametrize("value", [None, True, 0, -1.5e300, "", "x", [], {}, (), "\u2028"])
def test_scalars_and_empty_values(value: object) -> None:
    assert written(value) == written(value, 1) == dumped(value)
    assert estimate_json_tokens(value) == bpe.load("gpt-4o").count(dumped(value))


# ---- large values


class Whole:
    """A Counter that only counts whole texts."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def count(self, text: str) -> int:
        self.texts.append(text)
        return len(text)


class Running:
    def __init__(self, parts: list[int]) -> None:
        self.parts = parts
        self.total = 0

    def append(self, text: str) -> int:
        self.parts.append(len(text))
        self.total += len(text)
        return self.total


class Streaming(Whole):
    """A Counter that can be given a text in parts; a character is a token."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[int] = []

    def counter(self) -> Running:
        return Running(self.parts)


def rows(n: int) -> list[dict[str, object]]:
    return [{"id": i, "name": f"row {i}", "tags": ["a", "ü", str(i)]} for i in range(n)]


LARGE: dict[str, Callable[[], object]] = {
    "many rows": lambda: rows(10_000),
    "one long text": lambda: {"before": 1, "text": "ein Wort, noch ein Wört; " * 20_000},
    "a long text alone": lambda: '"\\\n' * 100_000,
    "many keys": lambda: {f"key {i}": i for i in range(30_000)},
    "many numbers": lambda: list(range(100_000)),
    "large in small": lambda: [[[{"a": rows(3000), "b": 2}], "x"]],
    "many objects": lambda: [Point(i, i) for i in range(20_000)],
}


@pytest.mark.parametrize("name", LARGE)
def test_large_values_come_in_parts(name: str) -> None:
    value = LARGE[name]()
    expected = len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=vars))
    counter = Streaming()
    assert estimate_json_tokens(value, counter=counter) == expected
    assert not counter.texts
    # Never more than a few chunks at once, and no crumbs either.
    assert max(counter.parts) < 6 * (1 << 16)
    assert len(counter.parts) <= expected // (1 << 15) + 1
    # A counter that takes only whole texts gets one.
    whole = Whole()
    assert estimate_json_tokens(value, counter=whole) == expected
    assert len(whole.texts) == 1


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4", "deepseek-chat"])
def test_a_large_value_has_the_tokens_of_its_dump(model: str) -> None:
    value = {"rows": rows(2000), "text": "Straße 東京 😀 " * 8000}
    assert estimate_json_tokens(value, model) == bpe.load(model).count(dumped(value))


def test_a_counter_in_a_counter_counts_in_parts_too() -> None:
    value = rows(10_000)
    for wrap in (
        lambda counter: TokenCounter("gpt-4o", counter=counter),
        lambda counter: TokenCounter("gpt-4o", counter=counter).counter,
    ):
        counter = Streaming()
        assert estimate_json_tokens(value, counter=wrap(counter)) == len(dumped(value))
        assert len(counter.parts) > 1
        assert not counter.texts


def test_a_small_value_is_counted_at_once() -> None:
    counter = Streaming()
    value = rows(20)
    assert estimate_json_tokens(value, counter=counter) == len(dumped(value))
    assert counter.texts == [dumped(value)]
    assert not counter.parts


def test_memory_does_not_grow_with_the_json() -> None:
    value = {"items": rows(1000) * 60}  # the JSON has more than 2 MB
    assert len(dumped(value)) > 2_000_000
    for _ in json_chunks(value):
        pass
    tracemalloc.start()
    try:
        for _ in json_chunks(value):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_the_look_at_the_size_is_bounded() -> None:
    class Counted(list[int]):
        read = 0

        def __iter__(self) -> Iterator[int]:
            for item in list.__iter__(self):
                Counted.read += 1
                yield item

    assert weight_of([[Counted(range(100_000))]], 1000, 40) is None
    assert Counted.read == 0
    assert weight_of([1, [2, "abc"]], 1000, 40) is not None
    assert weight_of([1, [2, "abc"]], 1000, 1) is None
    assert weight_of("a" * 2000, 1000, 40) is None
    assert weight_of([object()], 1000, 40) is None


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["a", "é", "😀", "\ud83d\ude00", '"', "\\", "\n"]), min_size=4),
    st.sampled_from(["", "", "", "\ud83d", "\ude00"]),
    st.integers(1, 8),
)
def test_long_texts_are_cut_between_characters(parts: list[str], last: str, size: int) -> None:
    text = "".join(parts) + last
    expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if "\ufffd" in expected:
        with pytest.raises(TokenCountError, match="lone surrogate"):
            written([text], size)
    else:
        assert written([text], size) == dumped([expected])


# ---- what json does not know


@dataclasses.dataclass
class Point:
    x: object
    y: object


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    inner: Point
    when: datetime.date


class Colour(enum.Enum):
    RED = "red"
    POINT = Point(1, 2)


class Size(enum.IntEnum):
    LARGE = 3


class Mood(enum.StrEnum):
    GOOD = "good"


Pair = namedtuple("Pair", "left right")
IDENTIFIER = uuid.UUID("12345678-1234-5678-1234-567812345678")


class Dumps:
    """What pydantic's models look like."""

    def model_dump(self, *, mode: str) -> dict[str, object]:
        assert mode == "json"
        return {"alias": [1, Colour.RED]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Point(1, [Point(None, "a")]), '{"x":1,"y":[{"x":null,"y":"a"}]}'),
        (
            Slotted(Point(1, 2), datetime.date(2024, 5, 17)),
            '{"inner":{"x":1,"y":2},"when":"2024-05-17"}',
        ),
        (datetime.datetime(2024, 5, 17, 8, 30), '"2024-05-17T08:30:00"'),
        (
            datetime.datetime(2024, 5, 17, tzinfo=datetime.UTC),
            '"2024-05-17T00:00:00+00:00"',
        ),
        (datetime.time(8, 30, 1, 5), '"08:30:01.000005"'),
        ([Colour.RED, Colour.POINT, Size.LARGE, Mood.GOOD], '["red",{"x":1,"y":2},3,"good"]'),
        ({Mood.GOOD: Size.LARGE, Size.LARGE: 1}, None),
        (IDENTIFIER, '"12345678-1234-5678-1234-567812345678"'),
        (decimal.Decimal("1.10"), '"1.10"'),
        ({3, 1, 2}, "[1,2,3]"),
        (frozenset({"b", "a"}), '["a","b"]'),
        ({"b", 1}, '["b",1]'),
        ({1: {"k"}}.keys(), "[1]"),
        (Pair(1, Pair(2, 3)), "[1,[2,3]]"),
        (deque([1, {2}]), "[1,[2]]"),
        (OrderedDict(b=1, a=2), '{"b":1,"a":2}'),
        (UserDict({"a": deque()}), '{"a":[]}'),
        (types.MappingProxyType({"a": 1}), '{"a":1}'),
        (pathlib.PurePosixPath("/tmp/a"), '"/tmp/a"'),
        (b"caf\xc3\xa9", '"café"'),
        (bytearray(b"a"), '"a"'),
        (array("i", [1, 2]), "[1,2]"),
        (Dumps(), '{"alias":[1,"red"]}'),
        ({"deep": [Dumps()]}, '{"deep":[{"alias":[1,"red"]}]}'),
    ],
)
def test_values_beyond_json(value: object, expected: str | None) -> None:
    if expected is None:
        expected = dumped(value)
    for size in (1, 10, 1 << 16):
        assert written(value, size) == expected
    assert estimate_json_tokens(value) == bpe.load("gpt-4o").count(expected)


def test_sets_are_written_in_one_order() -> None:
    items = [f"item {i}" for i in range(200)]
    assert written(set(items)) == dumped(sorted(items))


def test_pydantic_models() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Item(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        name: str
        price: decimal.Decimal
        added: datetime.datetime
        tags: set[str] = pydantic.Field(default_factory=set)

    class Cart(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        items: list[Item]
        id: uuid.UUID

    item = Item(name="Stück", price=decimal.Decimal("1.50"), added=datetime.datetime(2024, 5, 17))
    cart = Cart(items=[item, item], id=IDENTIFIER)
    assert written(cart) == cart.model_dump_json()
    assert estimate_json_tokens(cart) == bpe.load("gpt-4o").count(cart.model_dump_json())
    assert written({"cart": cart}, 1) == f'{{"cart":{cart.model_dump_json()}}}'


def test_numpy() -> None:
    np = pytest.importorskip("numpy")
    value = {"matrix": np.array([[1, 2], [3, 4]]), "n": np.int64(5), "x": np.float64(0.5)}
    assert written(value) == '{"matrix":[[1,2],[3,4]],"n":5,"x":0.5}'


def test_default_is_asked_first() -> None:
    def default(value: Any) -> object:
        if isinstance(value, datetime.date):
            return {"year": value.year, "at": Point(1, 2)}
        raise TypeError("not mine")

    value = [datetime.date(2024, 5, 17), Point(1, {2})]
    expected = '[{"year":2024,"at":{"x":1,"y":2}},{"x":1,"y":[2]}]'
    assert written(value, default=default) == expected
    assert estimate_json_tokens(value, default=default) == bpe.load("gpt-4o").count(expected)
    # It is not asked about what json knows.
    assert written([1, "a", {"b": None}], default=lambda value: pytest.fail(str(value)))


def test_subclasses_are_written_as_json_writes_them() -> None:
    class Text(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "wrong"

        def __len__(self) -> int:
            return 1

        def __getitem__(self, place: Any) -> str:
            return "wrong"

    class Items(list[int]):
        def __iter__(self) -> Iterator[int]:
            return iter(())

    class Fields(dict[str, object]):
        def items(self) -> Any:
            return [("a", 1), ("a", 2), ("b", Items([5] * 20))]

    for size in (1, 5, 1 << 16):
        for value in ([Text("text")], [Items([1, 2, 3])], {"x": Fields(c=1)}):
            assert written(value, size) == dumped(value)


# ---- what is refused, and where

DEEP: Any = 7
for _ in range(5000):
    DEEP = [DEEP]

CYCLE: dict[str, Any] = {"a": [1]}
CYCLE["a"].append({"me": CYCLE})

POINT_CYCLE = Point(1, None)
POINT_CYCLE.y = [POINT_CYCLE]


class Endless:
    def model_dump(self, *, mode: str) -> object:
        return Endless()


class Broken:
    def model_dump(self, *, mode: str) -> object:
        raise RuntimeError("out of order")


@pytest.mark.parametrize(
    ("value", "path", "problem"),
    [
        ({"items": [0, 1, 2, {"price": INF}]}, "value.items[3].price", "inf"),
        ([float("nan")], "value[0]", "nan"),
        (-INF, "value", "-inf"),
        ({"a": {float("nan"): 1}}, "value.a", "key"),
        ({"a": {(1, 2): 1}}, "value.a", "tuple"),
        ([{b"x": 1}], "value[0]", "bytes"),
        ({"unit price": [object()]}, "value['unit price'][0]", "object"),
        ({"a": Point(1, 2j)}, "value.a.y", "complex"),
        ({7: {"x": [len]}}, "value[7].x[0]", "builtin"),
        ([Point], "value[0]", "type"),
        ({"text": ["a", "b\ud800"]}, "value.text[1]", "lone surrogate"),
        ({"\udfff": 1}, "value", "surrogate"),
        ([10**5000], "value[0]", "4300"),
        ([{10**5000: 1}], "value[0]", "digits"),
        (b"\xff", "value", "default="),
        (CYCLE, "value.a[1].me", "cycle"),
        (POINT_CYCLE, "value.y[0]", "cycle"),
        ([Endless()], "value[0]", "1000"),
        ({"a": Broken()}, "value.a", "out of order"),
        (DEEP, None, "1000"),
        ({1: [{}]}.values(), "value", "dict_values"),
    ],
)
def test_refusals_name_the_place(value: object, path: str | None, problem: str) -> None:
    for size in (1, 10, 1 << 16):
        with pytest.raises(TokenCountError, match=problem) as caught:
            written(value, size)
        if path is not None:
            assert caught.value.path == path
            assert path in str(caught.value)
    with pytest.raises(TokenCountError, match=problem) as caught:
        estimate_json_tokens(value)
    assert caught.value.path is not None
    assert len(caught.value.path) < 200


def test_the_root_of_a_path() -> None:
    with pytest.raises(TokenCountError) as caught:
        written({"a": [object()]}, root="tools[2].parameters")
    assert caught.value.path == "tools[2].parameters.a[0]"


def test_as_deep_as_promised() -> None:
    deep: Any = []
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]
    for size in (1, 1 << 16):
        assert written(deep, size) == "[" * MAX_DEPTH + "]" * MAX_DEPTH
        with pytest.raises(TokenCountError, match="1000"):
            written({"a": deep}, size)


def test_the_same_object_twice_is_no_cycle() -> None:
    shared = {"a": [1]}
    point = Point(shared, shared)
    assert written([shared, shared, point, point], 1) == dumped(
        [shared, shared, {"x": shared, "y": shared}, {"x": shared, "y": shared}]
    )


def test_paths() -> None:
    assert shown_path("value", []) == "value"
    assert shown_path("value", ["a", 0, "b c", "1x"]) == "value.a[0]['b c']['1x']"
    assert shown_path("value", ["k" * 1000]) == "value['" + "k" * 37 + "...']"
    assert len(shown_path("value", [0] * 10_000)) < 60


def test_models() -> None:
    with pytest.raises(ModelNotSupportedError):
        estimate_json_tokens({}, "no such model", strict=True)
    with pytest.warns(EstimateWarning):
        assert estimate_json_tokens([1, 2], "another model that nobody knows") > 0
