"""DSML, the markup of calls and of definitions of tools from v3.2 on.

Every tag is a `<` or `</`, the special token ｜DSML｜, and a name.  The texts that explain the
markup to the model are part of what it is given, so they stand here to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from ..messages import as_mapping
from . import markers as m
from .reading import Call, Turn
from .segments import TOOLS, Piece
from .wire import any_json, fail, parsed_to_json, strict_object, to_json

# Named values of a call: (name, text, whether it is a str).
Values: TypeAlias = list[tuple[str, str, bool]]


class Dialect:
    """How a format names its tags, and the text round its definitions of tools."""

    __slots__ = ("_after", "_before", "block", "invoke", "line_of_none", "parameter")

    def __init__(
        self, block: str, invoke: str, parameter: str, text: str, *, line_of_none: bool = True
    ) -> None:
        self.line_of_none = line_of_none  # a call without values has an empty line for them
        self.block = block
        self.invoke = invoke
        self.parameter = parameter
        text = text.replace("[block", f"{m.DSML}{block}").replace("[invoke", f"{m.DSML}{invoke}")
        text = text.replace("[parameter", f"{m.DSML}{parameter}")
        before, _, after = text.partition("[schemas]")
        self._before = _parts(before)
        self._after = _parts(after)

    def tools(self, out: list[Piece], schemas: list[str], index: int | None) -> None:
        """The definitions of tools, each already JSON."""
        out += [(text, markup, index, TOOLS) for text, markup in self._before]
        out.append(("\n".join(schemas), False, index, TOOLS))
        out += [(text, markup, index, TOOLS) for text, markup in self._after]

    def calls(self, out: list[Piece], turn: Turn, values: Callable[[Turn, Call], Values]) -> None:
        """All calls of a turn, two lines below what it says."""
        index = turn.index
        kind = "tool_call"
        token: Piece = (m.DSML, True, index, kind)
        out.append(("\n\n<", False, index, kind))
        out.append(token)
        text = f"{self.block}>\n"
        for call in turn.calls:
            out += [(f"{text}<", False, index, kind), token]
            text = f'{self.invoke} name="{call.name}">\n'
            for name, value, is_str in values(turn, call):
                said = "true" if is_str else "false"
                out += [(f"{text}<", False, index, kind), token]
                opened = f'{self.parameter} name="{name}" string="{said}">{value}</'
                out += [(opened, False, index, kind), token]
                text = f"{self.parameter}>\n"
            if self.line_of_none and text.startswith(self.invoke):
                text += "\n"
            out += [(f"{text}</", False, index, kind), token]
            text = f"{self.invoke}>\n"
        out += [(f"{text}</", False, index, kind), token]
        out.append((f"{self.block}>", False, index, kind))


def _parts(text: str) -> list[tuple[str, bool]]:
    parts = re.split(f"({m.DSML}|{m.THINK}|{m.END_THINK})", text)
    return [(part, at % 2 == 1) for at, part in enumerate(parts) if part]


# ---- what a call was given


def named_values(turn: Turn, call: Call) -> Values:
    """v4: arguments that are no JSON become one value that is called `arguments`.

    So does here JSON that is no object, on which the encoder fails.
    """
    value = call.arguments
    if not isinstance(value, str):
        return [("arguments", to_json(value, turn.index, call.path), False)]
    read, is_json = any_json(value)
    if isinstance(read, dict):
        return _values(read)
    turn.exact = turn.exact and not is_json
    return [("arguments", value, True)]


def strict_values(turn: Turn, call: Call) -> Values:
    """As `named_values`, but only JSON by the letter is read; an object is taken as its JSON."""
    value = call.arguments
    if not isinstance(value, str):
        turn.exact = False
        value = to_json(value, turn.index, call.path)
    read = strict_object(value)
    return _values(read) if read is not None else [("arguments", value, True)]


def object_values(turn: Turn, call: Call) -> Values:
    """v3.2: a JSON object, or its text; it refuses others, which stand here as they do in v4."""
    value = call.arguments
    if isinstance(value, Mapping):
        to_json(dict(value), turn.index, call.path)
        return _values(value)
    read = any_json(value)[0] if isinstance(value, str) else None
    if isinstance(read, dict):
        return _values(read)
    turn.exact = False
    return named_values(turn, call)


def _values(arguments: Mapping[str, Any]) -> Values:
    return [
        (str(name), value, True)
        if isinstance(value, str)
        else (str(name), parsed_to_json(value), False)
        for name, value in arguments.items()
    ]


# ---- definitions of tools


def schemas(
    tools: object, index: int | None, path: str, *, strict: bool = False
) -> tuple[list[str], bool]:
    """The JSON of each definition, and whether all are of the form that the formats know.

    That form is {"type": "function", "function": {...}}; a bare function and one with
    `input_schema` are read too.  With `strict` only name, description and parameters are kept.
    """
    if not isinstance(tools, (list, tuple)):
        fail(index, path, f"must be a list of tools, not {type(tools).__name__}")
    texts = []
    exact = True
    for at, value in enumerate(tools):
        here = f"{path}[{at}]"
        tool = as_mapping(value)
        if tool is None:
            fail(index, here, f"must be a mapping, not {type(value).__name__}")
        if "function" in tool:
            here += ".function"
            function = as_mapping(tool["function"])
            if function is None:
                fail(index, here, f"must be a mapping, not {type(tool['function']).__name__}")
        else:
            exact = False
            function = {
                "parameters" if key == "input_schema" else key: item
                for key, item in tool.items()
                if key != "type"
            }
        if strict:
            exact = exact and not function.get("strict")
            function = {
                "name": function.get("name"),
                "description": function.get("description") or "",
                "parameters": function.get("parameters") or {},
            }
        elif not isinstance(function, dict):
            function = dict(function)
        texts.append(to_json(function, index, here))
    return texts, exact


_V3_2: Final = """## Tools

