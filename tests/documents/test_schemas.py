"""The schemas in docs/schemas: whole, in words, and as strict as what the program itself reads."""

from typing import Annotated, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from json_answers import ANSWERS, SCHEMAS, close, list_faults, read_schemas
from pages import ROOT, read

from keras_transfer.__main__ import VERBS
from keras_transfer.run.contents import kinds

PAGE = ROOT / "docs/scripting.md"
# What a TypedDict of the program describes -> where a schema does.
SAME = {
    "Metrics": ("train.json", "properties", "metrics"),
    "Scores": ("parts.json", "$defs", "scores"),
    "DataReport": ("check.json",),
    "Reference": ("export.json", "properties", "reference"),
    "Checked": ("export.json", "properties", "artefacts", "items"),
}


def find(*place):
    part = read_schemas()
    for name in place:
        part = part[name]
    return part


def list_described(part, place=""):
    """Yield (place, schema) of every property in a schema."""
    if isinstance(part, dict):
        for name, value in part.get("properties", {}).items():
            yield f"{place}/{name}", value
        for name, value in part.items():
            yield from list_described(value, f"{place}/{name}")
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from list_described(value, f"{place}/{index}")


@pytest.mark.parametrize("name", read_schemas())
def test_a_schema_is_one_and_says_what_every_key_means(name):
    jsonschema = pytest.importorskip("jsonschema", reason="needs the package jsonschema")
    schema = read_schemas()[name]
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator.check_schema(close(schema))
    for place, value in list_described(schema):
        assert value.get("description") or "$ref" in value, place


def test_every_command_with_json_has_a_schema_that_the_page_links_to():
    assert {*ANSWERS} <= {*VERBS}
    assert {file.stem for file in SCHEMAS.glob("*")} == {*ANSWERS, "parts"}
    for command in ANSWERS:
        assert f"](schemas/{command}.json)" in read(PAGE), command


def test_keys_that_come_later_do_not_break_readers():
    answer = {"model": "m", "class_names": ["a"], "images": [], "later": 1}
    assert list_faults("predict", answer, strict=False) == []
    assert list_faults("predict", answer) != []


@pytest.mark.parametrize("name", SAME)
def test_what_the_program_reads_from_files_is_described_alike(name):
    assert_same(getattr(kinds, name), find(*SAME[name]))


def assert_same(kind, schema):
    """Compare a type hint with the schema of the same values."""
    if "$ref" in schema:
        schema = find("parts.json", "$defs", schema["$ref"].rpartition("/")[2])
    origin, parts = get_origin(kind), get_args(kind)
    if origin is NotRequired:
        assert_same(parts[0], schema)
    elif is_typeddict(kind):
        hints = get_type_hints(kind, include_extras=True)
        assert {*hints} <= {*schema["properties"]}
        # `check` also answers of a data set without any usable image; a run has some
        required = set() if kind is kinds.ShortSide else kind.__required_keys__
        assert required <= {*schema["required"]}
        for name, hint in hints.items():
            assert_same(hint, schema["properties"][name])
    elif origin is dict:
        assert_same(parts[1], schema["additionalProperties"])
    elif origin is list:
        assert_same(parts[0], schema["items"])
    elif origin is Annotated:
        base, (low, _) = parts
        assert schema["type"] == {int: "integer", float: "number"}[base]
        assert schema["minimum"] >= low
    elif kind in (str, bool, float):
        words = {str: "string", bool: "boolean", float: "number"}
        assert words[kind] in (schema.get("type", "string"), *schema.get("type", ()))
