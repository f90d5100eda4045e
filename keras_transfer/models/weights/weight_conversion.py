"""Files of backbone weights: the formats that are read, and the one that the package ships."""

import itertools
import logging
import tempfile
from collections.abc import Iterable
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.models.weights.file_contents import (
    Layer,
    is_legacy,
    list_layers,
    open_weights,
)
from keras_transfer.models.weights.foreign_files import explain_mismatch
from keras_transfer.models.weights.layer_matching import (
    explain_choice,
    explain_misfit,
    find_fits,
)
from keras_transfer.models.weights.torch_files import read_tensors
from keras_transfer.system.errors import ConfigError

# A kernel of PyTorch is (output, input, height, width), and has one input of each channel where
# channels are filtered one by one; Keras has (height, width, input, output).
KERNEL, DEPTHWISE = (2, 3, 1, 0), (2, 3, 0, 1)
UNUSED = "num_batches_tracked"  # in BatchNorm of PyTorch

logger = logging.getLogger(__name__)


def save_half(network: keras.Model, file: Path) -> None:
    """Write the weights as float16, half the size; `load_weights` reads them into float32.

    Args:
        network: Weights beyond the range of float16, above 65,504, are cut to it.
        file: A `.weights.h5` file.
    """
    limit = float(np.finfo(np.float16).max)
    with tempfile.TemporaryDirectory(prefix="keras_transfer-") as folder:
        full = Path(folder) / "full.weights.h5"
        network.save_weights(full)
        with h5py.File(full) as source, h5py.File(file, "w") as target:

            def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
                if isinstance(item, h5py.Group):
                    made = target.require_group(name)
                elif item.dtype.kind == "f":
                    half = np.clip(item[()], -limit, limit).astype(np.float16)
                    made = target.create_dataset(name, data=half)
                else:
                    made = target.create_dataset(name, data=item[()])
                made.attrs.update(item.attrs)

            source.visititems(copy)


def convert_weights(file: Path, name: str, backbone: keras.Model, folder: Path) -> Path:
    """Return a file in the folder with the values of a backbone alone, as it saves its own.

    Args:
        file: Of any format that is read, of the backbone alone or of a model that it is part of.
            What else is in it is named in the log.
        name: Name of the backbone, for the error.
        backbone: What it is to fill; its values are not touched.
        folder: Of this process alone.

    Raises:
        ConfigError: The file holds no such layers, or more than once.
    """
    if file.suffix == ".pth":
        return _convert_tensors(file, backbone, folder)
    target = folder / "backbone.weights.h5"
    backbone.save_weights(target)
    with open_weights(file) as source, h5py.File(target, "r+") as filled:
        wanted = _sort_layers(list_layers(filled), backbone)
        found, legacy = list_layers(source), is_legacy(source)
        fits = find_fits(wanted, found, legacy)
        if len(fits) != 1:
            if fits:
                explained = explain_choice(wanted, fits)
            else:
                explained = explain_misfit(wanted, found, legacy, name)
            raise ConfigError(explain_mismatch(name, file, *explained))
        for layer, given in zip(wanted, fits[0], strict=True):
            for path, values in zip(layer.arrays, given.arrays, strict=True):
                del filled[path]
                source.copy(values, filled, path)  # with its type, which Keras casts
    taken = {layer.arrays for layer in fits[0]}
    if rest := [layer for layer in found if layer.arrays not in taken]:
        more = " …" if len(rest) > 2 else ""
        named = f"{', '.join(map(str, rest[:2]))}{more}"
        logger.info("Left aside: %s of %s, %s", count_of(len(rest), "layer"), file.name, named)
    return target


def _sort_layers(layers: Iterable[Layer], backbone: keras.Model) -> list[Layer]:
    """Return the layers of a file of the backbone in its order; the file knows that by class."""
    order: dict[tuple[str, ...], int] = {}

    def number(model: keras.Model, names: tuple[str, ...]) -> None:
        for layer in model.layers:
            order[*names, layer.name] = len(order)
            if isinstance(layer, keras.Model):
                number(layer, (*names, layer.name))

    number(backbone, ())
    return sorted(layers, key=lambda each: order.get(each.names, order.get(each.names[:1], 0)))


def _convert_tensors(file: Path, backbone: keras.Model, folder: Path) -> Path:
    """Give the tensors of PyTorch to a copy layer by layer: both have them in the same order.

    Those of the classifier come last and are left.
    """
    read = read_tensors(file).items()
    tensors = (tensor for name, tensor in read if not name.endswith(UNUSED))
    copy = keras.models.clone_model(backbone)
    for layer in copy.layers:
        found = list(itertools.islice(tensors, len(layer.weights)))
        by_channel = isinstance(layer, keras.layers.DepthwiseConv2D)
        axes = DEPTHWISE if by_channel else KERNEL
        layer.set_weights([each.transpose(axes) if each.ndim == 4 else each for each in found])
    target = folder / "converted.weights.h5"
    copy.save_weights(target)
    return target
