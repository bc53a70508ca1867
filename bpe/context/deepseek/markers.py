"""DeepSeek's special tokens, as the formats write them.

The bars are U+FF5C and the low lines U+2581.  All but `SYSTEM` are special tokens of the bundled
`deepseek_v3`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

BOS: Final = "<｜begin▁of▁sentence｜>"
EOS: Final = "<｜end▁of▁sentence｜>"
SYSTEM: Final = "<｜System｜>"
USER: Final = "<｜User｜>"
ASSISTANT: Final = "<｜Assistant｜>"
REMINDER: Final = "<｜latest_reminder｜>"
THINK: Final = "<think>"
END_THINK: Final = "</think>"
CALLS_BEGIN: Final = "<｜tool▁calls▁begin｜>"
CALLS_END: Final = "<｜tool▁calls▁end｜>"
CALL_BEGIN: Final = "<｜tool▁call▁begin｜>"
CALL_END: Final = "<｜tool▁call▁end｜>"
SEP: Final = "<｜tool▁sep｜>"
OUTPUTS_BEGIN: Final = "<｜tool▁outputs▁begin｜>"
OUTPUTS_END: Final = "<｜tool▁outputs▁end｜>"
OUTPUT_BEGIN: Final = "<｜tool▁output▁begin｜>"
OUTPUT_END: Final = "<｜tool▁output▁end｜>"
DSML: Final = "｜DSML｜"

# What a v4 message may ask for with its `task`.
TASKS: Final = {
    task: f"<｜{task}｜>"
    for task in ("action", "query", "authority", "domain", "title", "read_url")
}

# What counts as a marker where the counter does not say which special tokens it has.
KNOWN: Final = frozenset(
    {
        *(BOS, EOS, USER, ASSISTANT, REMINDER, THINK, END_THINK, DSML),
        *(CALLS_BEGIN, CALLS_END, CALL_BEGIN, CALL_END, SEP),
        *(OUTPUTS_BEGIN, OUTPUTS_END, OUTPUT_BEGIN, OUTPUT_END),
        *TASKS.values(),
    }
)


@lru_cache(maxsize=8)
def finder(names: frozenset[str]) -> re.Pattern[str]:
    """A pattern that finds any of `names`, the longest of those that begin at one place.

    Names are gathered by their first two characters, or a `<` would be compared with a thousand.
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        groups.setdefault(name[:2], []).append(re.escape(name[2:]))
    longest_first = sorted(groups, key=len, reverse=True)
    alternatives = [f"{re.escape(start)}(?:{'|'.join(groups[start])})" for start in longest_first]
    return re.compile("|".join(alternatives) or r"(?!)")
