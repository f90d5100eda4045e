"""Build networks: the backbone as one fixed graph, the whole model from pixels to probabilities.

Nothing is loaded here (see `weights/pretrained_weights.py`) and nothing locked (see `freezing.py`).
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import keras

from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.pixel_scalings import DEVIATIONS_RGB, SCALINGS, Factor
from keras_transfer.models.graphs.own_graphs import OWN_GRAPHS
from keras_transfer.models.graphs.text_encoder import pool_mean
from keras_transfer.models.hub.hub_graphs import build_hub_graph
from keras_transfer.system.errors import ConfigError

# ImageNet's means of BGR in [0, 255].
CAFFE_MEANS_BGR = (103.939, 116.779, 123.68)


def build_backbone(row: Backbone, image_size: int) -> keras.Model:
    """Build a backbone with random weights.

    The graph does not depend on where weights will come from. For EfficientNet B0 to B7 it contains
    the `Rescaling` by 1/sqrt(deviation) that keras.applications adds for `weights="imagenet"` only:
    without it the published weights compute another function. Layers that Keras names by a counter
    of the whole process are renumbered, so the same row always has the same layer names, and layers
    that scale pixels compute in float32 under every dtype policy.

    Args:
        row: A row of `BACKBONES`.
        image_size: Side of the input in pixels, 32 or more; whatever, if it takes texts.

    Returns:
        A functional model named `"backbone"`. Of a text encoder from token ids, int32 (batch,
        length), see `build_text_encoder`. Of others from (batch, image_size, image_size, 3), scaled
        as the `preprocess_input` of keras.applications leaves it, to the last feature map; of a
        Vision Transformer, to a vector or tokens.

    References:
        The missing division by the deviation: https://github.com/tensorflow/tensorflow/issues/49930
    """
    build, rescale = row.build, False
    scaling = row.preset.scaling if row.preset else None
    if row.preset:
        network = build_hub_graph(row.preset, image_size)
    elif isinstance(build, str) and build not in OWN_GRAPHS:
        network = getattr(keras.applications, build)(
            weights=None, include_top=False, input_shape=(image_size, image_size, 3)
        )
        rescale = build.startswith("EfficientNetB")
    else:
        network = (OWN_GRAPHS[build] if isinstance(build, str) else build)(image_size)
    names = {each.name: each.name for each in network.operations}
    names = names if row.file else _stable_names(network)  # a user's layers are called as they are
    if row.takes == "texts":
        inputs = keras.Input((None,), dtype="int32", name="token_ids")
    else:
        inputs = keras.Input((image_size, image_size, 3), dtype="float32", name="pixels")
    return _fix_graph(network, inputs, rescale, scaling, names)


def build_model(
    row: Backbone,
    backbone: keras.Model,
    class_count: int,
    head: HeadConfig,
    make_head: Callable[[int], keras.Model] | None = None,
) -> keras.Model:
    """Build the classifier around a backbone: pixels, preprocessing, backbone, head; or token ids.

    The head computes in float32 under every dtype policy: it is small, and a mean over a feature
    map in float16 loses digits. The backbone's own dropout is switched off, so that a locked layer
    gives the same for the same image every time; the head has a dropout of its own. Whether
    BatchNorm statistics move is a matter of each layer's `trainable` (see `set_boundary`).

    Args:
        row: The row that `backbone` was built from.
        backbone: What `build_backbone` returned; it is used, not copied.
        class_count: Number of classes, 2 or more.
        head: Hidden layer, BatchNorm and dropout of the head.
        make_head: From the number of features to a model in the place of those, named `"head"`.

    Returns:
        A functional model from raw RGB in [0, 255], float32 (batch, size, size, 3), or from token
        ids, int32 (batch, length), to probabilities, float32 (batch, class_count).

    Raises:
        ConfigError: There are fewer than 2 classes.

    References:
        Inference mode while fine-tuning: https://keras.io/guides/transfer_learning/
    """
    if class_count < 2:
        raise ConfigError(
            f"A classifier must tell 2 or more classes apart. Received: {class_count}. "
            "Add a folder of examples for each other class."
        )
    texts = row.takes == "texts"
    inputs = keras.Input(
        backbone.input.shape[1:],
        dtype="int32" if texts else "float32",
        name="token_ids" if texts else "images",
    )
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0  # `backbone(pixels, training=False)` has no effect in `fit`
    features = backbone(inputs if texts else _preprocess(inputs, row.preprocess))
    x = _pool(features, texts)
    x = make_head(x.shape[-1])(x) if make_head else _add_head(x, head)
    probabilities = keras.layers.Dense(
        class_count, activation="softmax", dtype="float32", name="probabilities"
    )(x)
    return keras.Model(inputs, probabilities, name="classifier")


def _pool(features: keras.KerasTensor, texts: bool) -> keras.KerasTensor:
    """Make one vector an example: of a map, of tokens, or of what is one already."""
    rank = len(features.shape)
    if rank == 2:
        layer = keras.layers.Activation("linear", dtype="float32", name="pool")
    elif texts:
        layer = pool_mean(features)
    elif rank == 3:
        layer = keras.layers.GlobalAveragePooling1D(dtype="float32", name="pool")
    else:
        layer = keras.layers.GlobalAveragePooling2D(dtype="float32", name="pool")
    return layer(features)


def copy_graph(network: keras.Model, inputs: keras.KerasTensor) -> keras.Model:
    """Return a copy of a network on a new input, with new weights and names that stay the same."""
    names = _stable_names(network)

    def clone(operation: keras.Operation) -> keras.Operation:
        config = operation.get_config()
        if isinstance(operation, keras.layers.Layer):
            config["name"] = names[operation.name]
        copy = type(operation).from_config(config)
        copy.name = names[operation.name]
        return copy

    return keras.models.clone_model(network, input_tensors=inputs, clone_function=clone)


def _add_head(x: keras.KerasTensor, head: HeadConfig) -> keras.KerasTensor:
    if head.batch_norm:
        x = keras.layers.BatchNormalization(dtype="float32", name="head_batch_norm")(x)
    if head.hidden:
        x = keras.layers.Dense(head.hidden, activation="relu", dtype="float32", name="hidden")(x)
    return keras.layers.Dropout(head.dropout, dtype="float32", name="dropout")(x)


def _preprocess(images: keras.KerasTensor, mode: str) -> keras.KerasTensor:
    """Scale raw RGB in [0, 255] as the network was trained, by layers that every Keras can load."""
    if mode == "inside":
        return images
    if mode in SCALINGS:
        scale, offset = SCALINGS[mode]
        layer = keras.layers.Rescaling(scale, offset, dtype="float32", name="preprocessing")
        return layer(images)
    assert mode == "caffe", mode  # "asked" was settled
    # A model of its own, since the flip is a bare operation that cannot be named.
    rgb = keras.Input(images.shape[1:], dtype="float32", name="rgb")
    bgr = keras.ops.flip(rgb, axis=-1)
    offsets = [-mean for mean in CAFFE_MEANS_BGR]
    centred = keras.layers.Rescaling(1.0, offsets, dtype="float32", name="centre")(bgr)
    return keras.Model(rgb, centred, name="preprocessing")(images)


def _fix_graph(
    network: keras.Model,
    inputs: keras.KerasTensor,
    rescale: bool,
    scaling: tuple[Factor, Factor] | None,
    names: Mapping[str, str],
) -> keras.Model:
    """Copy a network with stable names, pixels in float32, and what it lacks.

    Args:
        network: Any functional model.
        inputs: Of the copy.
        rescale: Whether the division by the deviations is missing.
        scaling: What raw pixels are multiplied by and what is added then. None: nothing.
        names: Of its layers and operations -> as they are called in the copy.
    """

    def clone(operation: keras.Operation) -> keras.Operation:
        config = operation.get_config()
        if isinstance(operation, keras.layers.Layer):
            config["name"] = names[operation.name]
        if isinstance(operation, keras.layers.Rescaling | keras.layers.Normalization):
            config["dtype"] = "float32"  # float16 would round a resized pixel near 255 by 1/16
        copy = type(operation).from_config(config)
        copy.name = names[operation.name]  # MobileNetV3 contains bare operations such as x + 3
        return copy

    scaled = inputs
    if scaling:
        scaled = keras.layers.Rescaling(*scaling, dtype="float32", name="scaling")(inputs)

    def call(operation: keras.Operation, *args: Any, **kwargs: Any) -> Any:
        outputs = operation(*(scaled if each is inputs else each for each in args), **kwargs)
        if rescale and isinstance(operation, keras.layers.Normalization):
            scale = [1 / math.sqrt(deviation) for deviation in DEVIATIONS_RGB]
            outputs = keras.layers.Rescaling(scale, dtype="float32", name="rescaling_1")(outputs)
        return outputs

    graph = keras.models.clone_model(
        network, input_tensors=inputs, clone_function=clone, call_function=call
    )
    graph.name = "backbone"
    return graph


def _stable_names(network: keras.Model) -> dict[str, str]:
    """Map the names of layers and operations to those that they would have in a fresh process."""
    names, seen = {}, Counter[str]()
    for operation in network.operations:
        automatic = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(operation).__name__).lower()
        names[operation.name] = operation.name
        if re.fullmatch(rf"{automatic}(_\d+)?", operation.name):
            count = seen[automatic]
            names[operation.name] = f"{automatic}_{count}" if count else automatic
            seen[automatic] += 1
    return names
