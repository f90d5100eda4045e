"""What an HDF5 file of weights holds, layer by layer, and where it differs from a backbone."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import h5py  # type: ignore[import-untyped]

from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.weights.foreign_files import OTHER_FILE, explain_mismatch
from keras_transfer.system.errors import ConfigError

if TYPE_CHECKING:
    import keras

NEARLY = 0.99  # of the numbers of a network; files may lack counters

Shapes = tuple[tuple[int, ...], ...]  # of the weights of a layer, sorted


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer with weights."""

    model: str
    """Name of the nested model that it is in; "": none."""
    name: str
    shapes: Shapes

    @property
    def largest(self) -> tuple[int, ...]:
        """Shape of its kernel, in most layers."""
        return max(self.shapes, key=lambda shape: (len(shape), shape))

    def __str__(self) -> str:
        return f"{self.name} ({' x '.join(map(str, self.largest))})"


def explain_contents(file: Path, backbone: "keras.Model", name: str) -> tuple[str, str] | None:
    """Return what a file holds other than a backbone alone, and what to do; None: unknown.

    Layers are told apart by the shapes of their weights, since names change from file to file.

    Args:
        file: HDF5, in either format that Keras has written. Only shapes are read.
        backbone: What the file was to fill.
        name: Name of the backbone.
    """
    try:
        found = list_layers(file)
    except (OSError, KeyError, ValueError, RuntimeError, AttributeError):  # a damaged file
        return None
    wanted = [
        Layer(model="", name=layer.name, shapes=_sort([tuple(v.shape) for v in layer.weights]))
        for layer in backbone.layers
        if layer.weights
    ]
    rest = Counter(layer.shapes for layer in found)
    for layer in wanted:
        if not rest[layer.shapes]:
            return _say_difference(layer, found, name) if found else None
        rest[layer.shapes] -= 1
    around = Counter(layer.model for layer in found).most_common(1)[0][0]
    if not (rest.total() or around):
        return None
    extra = []
    for layer in reversed(found):  # a head comes last
        if rest[layer.shapes]:
            rest[layer.shapes] -= 1
            extra.append(layer)
    return _say_whole(around, extra[::-1], len(wanted), name)


def count_numbers(file: Path) -> int | None:
    """Return how many numbers the layers of a file hold; None: it is of another format.

    This needs neither Keras nor a network.
    """
    try:
        return sum(math.prod(shape) for layer in list_layers(file) for shape in layer.shapes)
    except (OSError, KeyError, ValueError, RuntimeError, AttributeError):  # .keras, or damaged
        return None


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


def list_layers(file: Path) -> list[Layer]:
    """Return the layers with weights in a file of either format."""
    with h5py.File(file, "r") as stream:
        legacy = stream.get("model_weights", stream)
        if "layer_names" in legacy.attrs:
            return [*_list_legacy(legacy)]
        return [*_list_new(stream, "", file.stem)]


def _list_legacy(group: h5py.Group) -> Iterator[Layer]:
    for outer in map(_decode, group.attrs["layer_names"]):
        shapes: dict[str, list[tuple[int, ...]]] = {}
        for weight in map(_decode, group[outer].attrs["weight_names"]):
            name = weight.rsplit("/", 1)[0]  # layer/kernel:0
            shapes.setdefault(name, []).append(group[outer][weight].shape)
        for name, several in shapes.items():
            inner = name.rsplit("/", 1)[-1]
            nested = len(shapes) > 1
            yield Layer(model=outer if nested else "", name=inner, shapes=_sort(several))


def _list_new(group: h5py.Group, model: str, place: str) -> Iterator[Layer]:
    name, shapes = place, []
    if "vars" in group:
        name = _decode(group["vars"].attrs.get("name", place))  # none before Keras 3.6
        shapes = [each.shape for each in group["vars"].values()]
    if shapes:
        yield Layer(model=model, name=name, shapes=_sort(shapes))
    if "layers" in group:
        inside = "" if group.name == "/" else name
        for below, each in group["layers"].items():
            yield from _list_new(each, inside, below)


def _decode(text: str | bytes) -> str:
    return text.decode() if isinstance(text, bytes) else str(text)


def _sort(shapes: Sequence[tuple[int, ...]]) -> Shapes:
    return tuple(sorted(shapes))


def _say_difference(layer: Layer, found: Sequence[Layer], name: str) -> tuple[str, str]:
    """Name the first layer of the backbone that the file does not hold."""

    def count_alike(other: Layer) -> tuple[bool, int]:
        sizes = zip(layer.largest, other.largest, strict=False)
        return other.name == layer.name, sum(one == two for one, two in sizes)

    return (
        f"another network. The first layer that differs is {layer} of {name}; the nearest of "
        f"{len(found)} in the file is {max(found, key=count_alike)}",
        "Choose the backbone they belong to with --backbone, or another file with --weights.",
    )


def _say_whole(model: str, extra: Sequence[Layer], count: int, name: str) -> tuple[str, str]:
    """Say that the backbone is there: in another model, or with its head."""
    where = f" in the nested model {model!r}" if model else ""
    more = f", and {len(extra)} more: {', '.join(map(str, extra[:2]))}" if extra else ""
    more += " …" if len(extra) > 2 else ""
    part = f"model.get_layer({model!r})" if model else "keras.Model(model.input, FEATURES)"
    named = "" if model else ", where FEATURES is the output of its last layer before the pooling"
    return (
        f"all {count} layers with weights of {name}{where}{more}",
        f"The backbone is right; save it alone, in Keras: {part}.save_weights"
        f"('{name}.weights.h5'){named}. Give that file with --weights.",
    )
