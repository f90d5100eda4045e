"""What a file of weights holds, layer by layer, in either format that Keras has written.

Files are read as data: no class in them is built and no code in them is run.
"""

import io
import math
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]

from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.weights.foreign_files import OTHER_FILE, explain_mismatch
from keras_transfer.system.errors import ConfigError

NEARLY = 0.99  # of the numbers of a network; files may lack counters
INSIDE = "model.weights.h5"  # of a .keras file, as Keras names it
LISTS = ("layers", "_layer_checkpoint_dependencies")  # what a model keeps its layers in; Keras 2.13
NO_LAYERS = ("optimizer", "seed_generator")

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer with weights in a file, known by the models that it is in and by itself."""

    places: tuple[str, ...]
    """Groups of the file from the outermost model to the layer. In a file of Keras 3 they are
    classes and counters such as `conv2d_12`; in a legacy one names."""
    names: tuple[str, ...]
    """Names at these places; "" where the file has none, as before Keras 3.6."""
    arrays: tuple[str, ...]
    """Paths of its weights in the file."""
    shapes: tuple[Shape, ...]
    """Of these weights, in the same order, which is that of `keras.Layer.weights`."""

    @property
    def name(self) -> str:
        """Its own name, or its place where there is none."""
        return self.names[-1] or self.places[-1]

    def __str__(self) -> str:
        largest = max(self.shapes, key=lambda shape: (len(shape), shape))  # the kernel, mostly
        return f"{self.name} ({' x '.join(map(str, largest))})"


def count_numbers(file: Path) -> int | None:
    """Return how many numbers the layers of a file hold; None: it is damaged, or no such file.

    Those of its optimizer are not counted. This needs neither Keras nor a network.
    """
    try:
        with open_weights(file) as stream:
            layers = list_layers(stream)
    except (OSError, KeyError, ValueError, RuntimeError, AttributeError, zipfile.BadZipFile):
        return None
    return sum(math.prod(shape) for layer in layers for shape in layer.shapes)


def require_enough(file: Path, name: str) -> None:
    """Refuse a file of a smaller network; whether all layers fit is seen when it is loaded.

    Args:
        file: Any file of weights; those of another format pass.
        name: Name of the backbone that it is to fill.

    Raises:
        ConfigError: It holds too few numbers. The backbones that have as many are named.
    """
    found, wanted = count_numbers(file), find_backbone(name).parameters
    if found is None or found >= NEARLY * wanted:
        return
    alike = [
        each
        for each, row in BACKBONES.items()
        if NEARLY * row.parameters <= found <= row.parameters / NEARLY
    ]
    reason = f"another network, of {found:,} numbers where {wanted:,} are needed"
    if alike:
        advice = f"{' and '.join(alike)} has as many: choose it as the backbone, or another file."
    else:
        advice = OTHER_FILE
    raise ConfigError(explain_mismatch(name, file, reason, advice))


@contextmanager
def open_weights(file: Path) -> Iterator[h5py.File]:
    """Open the numbers of a `.weights.h5`, `.h5` or `.keras` file for reading.

    Raises:
        OSError: It is damaged.
        KeyError: It is an archive without numbers.
    """
    content: Path | io.BytesIO = file
    if file.suffix == ".keras":
        with zipfile.ZipFile(file) as archive:
            content = io.BytesIO(archive.read(INSIDE))
    with h5py.File(content, "r") as stream:
        yield stream


def is_legacy(stream: h5py.File) -> bool:
    """Return whether a file has the format of Keras 2, which `model.save('x.h5')` still writes."""
    return "model_weights" in stream or bool(_read_names(stream, "layer_names"))


def list_layers(stream: h5py.File) -> list[Layer]:
    """Return the layers with weights: of a legacy file in order, of others in order by class."""
    if is_legacy(stream):
        return [*_list_legacy(stream.get("model_weights", stream))]
    return [*_list_new(stream, (), (), set())]


def _list_legacy(group: h5py.Group) -> Iterator[Layer]:
    for outer in _read_names(group, "layer_names"):
        found: dict[str, list[str]] = {}
        for weight in _read_names(group[outer], "weight_names"):  # layer/kernel:0
            found.setdefault(weight.rpartition("/")[0] or outer, []).append(weight)
        for inner, weights in found.items():  # several: the layer is a model
            places = (outer, inner) if len(found) > 1 else (outer,)
            arrays = tuple(group[outer][weight].name for weight in weights)
            shapes = tuple(group[outer][weight].shape for weight in weights)
            yield Layer(places=places, names=places, arrays=arrays, shapes=shapes)


def _list_new(
    group: h5py.Group, places: tuple[str, ...], names: tuple[str, ...], seen: set[int]
) -> Iterator[Layer]:
    address = h5py.h5o.get_info(group.id).addr
    if address in seen:  # groups may hold each other
        return
    seen.add(address)
    own = group.get("vars", {})
    arrays = [own[key] for key in sorted(own, key=split_counter)]
    if places and arrays:
        paths, shapes = (each.name for each in arrays), (each.shape for each in arrays)
        yield Layer(places=places, names=names, arrays=tuple(paths), shapes=tuple(shapes))
    for key in sorted(group, key=split_counter):
        if key == "vars" or key in NO_LAYERS or not isinstance(group[key], h5py.Group):
            continue
        if key in LISTS:
            yield from _list_new(group[key], places, names, seen)
        else:
            inside = group[key].get("vars")
            name = _decode(inside.attrs.get("name", "")) if inside is not None else ""
            yield from _list_new(group[key], (*places, key), (*names, name), seen)


def split_counter(place: str) -> tuple[str, int]:
    """Return a class and its number: `conv2d_12` is (conv2d, 12), `conv2d` is (conv2d, 0)."""
    kind, number = re.fullmatch(r"(.*?)_?(\d*)", place, re.DOTALL).groups()  # type: ignore[union-attr]
    return kind, int(number or 0)


def _read_names(group: h5py.Group, attribute: str) -> list[str]:
    """Return names of a legacy file; Keras writes many in pieces, since HDF5 limits attributes."""
    pieces: list[Any] = []
    if attribute in group.attrs:
        pieces = [group.attrs[attribute]]
    while f"{attribute}{len(pieces)}" in group.attrs:
        pieces.append(group.attrs[f"{attribute}{len(pieces)}"])
    return [_decode(name) for piece in pieces for name in piece]


def _decode(text: str | bytes) -> str:
    return text.decode() if isinstance(text, bytes) else str(text)
