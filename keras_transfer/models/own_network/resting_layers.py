"""What layers do in training alone: which are left out for it, opened, or told to rest."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_transfer.system.errors import ConfigError

# Layers that change images at random in training, and nothing in inference; all Random… do, too.
AUGMENTING = ("RandAugment", "AugMix", "CutMix", "MixUp", "Solarization")
# Layers that disturb features in training, or add to the loss; `build_model` rests those of
# keras.layers.Dropout.
DISTURBING = (
    *("GaussianNoise", "GaussianDropout", "AlphaDropout", "StochasticDepth"),
    "ActivityRegularization",
)
INSIDE = ("dropout", "recurrent_dropout")  # settings of layers that do so within, as of attention


def list_within(operation: keras.Operation) -> Sequence[keras.Operation]:
    """Return the layers that stand one after the other for a layer in inference; mostly none.

    A layer that `SpectralNormalization` wraps has its kernel as that scaled it last.
    """
    if isinstance(operation, keras.layers.Pipeline):
        return list(operation.layers)
    if isinstance(operation, keras.layers.SpectralNormalization):
        return [operation.layer]
    return []


def crop_middle(operation: keras.layers.RandomCrop) -> keras.layers.CenterCrop:
    """Return what crops to the same size in inference, as the layers behind it were made for.

    Keras 3.15 itself hands on the whole image then, against the shape that it states.
    """
    return keras.layers.CenterCrop(operation.height, operation.width, name=operation.name)


def is_left_out(operation: keras.Operation) -> bool:
    """Tell whether a layer does nothing in inference, and something in training.

    Raises:
        ConfigError: It is a wrapper of several layers, of which some might.
    """
    if isinstance(operation, keras.layers.SpectralNormalization):
        return False
    if isinstance(operation, keras.layers.Wrapper):
        inner = operation.layer
        several = isinstance(inner, keras.Model | keras.layers.RandomCrop) or list_within(inner)
        if several:
            raise ConfigError(
                "`backbone` file:… must wrap single layers alone, and no RandomCrop. Received: "
                f"{operation.name!r}, {type(operation).__name__} of {type(inner).__name__}. Wrap "
                "its layers one by one, and save the model anew."
            )
        return isinstance(inner, keras.layers.Dropout) or is_left_out(inner)
    kind = type(operation).__name__
    augments = kind.startswith("Random") and kind != "RandomCrop"
    return augments or kind in (*AUGMENTING, *DISTURBING)


def calm(config: dict[str, Any]) -> None:
    """Take from a layer's configuration what settings decide: dtype, lock, penalties, dropout.

    Args:
        config: Of a layer; those of layers within it are changed as well.
    """
    for key in ("dtype", "trainable"):
        config.pop(key, None)
    _calm_part(config)


def _calm_part(part: Any) -> None:
    if isinstance(part, list | tuple):
        for each in part:
            _calm_part(each)
    if not isinstance(part, dict):
        return
    for key, value in part.items():
        if key.endswith("_regularizer"):
            part[key] = None
        elif key in INSIDE:
            part[key] = 0.0
        elif isinstance(value, dict) and "trainable" in value:
            calm(value)  # of a layer within
        else:
            _calm_part(value)
