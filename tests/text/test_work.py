"""What the operations cost: characters and bytes handed to the core, not seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bpe import Tokenizer
from bpe._core.python import PythonCore
from bpe.encodings import encoding_vocabulary
from bpe.text.measure import Measure

from .samples import FAMILIES

MEGABYTE = 1_000_000
PROSE = (
    "It was a bright cold day in April, and the clocks were striking thirteen. Winston Smith, "
    "his chin nuzzled into his breast in an effort to escape the vile wind, slipped quickly "
    "through the glass doors of Victory Mansions,\nthough not quickly enough to prevent a swirl.\n"
)
IDEOGRAPHS = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏"
SENTENCE = " The hallway smelt of boiled cabbage and old rag mats."


class Counting:
    """A core that notes how much it is given."""

    def __init__(self, core: type[Any], name: str) -> None:
        self.is_slow = core is PythonCore
        vocabulary = encoding_vocabulary(name)
        self._core = core(vocabulary)
        self.work = 0
        self.measure = Measure(self, vocabulary)

    def count(self, text: str) -> int:
        self.work += len(text)
        found: int = self._core.count(text)
        return found

    def encode_bytes(self, data: bytes) -> list[int]:
        self.work += len(data)
        found: list[int] = self._core.encode_bytes(data)
        return found

    def token_id(self, token: bytes) -> int | None:
        found: int | None = self._core.token_id(token)
        return found

    def token_bytes(self, token: int) -> bytes:
        found: bytes = self._core.token_bytes(token)
        return found

    def of(self, call: Callable[[Measure], object]) -> int:
        """The work of one call."""
        self.work = 0
        call(self.measure)
        return self.work


_made: dict[tuple[Any, str], Counting] = {}


def made(core: type[Any], name: str) -> Counting:
    if (core, name) not in _made:
        _made[core, name] = Counting(core, name)
    return _made[core, name]


@pytest.fixture(params=FAMILIES)
def counting(request: pytest.FixtureRequest, core: type[Any]) -> Counting:
    return made(core, request.param)


@pytest.fixture
def fast(counting: Counting) -> Counting:
    """For what counts megabytes to compare with; the work does not depend on the core."""
    if counting.is_slow:
        pytest.skip("takes minutes on the Python core")
    return counting


def repeated(unit: str, size: int) -> str:
    return (unit * (size // len(unit) + 1))[:size]


TEXTS = {
    "prose": PROSE,
    "letters": "a",
    "spaces": " ",
    "newlines": "\n",
    "ideographs": IDEOGRAPHS,
    "chinese": "天地玄黄，宇宙洪荒。日月盈昃，辰宿列张。",
    "digits": "7",
    "dashes": "-",
    "base64": "aGVsbG8gd29ybGQhIFRoaXMgaXMg",
    "emoji": "👍🏽❤️",
    "mixed blanks": " \n\t \n",
}


@pytest.mark.parametrize("unit", TEXTS.values(), ids=TEXTS)
def test_count_up_to(counting: Counting, unit: str) -> None:
    """At least 500 times less than counting all, whatever the text."""
    text = repeated(unit, 10 * MEGABYTE)
    assert counting.of(lambda measure: measure.count_up_to(text, 1000)) * 500 <= len(text)
    assert counting.measure.count_up_to(text, 1000) == 1001
    assert not counting.measure.fits(text, 1000)


@pytest.mark.parametrize("keep", ["start", "end", "middle"])
def test_truncate_prose(counting: Counting, keep: str) -> None:
    from bpe.text.truncate import truncate

    text = repeated(PROSE, 10 * MEGABYTE)
    work = counting.of(lambda measure: truncate(measure, text, 1000, keep))
    assert work * 500 <= len(text)
    work = counting.of(lambda measure: truncate(measure, text, 1000, keep, "\n[...]\n"))
    assert work * 300 <= len(text)


@pytest.mark.parametrize("unit", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("keep", ["start", "end"])
def test_truncate(fast: Counting, unit: str, keep: str) -> None:
    """In step with what is kept, whatever the text."""
    from bpe.text.truncate import truncate

    text = repeated(unit, 10 * MEGABYTE)
    found = ""

    def run(measure: Measure) -> None:
        nonlocal found
        found = truncate(measure, text, 300, keep)

    work = fast.of(run)
    assert fast.measure.count(found) <= 300
    assert work <= 8 * len(found.encode()) + 60_000


@pytest.mark.parametrize("unit", TEXTS.values(), ids=TEXTS)
def test_append(fast: Counting, unit: str) -> None:
    """One sentence appended to a megabyte: at least 1,000 times less than counting again."""
    from bpe.text.streaming import StreamingCounter

    text = repeated(unit, MEGABYTE)
    counter = StreamingCounter(fast.measure)
    counter.append(text)
    more = repeated(unit, 60)
    work = fast.of(lambda _: counter.append(more))
    assert work * 1000 <= len(text)
    assert counter.n_tokens == fast.measure.count(text + more)


def test_append_to_prose(fast: Counting) -> None:
    from bpe.text.streaming import StreamingCounter

    text = repeated(PROSE, MEGABYTE)
    counter = StreamingCounter(fast.measure)
    counter.append(text)
    assert fast.of(lambda _: counter.append(SENTENCE)) * 1000 <= len(text)
    assert counter.n_tokens == fast.measure.count(text + SENTENCE)


@pytest.mark.parametrize("unit", TEXTS.values(), ids=TEXTS)
def test_many_small_parts_are_linear(fast: Counting, unit: str) -> None:
    """All of a text, some characters at a time: in step with its length."""
    from bpe.text.streaming import StreamingCounter

    text = repeated(unit, 40_000)
    counter = StreamingCounter(fast.measure)
    work = fast.of(lambda _: [counter.append(text[at : at + 25]) for at in range(0, len(text), 25)])
    assert counter.n_tokens == fast.measure.count(text)
    assert work <= 60 * len(text.encode())


def test_chunks(fast: Counting) -> None:
    """Each character is read a few times, however long the text is."""
    from bpe.text.chunks import chunks

    for boundary in ("token", "word", "sentence", "line", "paragraph"):
        text = repeated(PROSE, 100_000)
        work = fast.of(lambda measure: list(chunks(measure, text, 500, 0, boundary)))  # noqa: B023
        assert work <= 8 * len(text), boundary


def test_tokenizers_share_nothing(core: type[Any]) -> None:
    """One measure for each tokenizer, made at the first use, and gone with it."""
    import gc
    import weakref

    tokenizer = Tokenizer(encoding_vocabulary("gpt2"), core=core)
    assert tokenizer._measured() is tokenizer._measured()
    gc.disable()
    try:
        gone = weakref.ref(tokenizer)
        del tokenizer
        assert gone() is None, "a cycle keeps it alive"
    finally:
        gc.enable()
