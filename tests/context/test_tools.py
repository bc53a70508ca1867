"""Tool definitions as TypeScript."""

from __future__ import annotations

from typing import Any

import pytest

from bpe import errors
from bpe.context.tools import render_tools


def tool(name: str = "f", description: str | None = None, **parameters: Any) -> dict[str, Any]:
    function: dict[str, Any] = {"name": name}
    if description is not None:
        function["description"] = description
    if parameters:
        function["parameters"] = {"type": "object", **parameters}
    return {"type": "function", "function": function}


def lines(*tools: Any) -> list[str]:
    rendered = render_tools(list(tools)).split("\n")
    assert rendered[:2] == ["namespace functions {", ""]
    assert rendered[-1] == "} // namespace functions"
    return rendered[2:-1]


def type_of(schema: Any) -> str:
    (line,) = lines(tool(properties={"x": schema}))[1:-2]
    assert line.startswith("x?: ")
    assert line.endswith(",")
    return line[4:-1]


def test_functions() -> None:
    assert lines() == []
    assert lines(tool()) == ["type f = () => any;", ""]
    assert lines(tool(description="Does it.")) == ["// Does it.", "type f = () => any;", ""]
    assert lines(tool(description="")) == ["type f = () => any;", ""]
    assert lines(tool(properties={})) == ["type f = () => any;", ""]
    assert lines(tool("a"), tool("b")) == ["type a = () => any;", "", "type b = () => any;", ""]


def test_properties() -> None:
    properties = {
        "city": {"type": "string", "description": "City and\nstate"},
        "days": {"type": "integer"},
        "unit": {"type": "string", "enum": ["c", "f"], "description": None},
    }
    assert lines(tool("weather", "Forecast", properties=properties, required=["city"])) == [
        "// Forecast",
        "type weather = (_: {",
        "// City and",
        "state",
        "city: string,",
        "days?: number,",
        'unit?: "c" | "f",',
        "}) => any;",
        "",
    ]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "string"),
        ({"type": "integer"}, "number"),
        ({"type": "number"}, "number"),
        ({"type": "boolean"}, "boolean"),
        ({"type": "null"}, "null"),
        ({}, "any"),
        (True, "any"),
        ({"type": "whatever"}, "any"),
        ({"type": "integer", "enum": [1, 2]}, '"1" | "2"'),
        ({"enum": ["a", 1, None, True]}, '"a" | 1 | null | true'),
        ({"const": "a"}, '"a"'),
        ({"type": "array", "items": {"type": "string"}}, "string[]"),
        ({"type": "array", "items": {"type": "array", "items": {}}}, "any[][]"),
        ({"type": "array"}, "any[]"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string | null"),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "number"),
        ({"anyOf": []}, "any"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"type": ["string", "null"], "enum": ["a", None]}, '"a" | null'),
    ],
)
def test_types(schema: Any, expected: str) -> None:
    assert type_of(schema) == expected


def test_nested_objects() -> None:
    inner = {"type": "object", "properties": {"z": {"type": "null", "description": "last"}}}
    middle = {"type": "object", "properties": {"y": inner}, "required": ["y"]}
    assert lines(tool(properties={"x": middle, "w": {"type": "object"}}))[1:-2] == [
        "x?: {",
        "  y: {",
        "    // last",
        "    z?: null,",
        "},",
        "},",
        "w?: {",
        "",
        "},",
    ]


def test_spellings() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    expected = ["// D", "type f = (_: {", "a?: string,", "}) => any;", ""]
    named: dict[str, Any] = {"name": "f", "description": "D"}
    for form in (
        {"type": "function", "function": {**named, "parameters": schema}},
        {"type": "function", **named, "parameters": schema},
        {**named, "input_schema": schema},
        {"function_declarations": [{**named, "parameters": schema}]},
        {"functionDeclarations": [{**named, "parameters": schema}]},
    ):
        assert lines(form) == expected
    assert lines({"type": "web_search"}) == []

    class Model:
        def model_dump(self) -> dict[str, Any]:
            return {**named, "input_schema": schema}

    assert lines(Model()) == expected


