"""A loaded model, whatever its file: one function to probabilities, and how it is to be used."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.exports.reading.contract import Takes, count_classes
from keras_transfer.exports.usage import Usage, number_classes

Classify = Callable[[np.ndarray], np.ndarray]
Judge = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A loaded model."""

    path: Path
    """The file, or the folder of a SavedModel."""
    image_size: int
    """Side of its input in pixels; 0: it takes texts."""
    classes: int
    """How many it tells apart."""
    usage: Usage
    """Class names, and how to resize or cut."""
    classify: Classify
    """From pixels (n, image_size, image_size, 3), uint8 RGB, or from texts (n, k), str objects, to
    probabilities (n, classes), float32."""
    encode: Classify | None = None
    """From texts to token ids (n, longest), int32; None: it takes images, or texts as they are."""
    classify_ids: Classify | None = None
    """From token ids to probabilities; None: it takes images, or runs in a process of its own."""
    judge: Judge | None = None
    """From the same examples to probabilities and shares (n,) in [0, 1], see `Neighbours`; None: it
    was not asked for."""
    network: Any = None
    """The `keras.Model` that classifies, where it is one; None of other files."""
    notes: tuple[str, ...] = ()
    """What had to be assumed, since the file does not say it."""


def build_artefact(
    path: Path,
    said: Usage | None,
    takes: Takes,
    shape: Sequence[Any],
    classify: Classify,
    labels: Sequence[str] = (),
    scaled: bool = False,
) -> Artefact:
    """Join what a file says with what is assumed where it says nothing.

    Args:
        path: The file.
        said: What it says of its use.
        takes: What it takes.
        shape: Of its answer.
        classify: What `make_classifier` returned.
        labels: Class names, where it says no more than those.
        scaled: Whether it says how its pixels are scaled.
    """
    classes = count_classes(classify, shape, takes.image_size)
    assumed = number_classes(classes)
    if labels:
        assumed = Usage(class_names=tuple(labels), preparation=assumed.preparation)
    scale = "" if scaled or takes.dtype.kind != "f" else " and their pixels in [0, 255]"
    lacks = "not" if labels else "neither its class names nor"
    called = "" if labels else f"the classes are called 0 to {classes - 1}, "
    note = (
        f"{path} says {lacks} how it takes images. Taken: {called}images are cropped to squares, "
        f"in RGB{scale}."
    )
    return Artefact(
        path=path,
        image_size=takes.image_size,
        classes=classes,
        usage=said or assumed,
        classify=classify,
        notes=() if said else (note,),
    )
