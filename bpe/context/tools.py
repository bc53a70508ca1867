"""Tool definitions as OpenAI's models are given them: a namespace of TypeScript functions.

OpenAI does not publish the rendering.  It was found out by asking the models and comparing with
the usage that the API reports (openai-chat-tokens; litellm has a port of it):

    namespace functions {

    // Get the weather
    type get_weather = (_: {
    // City and state
    location: string,
    unit?: "celsius" | "fahrenheit",
    }) => any;

    } // namespace functions

With the figures that openai.py adds, it gives the prompt tokens that OpenAI's guide "How to count
tokens with tiktoken" publishes for its weather sample, as reported by the API: 105 for gpt-4 and
gpt-3.5-turbo, 101 for gpt-4o and gpt-4o-mini.  (The guide's own function reaches them by adding
figures for each function, property and value; it knows no nested objects and no arrays.)

Read are OpenAI's tools (with `function`, or flat as in the Responses API), Anthropic's
(`input_schema`) and Google's (`function_declarations`).  A tool without a name, such as a vendor's
own web search, renders as nothing.
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Iterable, Iterator, Mapping
from typing import NoReturn

from .messages import as_mapping, fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .messages import Where

__all__ = ["listed_tools", "render_tools"]

# Steps of a path: far more than any schema has, and well within Python's own stack.
_LONGEST_PATH = 120
# Characters of a rendering: more than any window takes.  And of all renderings that it is made of,
# one within the other: a schema that holds itself several times, over many levels, has few objects
# and no end.
_LONGEST = 4_000_000
_MOST = 16 * _LONGEST

_rendered: dict[bytes, str] = {}
_KEPT = 32
_LONGEST_KEY = 1 << 18

_PRIMITIVES = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


def render_tools(tools: object) -> str:
    """The namespace of all tools, an empty one if there is none.

    Raises TokenCountError, with a path such as `tools[2].function.parameters`, for what is
    malformed, and for a rendering of more than 4,000,000 characters.

    >>> print(render_tools([{"type": "function", "function": {"name": "now"}}]))
    namespace functions {
    <BLANKLINE>
    type now = () => any;
    <BLANKLINE>
    } // namespace functions
    """
    # The same tools stand in every request of a conversation.  Their bytes, not they themselves,
    # are the key: they may be changed in place.  (Version 4 writes a shared object once, where
    # version 2 would write it out as often as it can be reached.)
    try:
        key = marshal.dumps(tools, 4)  # type: ignore[arg-type]
    except ValueError:  # objects of other types, or an iterator
        return _render(tools)
    known = _rendered.get(key)
    if known is None:
        known = _render(tools)
        if len(key) + len(known) <= _LONGEST_KEY:
            if len(_rendered) >= _KEPT:
                _rendered.clear()
            _rendered[key] = known
    return known


def listed_tools(tools: object) -> object:
    """Tools that can be read twice, and are falsy if there are none; what is no list as it is."""
    if isinstance(tools, Iterable) and not isinstance(tools, (str, bytes, Mapping, list, tuple)):
        return [*tools]
    return tools


def _render(tools: object) -> str:
    if isinstance(tools, (str, bytes, Mapping)) or not isinstance(tools, Iterable):
        fail(("tools",), f"must be a list of tools, not {type(tools).__name__}")
    lines = ["namespace functions {", ""]
    schemas = _Schemas()
    for at, tool in enumerate(tools):
        for function, where in _functions(tool, ("tools", at)):
            lines += _function(function, where, schemas)
    lines.append("} // namespace functions")
    return "\n".join(lines)


def _functions(tool: object, where: Where) -> Iterator[tuple[Mapping[str, Any], Where]]:
    fields = as_mapping(tool)
    if fields is None:
        fail(where, f"must be a tool (a mapping), not {type(tool).__name__}")
    if "function" in fields:
        where = (*where, "function")
        function = as_mapping(fields["function"])
        if function is None:
            fail(where, f"must be a mapping, not {type(fields['function']).__name__}")
        yield function, where
        return
    for key in ("function_declarations", "functionDeclarations"):
        declared = fields.get(key)
        if isinstance(declared, (list, tuple)):
            for at, declaration in enumerate(declared):
                here = (*where, key, at)
                function = as_mapping(declaration)
                if function is None:
                    fail(here, f"must be a mapping, not {type(declaration).__name__}")
                yield function, here
            return
    yield fields, where


def _function(function: Mapping[str, Any], where: Where, schemas: _Schemas) -> Iterator[str]:
    name = function.get("name")
    if not name:
        return
    if not isinstance(name, str):
        fail((*where, "name"), f"must be a str, not {type(name).__name__}")
    if description := function.get("description"):
        yield f"// {_shown(description, (*where, 'description'))}"
    key = "parameters" if "parameters" in function else "input_schema"
    here = (*where, key)
    parameters = function.get(key)
    schema = as_mapping(parameters)
    if schema is None and parameters is not None:
        fail(here, f"must be a JSON schema (a mapping), not {type(parameters).__name__}")
    if schema and schema.get("properties"):
        yield f"type {name} = (_: {{"
        yield schemas.properties(schema, "", here)
        yield "}) => any;"
    else:
        yield f"type {name} = () => any;"
    yield ""


class _Schemas:
    """The types of schemas; one that occurs again is rendered once."""

    __slots__ = ("_known", "_made")

    def __init__(self) -> None:
        # By identity and indentation; the schema is kept, so that no other takes its identity.
        self._known: dict[tuple[int, str], tuple[object, str]] = {}
        self._made = 0

    def properties(self, schema: Mapping[str, Any], indent: str, where: Where) -> str:
        """One line for each property, and one more for its description."""
        properties = schema.get("properties")
        if not properties:
            return ""
        where = (*where, "properties")
        if not isinstance(properties, Mapping):
            fail(where, f"must be a mapping, not {type(properties).__name__}")
        required = schema.get("required")
        if not isinstance(required, (list, tuple, set, frozenset)):
            required = ()
        # The closing brace of a nested object is not indented.
        lines = []
        length = 0
        for key, value in properties.items():
            name = _shown(key, where)
            here = (*where, name)
            description = value.get("description") if isinstance(value, Mapping) else None
            if description:
                lines.append(f"{indent}// {_shown(description, (*here, 'description'))}")
                length += len(lines[-1])
            optional = "" if key in required else "?"
            lines.append(f"{indent}{name}{optional}: {self.type(value, indent, here)},")
            length += len(lines[-1])
            if length > _LONGEST:
                _too_long(where)
        return "\n".join(lines)

    def type(self, schema: object, indent: str, where: Where) -> str:
        """What a schema is in TypeScript."""
        if isinstance(schema, bool):  # true: anything
            return "any"
        if not isinstance(schema, Mapping):
            fail(where, f"must be a JSON schema (a mapping), not {type(schema).__name__}")
        if len(where) > _LONGEST_PATH:
            fail(where[:10], "is nested too deeply")
        key = id(schema), indent
        known = self._known.get(key)
        if known is None:
            made = self._type(schema, indent, where)
            self._made += len(made)
            if len(made) > _LONGEST or self._made > _MOST:
                _too_long(where)
            known = self._known[key] = schema, made
        return known[1]

    def _type(self, schema: Mapping[str, Any], indent: str, where: Where) -> str:
        kind = schema.get("type")
        values = schema.get("enum")
        if isinstance(values, (list, tuple)):
            if kind in ("string", "integer", "number"):
                return " | ".join(f'"{_shown(value, (*where, "enum"))}"' for value in values)
            if kind is None or isinstance(kind, (list, tuple)):
                return _literals(values, (*where, "enum")) or "any"
        if isinstance(kind, (list, tuple)):
            named = dict.fromkeys(each for each in kind if isinstance(each, str))
            forms = [self._named(each, schema, indent, where) for each in named]
            if len(named) < len(kind) and not all(isinstance(each, str) for each in kind):
                forms.append("any")
            return " | ".join(dict.fromkeys(forms)) or "any"
        if isinstance(kind, str):
            return self._named(kind, schema, indent, where)
        for key in ("anyOf", "oneOf"):
            if isinstance(schema.get(key), (list, tuple)):
                return self._union(schema[key], indent, (*where, key))
        if "const" in schema:
            return _literals([schema["const"]], (*where, "const"))
        return "any"

    def _named(self, kind: str, schema: Mapping[str, Any], indent: str, where: Where) -> str:
        if kind == "array":
            if "items" not in schema:
                return "any[]"
            return f"{self.type(schema['items'], indent, (*where, 'items'))}[]"
        if kind == "object":
            return f"{{\n{self.properties(schema, indent + '  ', where)}\n}}"
        return _PRIMITIVES.get(kind, "any")

    def _union(self, schemas: Iterable[object], indent: str, where: Where) -> str:
        forms = (self.type(schema, indent, (*where, at)) for at, schema in enumerate(schemas))
        return " | ".join(dict.fromkeys(forms)) or "any"


def _literals(values: Iterable[object], where: Where) -> str:
    return " | ".join(
        _shown(json.dumps(value, ensure_ascii=False) if not _is_int(value) else value, where)
        if value is None or isinstance(value, (str, int, float))
        else "any"
        for value in values
    )


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value: object, where: Where) -> str:
    """A value as text; an integer may have more digits than Python writes."""
    try:
        return f"{value}"
    except ValueError as error:
        fail(where, f"cannot be written: {error}")


def _too_long(where: Where) -> NoReturn:
    # As long as it is deep, a path says no more.
    fail(where[:10], f"renders to more than {_LONGEST:,} characters")
