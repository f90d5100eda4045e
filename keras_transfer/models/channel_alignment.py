"""Give the channels of one domain the mean and deviation that those of another have."""

from typing import Any

import keras
import numpy as np

from keras_transfer.models.cuts import ALIGNED, POOLED, Cut, find_frontiers

MOST_STRETCH = 10.0  # a channel that hardly varies in the one domain is not blown up further


def align_channels(
    model: keras.Model,
    cut: Cut,
    domain: tuple[np.ndarray, np.ndarray],
    wanted: tuple[np.ndarray, np.ndarray],
) -> keras.Model:
    """Return a classifier whose channels at a cut have the statistics that the rest learned with.

    The layer is a locked BatchNormalization: its moving statistics are those of the domain, its
    scale and shift those wanted. All other layers are those of `model`.

    Args:
        model: What `build_model` returned, in float32.
        cut: Pooled features, or a frontier of the backbone.
        domain: Means and standard deviations, (channels,) each, of the images that will be seen.
        wanted: The same of the images that were learned from.
    """
    (mean, deviation), (wanted_mean, wanted_deviation) = domain, wanted
    layer = keras.layers.BatchNormalization(
        epsilon=keras.config.epsilon(), trainable=False, dtype="float32", name=ALIGNED
    )
    backbone, pool = model.get_layer("backbone"), model.get_layer("pool")
    crossing = pool.output if cut == POOLED else find_frontiers(backbone)[cut.layer]
    layer.build(crossing.shape)
    least = wanted_deviation / MOST_STRETCH
    variance = np.maximum(deviation, least) ** 2
    layer.set_weights([wanted_deviation, wanted_mean, mean, variance])
    if cut == POOLED:
        return _rebuild(model, {pool.name: layer})
    return _rebuild(model, {}, _insert(backbone, crossing, layer))


def _rebuild(
    model: keras.Model, after: dict[str, keras.layers.Layer], backbone: keras.Model | None = None
) -> keras.Model:
    """Return the chain of a classifier's layers with others after some, or another backbone."""
    x = images = keras.Input(model.input.shape[1:], dtype=model.input.dtype, name=model.input.name)
    for layer in model.layers[1:]:
        x = (backbone if backbone is not None and layer.name == "backbone" else layer)(x)
        if layer.name in after:
            x = after[layer.name](x)
    return keras.Model(images, x, name=model.name)


def _insert(
    backbone: keras.Model, crossing: keras.KerasTensor, layer: keras.layers.Layer
) -> keras.Model:
    """Return a graph of the same layers in which one more takes what is made at a frontier."""
    maker = crossing._keras_history.operation

    def call(operation: keras.Operation, *args: Any, **kwargs: Any) -> Any:
        outputs = operation(*args, **kwargs)
        return layer(outputs) if operation is maker else outputs

    pixels = keras.Input(
        backbone.input.shape[1:], dtype=backbone.input.dtype, name=backbone.input.name
    )
    graph = keras.models.clone_model(
        backbone, input_tensors=pixels, clone_function=lambda each: each, call_function=call
    )
    graph.name = backbone.name
    return graph
