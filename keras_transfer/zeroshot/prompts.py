"""Sentences about each class, for CLIP to compare images with: our own, or those of a file."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from keras_transfer.config.lookup import suggest_close
from keras_transfer.config.messages import name_some, say_value
from keras_transfer.data.examples import is_text, refuse_odd_name
from keras_transfer.data.sources.class_names import spell
from keras_transfer.system.errors import ConfigError

BLANK = "{}"  # where the name of a class goes
# The first sentence of Radford et al. 2021, "Learning Transferable Visual Models From Natural
# Language Supervision", section 3.1.4, and the seven that their notebook
# (github.com/openai/CLIP, Prompt_Engineering_for_ImageNet) chose of eighty on ImageNet.
TEMPLATES = (
    "a photo of a {}.",
    "itap of a {}.",  # "I took a picture", of a group on Reddit
    "a bad photo of the {}.",
    "a origami {}.",
    "a photo of the large {}.",
    "a {} in a video game.",
    "art of the {}.",
    "a photo of the small {}.",
)
MAPPINGS = (".yaml", ".yml", ".json")
MOST_BYTES = 10**7  # of a file of prompts

Prompts = Mapping[str, tuple[str, ...]]  # class -> sentences, in index order


@dataclass(frozen=True, kw_only=True)
class Wording:
    """How sentences are made of the names of classes."""

    templates: tuple[str, ...] = TEMPLATES
    """Each with `BLANK`, for the name of any class."""
    classes: Prompts = field(default_factory=dict)
    """Sentences of single classes; where there are some, they are all that is said."""

    def write_prompts(self, class_names: Sequence[str]) -> Prompts:
        """Return the sentences of each class.

        Raises:
            ConfigError: A class has none, or there are some of a class that is not there.
        """
        if not self.classes:
            return {name: _fill(self.templates, name) for name in class_names}
        spelled = {spell(name): each for name, each in self.classes.items()}
        known = {spell(name) for name in class_names}
        if unknown := [name for name in self.classes if spell(name) not in known]:
            hint = suggest_close(unknown[0], class_names) or f"It has {name_some(class_names)}."
            raise ConfigError(
                "`prompts` must be of classes of the data set. Received: "
                f"{say_value(unknown[0])}. {hint}"
            )
        if lacking := [name for name in class_names if spell(name) not in spelled]:
            raise ConfigError(
                "`prompts` must have sentences for every class. Received: none for "
                f"{name_some(lacking)}. Add them to the file."
            )
        return {name: spelled[spell(name)] for name in class_names}


def read_wording(file: Path | None) -> Wording:
    """Return how sentences are made.

    Args:
        file: Text with a template a line, or a class with its sentences each in YAML or JSON.
            None: `TEMPLATES`.

    Raises:
        ConfigError: It cannot be read, or is none of these.
    """
    if file is None:
        return Wording()
    text = _read_text(file)
    if file.suffix.lower() in MAPPINGS:
        return Wording(classes=_read_classes(_parse(text, file), file))
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line]
    if not lines:
        raise ConfigError(
            f"`prompts` must be a file with a sentence a line. Received: {file}, which has none. "
            f'Write one such as "{TEMPLATES[0]}".'
        )
    for number, line in lines:
        if BLANK not in line:
            raise ConfigError(
                "Each line of `prompts` must have {} where the name of the class goes. Received: "
                f"{say_value(line)}, line {number} of {file}. Add it, or name the file .yaml and "
                "give each class its own sentences."
            )
    return Wording(templates=tuple(dict.fromkeys(line for _, line in lines)))


def read_name(name: str) -> str:
    """Return the name of a class as it stands in a sentence: "french fries" of french_fries."""
    return " ".join(re.sub(r"[_\s]+", " ", name).split()) or name


def _fill(templates: Sequence[str], name: str) -> tuple[str, ...]:
    return tuple(each.replace(BLANK, read_name(name)) for each in templates)


def _read_text(file: Path) -> str:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES:,} bytes")
        return file.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"`prompts` must be a text file in UTF-8. Received: {file} ({said}). Check the path."
        ) from error


def _parse(text: str, file: Path) -> Any:
    """Return what YAML or JSON says, every value of YAML as text: there, a class may be called no.

    Raises:
        ConfigError: It is damaged, or names a class twice.
    """
    try:
        if file.suffix.lower() == ".json":
            return json.loads(text, object_pairs_hook=_refuse_twice)
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        if isinstance(node, yaml.MappingNode):
            _refuse_twice([(key.value, None) for key, _ in node.value])
        return yaml.load(text, Loader=yaml.BaseLoader)
    except (ValueError, TypeError, yaml.YAMLError, RecursionError) as error:
        fault = " ".join(str(error).split()).rstrip(".")
        in_yaml = ": put sentences with {} in quotes, or one below the other"
        hint = in_yaml if isinstance(error, yaml.YAMLError) else ""
        raise ConfigError(
            f"`prompts` must be whole YAML or JSON. Received: {file}: {fault}. Mend the file{hint}."
        ) from error


def _refuse_twice(pairs: Sequence[tuple[Any, Any]]) -> dict[str, Any]:
    seen = set()
    for key, _ in pairs:
        name = spell(str(key))
        if name in seen:
            raise ValueError(f"{name!r} stands there twice")
        seen.add(name)
    return dict(pairs)


def _read_classes(content: Any, file: Path) -> Prompts:
    if not isinstance(content, dict) or not content:
        raise ConfigError(
            "`prompts` must name classes with their sentences, such as "
            f"{{pizza: [a photo of a pizza.]}}. Received: {file}, which does not. Mend the file, "
            "or name it .txt and write a sentence with {} a line."
        )
    found = {}
    for name, given in content.items():
        refuse_odd_name(str(name), file)
        sentences = [given] if isinstance(given, str) else given
        if not isinstance(sentences, list) or not all(isinstance(each, str) for each in sentences):
            raise ConfigError(
                "`prompts` must have a sentence, or a list of sentences, for each class. Received: "
                f"{say_value(given)} for {say_value(name)} in {file}. Mend the file."
            )
        if odd := [each for each in sentences if not is_text(each)]:
            raise ConfigError(
                "`prompts` must be text that UTF-8 can hold. Received: "
                f"{say_value(odd[0])} for {say_value(name)} in {file}. Mend the sentence."
            )
        kept = [each.strip() for each in sentences if each.strip()]
        if not kept:
            raise ConfigError(
                "`prompts` must have sentences for every class. Received: none for "
                f"{say_value(name)} in {file}. Add one."
            )
        found[str(name)] = _fill(tuple(dict.fromkeys(kept)), str(name))
    return found
