"""The one way in which values get into a backbone."""

import dataclasses
import tempfile
import warnings
from pathlib import Path

import keras
import numpy as np

from keras_transfer.models.hub.hub_rows import write_preset
from keras_transfer.models.own_network.network_files import holds_network
from keras_transfer.models.own_network.own_rows import write_network
from keras_transfer.models.weights.foreign_files import OTHER_FILE, explain_mismatch
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.models.weights.weight_conversion import convert_weights
from keras_transfer.system.errors import ConfigError

OWN = "file:"  # begins the names of backbones that are users' own networks


def load_weights(backbone: keras.Model, name: str, weights: Weights) -> None:
    """Put the values into the backbone; weights of kind none leave it as it is.

    Every value is first replaced by NaN, so that a layer which the file does not fill is noticed.
    Values are assigned through `keras.Model.load_weights` whatever their origin: `set_weights`
    would leave EfficientNet's Normalization layer with the old statistics.

    Args:
        backbone: What `build_backbone` returned for `name`.
        name: Name of the backbone, for the error.
        weights: What `find_weights` returned for `name`.

    Raises:
        ConfigError: The file is damaged or holds another network. The backbone is then unusable.
    """
    if weights.preset:
        with tempfile.TemporaryDirectory(prefix="keras_transfer-") as place:
            file = write_preset(backbone, weights.preset, Path(place))
            load_weights(backbone, name, dataclasses.replace(weights, preset=None, file=file))
        return
    given = weights.file
    if given is None:
        return
    if name.startswith(OWN) and holds_network(given):
        with tempfile.TemporaryDirectory(prefix="keras_transfer-") as place:
            file = write_network(backbone, given, Path(place))
            load_weights(backbone, name, dataclasses.replace(weights, file=file))
        return
    floating = [v for v in backbone.variables if keras.backend.is_float_dtype(v.dtype)]
    for variable in floating:
        variable.assign(np.full(variable.shape, np.nan))
    try:
        with tempfile.TemporaryDirectory(prefix="keras_transfer-") as folder:
            file = convert_weights(given, name, backbone, Path(folder))
            with warnings.catch_warnings(action="ignore"):  # of layers left as they were: NaN tells
                backbone.load_weights(file)
    except (ConfigError, MemoryError):
        raise
    except Exception as error:  # the libraries raise anything from KeyError to OSError here
        misfit = isinstance(error, ValueError)
        reason = "arrays that do not fit its layers" if misfit else "a damaged file"
        raise ConfigError(explain_mismatch(name, given, reason, OTHER_FILE)) from error
    if empty := [v.path for v in floating if keras.ops.any(keras.ops.isnan(v))]:
        reason = f"no numbers for {len(empty)} of its weights, {empty[0]} first"
        raise ConfigError(explain_mismatch(name, given, reason, OTHER_FILE))
