"""What one must know to use a model, which its graph does not say."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_transfer.config.pixels.preparation import (
    Preparation,
    find_preparation,
    read_preparation,
)
from keras_transfer.models.model_file import read_notes
from keras_transfer.run.load_settings import load_recorded
from keras_transfer.run.run_directory import Run

LABELS = "labels.txt"  # the name that TFLite's tools look for in the file's zip part
USAGE = "keras_transfer.json"  # beside it, and in the folder for extra files of a SavedModel


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What one must know to use a model, which its graph does not say."""

    class_names: tuple[str, ...]
    """Index order."""
    preparation: Preparation = dataclasses.field(default_factory=Preparation)
    """How images became squares."""
    modality: str = "image"
    """Key in `MODALITIES` of what it takes."""
    sequence_length: int = 0
    """Most token ids of a text; 0: it takes images."""
    texts: int = 0
    """Texts of an example: 1, or 2 of a pair; 0: it is not said, or it takes images."""

    @property
    def takes_texts(self) -> bool:
        """Whether it takes texts, or their token ids."""
        return self.modality == "text"

    @property
    def input_name(self) -> str:
        """What the input of an export is called."""
        return "token_ids" if self.takes_texts else "images"

    def to_notes(self) -> dict[str, Any]:
        """Return it as plain values that `from_notes` reads."""
        notes: dict[str, Any] = {"class_names": self.class_names}
        if not self.takes_texts:
            return notes | dataclasses.asdict(self.preparation)
        names = ("modality", "sequence_length", "texts")
        return notes | {name: getattr(self, name) for name in names}

    def to_json(self) -> str:
        """Return it as text that `from_json` reads."""
        return json.dumps(self.to_notes())

    @classmethod
    def from_json(cls, text: str | bytes) -> "Usage":
        """Return what `to_json` wrote."""
        return cls.from_notes(json.loads(text))

    @classmethod
    def from_notes(cls, notes: Mapping[str, Any]) -> "Usage":
        """Return what a file says of itself."""
        names = tuple(notes["class_names"])
        if notes.get("modality") != "text":
            return cls(class_names=names, preparation=read_preparation(notes))
        return cls(
            class_names=names,
            modality="text",
            sequence_length=int(notes["sequence_length"]),
            texts=int(notes.get("texts", 0)),
        )


def read_run_usage(folder: Path) -> Usage | None:
    """Return what the run directory around a model.keras says, if there is one."""
    run = Run(folder)
    if not (run.class_names_file.is_file() and run.config_file.is_file()):
        return None
    data = load_recorded(run).data
    names = run.class_names()
    if data.modality == "text":
        length = int(data.sequence_length or 0)
        return Usage(class_names=names, modality="text", sequence_length=length)
    return Usage(class_names=names, preparation=find_preparation(data))


def read_model_usage(file: Path) -> Usage | None:
    """Return what a model.keras says of itself, away from its run directory."""
    notes = read_notes(file)
    says = "class_names" in notes and notes.keys() & {"resize", "sequence_length"}
    return Usage.from_notes(notes) if says else None


def read_keras_usage(file: Path) -> Usage | None:
    """Return what is said of a .keras file, by the run around it or by itself."""
    return read_run_usage(file.parent) or read_model_usage(file)


def number_classes(count: int) -> Usage:
    """Return what is assumed of a model that says nothing: its classes are numbers."""
    return Usage(class_names=tuple(map(str, range(count))), preparation=Preparation())
