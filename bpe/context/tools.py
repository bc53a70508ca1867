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

from .messages import as_mapping, fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .messages import Where

__all__ = ["render_tools"]

# Steps of a path: far more than any schema has, and well within Python's own stack.
_LONGEST_PATH = 120

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

    Raises TokenCountError, with a path such as `tools[2].function.parameters`.

    >>> print(render_tools([{"type": "function", "function": {"name": "now"}}]))
    namespace functions {
    <BLANKLINE>
    type now = () => any;
    <BLANKLINE>
    } // namespace functions
    """
    # The same tools stand in every request of a conversation.  Their bytes, not they themselves,
    # are the key: they may be changed in place.  (Version 2 does not depend on shared objects.)
    try:
        key = marshal.dumps(tools, 2)  # type: ignore[arg-type]
    except ValueError:  # objects of other types, or an iterator
        return _render(tools)
    known = _rendered.get(key)
    if known is None:
        known = _render(tools)
        if len(key) <= _LONGEST_KEY:
            if len(_rendered) >= _KEPT:
                _rendered.clear()
            _rendered[key] = known
    return known


def _render(tools: object) -> str:
    if isinstance(tools, (str, bytes, Mapping)) or not isinstance(tools, Iterable):
        fail(("tools",), f"must be a list of tools, not {type(tools).__name__}")
    lines = ["namespace functions {", ""]
    for at, tool in enumerate(tools):
        for function, where in _functions(tool, ("tools", at)):
            lines += _function(function, where)
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


def _function(function: Mapping[str, Any], where: Where) -> Iterator[str]:
    name = function.get("name")
    if not name:
        return
    if not isinstance(name, str):
        fail((*where, "name"), f"must be a str, not {type(name).__name__}")
    if description := function.get("description"):
        yield f"// {description}"
    key = "parameters" if "parameters" in function else "input_schema"
    here = (*where, key)
    parameters = function.get(key)
    schema = as_mapping(parameters)
    if schema is None and parameters is not None:
        fail(here, f"must be a JSON schema (a mapping), not {type(parameters).__name__}")
    if schema and schema.get("properties"):
        yield f"type {name} = (_: {{"
        yield _properties(schema, "", here)
        yield "}) => any;"
    else:
        yield f"type {name} = () => any;"
    yield ""


def _properties(schema: Mapping[str, Any], indent: str, where: Where) -> str:
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
    for key, value in properties.items():
        description = value.get("description") if isinstance(value, Mapping) else None
        if description:
            lines.append(f"{indent}// {description}")
        optional = "" if key in required else "?"
        lines.append(f"{indent}{key}{optional}: {_type(value, indent, (*where, str(key)))},")
    return "\n".join(lines)


def _type(schema: object, indent: str, where: Where) -> str:
    if isinstance(schema, bool):  # true: anything
        return "any"
    if not isinstance(schema, Mapping):
        fail(where, f"must be a JSON schema (a mapping), not {type(schema).__name__}")
    if len(where) > _LONGEST_PATH:
        fail(where[:10], "is nested too deeply")
    kind = schema.get("type")
    values = schema.get("enum")
    if isinstance(values, (list, tuple)):
        if kind in ("string", "integer", "number"):
            return " | ".join(f'"{value}"' for value in values)
        if kind is None or isinstance(kind, (list, tuple)):
            return _literals(values)
    if isinstance(kind, (list, tuple)):
        return _union([{**schema, "type": each} for each in kind], indent, where)
    if kind == "array":
        if "items" not in schema:
            return "any[]"
        return f"{_type(schema['items'], indent, (*where, 'items'))}[]"
    if kind == "object":
        return f"{{\n{_properties(schema, indent + '  ', where)}\n}}"
    if isinstance(kind, str):
        return _PRIMITIVES.get(kind, "any")
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), (list, tuple)):
            return _union(schema[key], indent, (*where, key))
    if "const" in schema:
        return _literals([schema["const"]])
    return "any"


def _union(schemas: Iterable[object], indent: str, where: Where) -> str:
    forms = (_type(schema, indent, (*where, at)) for at, schema in enumerate(schemas))
    return " | ".join(dict.fromkeys(forms)) or "any"


def _literals(values: Iterable[object]) -> str:
    return " | ".join(
        json.dumps(value, ensure_ascii=False)
        if value is None or isinstance(value, (str, int, float))
        else "any"
        for value in values
    )
