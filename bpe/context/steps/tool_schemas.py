"""Step 3: definitions of tools: shorter ones once a tool is known, and no more than are of use.

A tool keeps its full schema until it is first called in the conversation.  Then its descriptions
are cut to one sentence, and dropped if that is still not enough.  Names, types, required and enums
never change, nor does any key but `description`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import log

from ..messages import as_mapping
from .sentences import first_sentence
from .slots import call_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .state import State

__all__ = ["ToolSchemas", "compressed", "selected", "tool_names"]

# Deeper schemas stay as they are below this.
_DEEPEST = 100

# Keys of a schema whose values are schemas, lists of them, and mappings to them.
_SCHEMAS = frozenset(
    "items additionalProperties not if then else contains propertyNames unevaluatedItems "
    "unevaluatedProperties additionalItems allOf anyOf oneOf prefixItems".split()
)
_MAPPINGS = frozenset("properties patternProperties $defs definitions dependentSchemas".split())
_DECLARATIONS = ("function_declarations", "functionDeclarations")

_WORD = re.compile(r"[^\W_]+")


class ToolSchemas:
    """Compresses definitions of tools that have been called, and selects among the others."""

    name = "tools"

    def __call__(self, state: State) -> None:
        """Sentences; no more tools than a request may have; no descriptions, if needed still."""
        if not state.tools:
            return
        called = {name for message in state.messages for name in call_names(message)}
        progressive = state.config.progressive_tool_compression
        if progressive:
            self._compress(state, called, sentence=True)
        if len(state.tools) > state.config.max_tools_per_request:
            needed = called | state.required_tools
            kept = selected(state.tools, state.query(), needed, state.config.max_tools_per_request)
            if len(kept) < len(state.tools):
                state.put_tools([state.tools[at] for at in kept])
        if progressive and state.needed:
            self._compress(state, called, sentence=False)

    def _compress(self, state: State, called: set[str], sentence: bool) -> None:
        made = [
            compressed(tool, sentence) if called.intersection(tool_names(tool)) else tool
            for tool in state.tools
        ]
        if any(new is not old for new, old in zip(made, state.tools, strict=True)):
            state.put_tools(made)


def tool_names(tool: object) -> list[str]:
    """The name of a tool, the names of all its functions for Google's; none for a vendor's own."""
    fields = as_mapping(tool) or {}
    function = as_mapping(fields.get("function"))
    declared = [function or fields]
    for key in _DECLARATIONS:
        if isinstance(fields.get(key), (list, tuple)):
            declared = [as_mapping(each) or {} for each in fields[key]]
    return [each["name"] for each in declared if isinstance(each.get("name"), str)]


# ---- compression


def compressed(tool: object, sentence: bool) -> Any:
    """A definition with its descriptions cut to one sentence, or without; the same if it has none.

    >>> tool = {"name": "now", "description": "The time. In UTC.", "input_schema": {}}
    >>> compressed(tool, sentence=True)["description"]
    'The time.'
    """
    fields = as_mapping(tool)
    if fields is None:
        return tool
    made = dict(fields)
    if isinstance(fields.get("function"), Mapping):
        made["function"] = _function(fields["function"], sentence)
    elif any(key in fields for key in _DECLARATIONS):
        for key in _DECLARATIONS:
            if isinstance(fields.get(key), (list, tuple)):
                made[key] = [
                    _function(each, sentence) if isinstance(each, Mapping) else each
                    for each in fields[key]
                ]
    else:
        made = _function(fields, sentence)
    return tool if made == fields else made


def _function(function: Mapping[str, Any], sentence: bool) -> dict[str, Any]:
    made = _described(function, sentence)
    for key in ("parameters", "input_schema"):
        if isinstance(function.get(key), Mapping):
            made[key] = _schema(function[key], sentence, 0)
    return made


def _schema(schema: object, sentence: bool, depth: int) -> Any:
    if isinstance(schema, (list, tuple)):
        return [_schema(each, sentence, depth + 1) for each in schema]
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return schema
    made = _described(schema, sentence)
    for key, value in made.items():
        if key in _SCHEMAS:
            made[key] = _schema(value, sentence, depth + 1)
        elif key in _MAPPINGS and isinstance(value, Mapping):
            made[key] = {name: _schema(each, sentence, depth + 1) for name, each in value.items()}
    return made


def _described(fields: Mapping[str, Any], sentence: bool) -> dict[str, Any]:
    made = dict(fields)
    description = made.get("description")
    if isinstance(description, str):
        if sentence:
            made["description"] = first_sentence(description)
        else:
            del made["description"]
    return made


# ---- selection


def selected(tools: Sequence[Any], query: str, needed: Iterable[str], max_tools: int) -> list[int]:
    """Which tools a request needs, in their order.

    Those that the query names or that are `needed` stay, and those without a name, also beyond
    `max_tools`.  The rest of the places go to tools whose names and descriptions share most
    with the query, by the rarity of the words among the tools; of equal ones to the earlier.
    """
    needed = {*needed}
    asked = _words(query)
    spoken = f" {' '.join(_WORD.findall(query.casefold()))} "
    names = [tool_names(tool) for tool in tools]
    kept = {
        at
        for at, own in enumerate(names)
        if not own or not needed.isdisjoint(own) or any(_named(name, spoken) for name in own)
    }
    words = [_words(_described_by(tool)) for tool in tools]
    among: dict[str, int] = {}
    for each in words:
        for word in each & asked:
            among[word] = among.get(word, 0) + 1
    rest = [at for at in range(len(tools)) if at not in kept]
    relevance = {
        at: sum(log(1 + len(tools) / among[word]) for word in sorted(words[at] & asked))
        for at in rest
    }
    rest.sort(key=lambda at: -relevance[at])
    return sorted({*kept, *rest[: max(0, max_tools - len(kept))]})


def _named(name: str, spoken: str) -> bool:
    """Whether the name, `get_weather` or `get weather`, stands in the query as whole words."""
    plain = " ".join(_WORD.findall(name.casefold()))
    return bool(plain) and f" {plain} " in spoken


def _words(text: str) -> set[str]:
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return {word for word in _WORD.findall(split.casefold()) if len(word) > 2 or not word.isascii()}


def _described_by(tool: object) -> str:
    """Names and descriptions of a tool, and of its parameters on the first level."""
    fields = as_mapping(tool) or {}
    found = [*tool_names(tool)]
    function = as_mapping(fields.get("function")) or fields
    found.append(str(function.get("description", "")))
    for key in _DECLARATIONS:
        if isinstance(fields.get(key), (list, tuple)):
            found += [str((as_mapping(each) or {}).get("description", "")) for each in fields[key]]
    schema = as_mapping(function.get("parameters")) or as_mapping(function.get("input_schema"))
    properties = as_mapping((schema or {}).get("properties")) or {}
    for name, value in properties.items():
        found += (str(name), str((as_mapping(value) or {}).get("description", "")))
    return " ".join(found)