You have access to a set of tools you can use to answer the user's question.
You can invoke functions by writing a "<[block>" block like the following as part of your reply to \
the user:
<[block>
<[invoke name="$FUNCTION_NAME">
<[parameter name="$PARAMETER_NAME" string="true|false">$PARAMETER_VALUE</[parameter>
...
</[invoke>
<[invoke name="$FUNCTION_NAME2">
...
</[invoke>
</[block>

String and scalar parameters should be specified as is without any escaping or quotes, while lists \
and objects should use JSON format. The "string" attribute should be set to "true" for string type \
parameters and "false" for other types (numbers, booleans, arrays, objects).

If the thinking_mode is enabled, then after function results you should strongly consider \
outputting a thinking block. Here is an example:

<[block>
...
</[block>

<function_results>
...
</function_results>

<think>...thinking about results</think>

Here are the functions available in JSONSchema format:
<functions>
[schemas]
</functions>
"""

_V4: Final = """## Tools

You have access to a set of tools to help answer the user's question. You can invoke tools by \
writing a "<[block>" block like the following:

<[block>
<[invoke name="$TOOL_NAME">
<[parameter name="$PARAMETER_NAME" string="true|false">$PARAMETER_VALUE</[parameter>
...
</[invoke>
<[invoke name="$TOOL_NAME2">
...
</[invoke>
</[block>

String parameters should be specified as is and set `string="true"`. For all other types (numbers, \
booleans, arrays, objects), pass the value in JSON format and set `string="false"`.

If thinking_mode is enabled (triggered by <think>), you MUST output your complete reasoning inside \
<think>...</think> BEFORE any tool calls or final response.

Otherwise, output directly after </think> with tool calls or final response.

### Available Tool Schemas

[schemas]

You MUST strictly follow the above defined tool name and parameter schemas to invoke tool calls.
"""

V3_2: Final = Dialect("function_calls", "invoke", "parameter", _V3_2)
V3_2_DENSE: Final = Dialect("function_calls", "invoke", "parameter", _V3_2.replace("\n\n", "\n"))
V4: Final = Dialect("tool_calls", "invoke", "parameter", _V4)
V4_RECIPE: Final = Dialect("tool_calls", "invoke", "parameter", _V4, line_of_none=False)
V4_1: Final = Dialect(" calls", " invoke", " parameter", _V4)