def test_tools_that_change_in_place_are_noticed() -> None:
    definition = tool(properties={"a": {"type": "string"}, "b": {"enum": [1]}})
    before = lines(definition)
    assert lines(definition) == before
    properties = definition["function"]["parameters"]["properties"]
    properties["b"]["enum"][0] = True
    assert lines(definition) == [line.replace("1", "true") for line in before]
    definition["function"]["parameters"]["properties"] = dict(reversed(properties.items()))
    assert lines(definition)[1].startswith("b")


@pytest.mark.parametrize(
    ("tools", "path"),
    [
        ("f", "tools"),
        ({"name": "f"}, "tools"),
        (3, "tools"),
        (["f"], "tools[0]"),
        ([tool(), None], "tools[1]"),
        ([{"function": "f"}], "tools[0].function"),
        ([{"function": {"name": 3}}], "tools[0].function.name"),
        ([{"name": "f", "input_schema": "x"}], "tools[0].input_schema"),
        ([{"function_declarations": [1]}], "tools[0].function_declarations[0]"),
        ([tool(properties=["a"])], "tools[0].function.parameters.properties"),
        ([tool(properties={"a": 1})], "tools[0].function.parameters.properties.a"),
        (
            [tool(properties={"a": {"type": "array", "items": "x"}})],
            "tools[0].function.parameters.properties.a.items",
        ),
    ],
)
def test_malformed(tools: Any, path: str) -> None:
    with pytest.raises(errors.TokenCountError) as caught:
        render_tools(tools)
    assert caught.value.path == path
    assert str(caught.value).startswith(path)


def test_cycles() -> None:
    cycle: dict[str, Any] = {"type": "object", "properties": {}}
    cycle["properties"]["again"] = cycle
    array: dict[str, Any] = {"type": "array"}
    array["items"] = array
    union: dict[str, Any] = {"anyOf": []}
    union["anyOf"].append(union)
    for schema in (cycle, array, union):
        with pytest.raises(errors.TokenCountError, match="nested too deeply"):
            render_tools([tool(properties={"a": schema})])


def test_repeated_types_are_rendered_once() -> None:
    schema: Any = {"type": "string"}
    for _ in range(28):
        schema = {"type": ["array", "array"], "items": schema}
    assert type_of(schema) == "string" + "[]" * 28


def test_shared_schemas_are_rendered_once() -> None:
    schema: Any = {"type": "string"}
    for _ in range(40):
        schema = {"anyOf": [schema, schema, {"type": "array"}]}
    assert type_of(schema) == "string | any[]" + " | any[]" * 39


def test_a_rendering_without_end_is_refused() -> None:
    both: Any = {"type": "string"}
    for _ in range(28):
        both = {"type": ["array", "object"], "items": both, "properties": {"x": both}}
    wide: Any = {"type": "string"}
    for _ in range(40):
        wide = {"type": "object", "properties": {"x": wide, "y": wide}}
    for schema in (both, wide):
        with pytest.raises(
            errors.TokenCountError, match="renders to more than 4,000,000"
        ) as caught:
            render_tools([tool(properties={"x": schema})])
        assert str(caught.value.path).startswith("tools[0].function.parameters.properties.x.")
    large = {"type": "string", "description": "x" * 3_000_000}
    assert len(render_tools([tool(properties={"x": large})])) > 3_000_000


@pytest.mark.parametrize(
    "schema",
    [
        {"const": 10**5000},
        {"enum": [10**5000]},
        {"type": "integer", "enum": [10**5000]},
        {"type": "string", "description": 10**5000},
    ],
)
def test_integers_that_cannot_be_written(schema: Any) -> None:
    with pytest.raises(errors.TokenCountError, match=r"^tools\[0\]\.function.*properties\.x"):
        render_tools([tool(properties={"x": schema})])


def test_an_empty_enum() -> None:
    assert type_of({"enum": []}) == "any"
    assert type_of({"type": ["string", "null"], "enum": []}) == "any"
