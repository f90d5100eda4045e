"""What `--json` prints, checked against the schema of the command in docs/schemas."""

import json
from pathlib import Path

import pytest

SCHEMAS = Path(__file__).parents[1] / "docs/schemas"
# commands with --json
ANSWERS = (
    *("train", "evaluate", "predict", "explain", "compare", "check", "export", "review"),
    *("embed", "estimate", "zeroshot"),
)


def read_schemas():
    return {file.name: json.loads(file.read_text("utf-8")) for file in SCHEMAS.glob("*.json")}


def read_answer(command, text):
    """Return the one object in `text`, whose every key its schema must name."""
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    answer = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    faults = list_faults(command, answer)
    assert not faults, faults
    return answer


def list_faults(command, answer, strict=True):
    """Return what a schema finds wrong; `strict`: keys that it does not name, too."""
    jsonschema = pytest.importorskip("jsonschema", reason="needs the package jsonschema")
    import referencing

    read = {name: close(schema) if strict else schema for name, schema in read_schemas().items()}
    registry = referencing.Registry().with_contents(read.items())
    validator = jsonschema.Draft202012Validator(read[f"{command}.json"], registry=registry)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer)]


def close(schema):
    """Return a schema that lets no key through which it does not name.

    What stands in $defs is a part of others, so it is closed where it is used: allOf adds keys.
    """

    def walk(part, within):
        if isinstance(part, list):
            return [walk(each, "list") for each in part]
        if not isinstance(part, dict):
            return part
        whole = {key: walk(value, key) for key, value in part.items()}
        if ("properties" in part or "$ref" in part) and within not in ("list", "$defs"):
            whole["unevaluatedProperties"] = part.get("additionalProperties", False)
        return whole

    defined = {name: walk(part, "$defs") for name, part in schema.get("$defs", {}).items()}
    return walk(schema, "") | ({"$defs": defined} if defined else {})
