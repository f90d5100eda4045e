"""Files of backbone weights: the formats that are read, and the one that the package ships."""

import itertools
import shutil
import tempfile
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np

from keras_transfer.models.weights.foreign_files import explain_mismatch
from keras_transfer.models.weights.torch_files import read_tensors
from keras_transfer.system.errors import ConfigError

# A kernel of PyTorch is (output, input, height, width), and has one input of each channel where
# channels are filtered one by one; Keras has (height, width, input, output).
KERNEL, DEPTHWISE = (2, 3, 1, 0), (2, 3, 0, 1)
UNUSED = "num_batches_tracked"  # in BatchNorm of PyTorch

SAVE_WEIGHTS = (
    "Open it where it was made, save the backbone alone by save_weights('backbone.weights.h5'), "
    "and give that file with --weights."
)


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
    """Return a file that `keras.Model.load_weights` reads rightly; a new one goes to `folder`.

    Args:
        file: Of any format that is read.
        name: Name of the backbone, for the error.
        backbone: What it is to fill; its values are not touched.
        folder: Of this process alone.

    Raises:
        ConfigError: The file cannot be opened.
    """
    if file.suffix == ".pth":
        return _convert_tensors(file, backbone, folder)
    if file.suffix == ".keras":
        try:
            model = keras.models.load_model(file, compile=False)
        except Exception as error:  # a class that is not Keras' own, a broken archive, …
            reason = (
                "a Keras model that does not open here, of another Keras or with its own classes"
            )
            raise ConfigError(explain_mismatch(name, file, reason, SAVE_WEIGHTS)) from error
        names = [layer.name for layer in model.layers]
        backbone = model.get_layer("backbone") if "backbone" in names else model
        target = folder / "backbone.weights.h5"
        backbone.save_weights(target)
        return target
    # Keras goes by the name. Keras 2 wrote the legacy format under any, `.weights.h5` included.
    with h5py.File(file, "r") as stream:
        legacy = "layer_names" in stream.attrs or "model_weights" in stream
    target = folder / ("legacy.h5" if legacy else "copy.weights.h5")
    if file.name.endswith(".weights.h5") == (not legacy):
        return file
    shutil.copyfile(file, target)
    return target


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
