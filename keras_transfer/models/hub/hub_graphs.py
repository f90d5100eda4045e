"""From a network of KerasHub to a graph whose layers are there to be locked, cut and looked into.

Where KerasHub hides blocks within layers of its own, the graph is built anew from plain Keras
layers (see FAMILIES), so that a model opens where KerasHub is not installed. Other networks are
taken layer by layer as they are.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_transfer.config.messages import say_fault
from keras_transfer.models.backbones.hub_networks import HubNetwork
from keras_transfer.models.graphs.text_encoder import build_text_encoder
from keras_transfer.models.graphs.vision_transformer import (
    POSITIONS,
    Transformer,
    build_vision_transformer,
)
from keras_transfer.models.hub.hub_presets import import_hub, require_hub
from keras_transfer.models.hub.text_graphs import list_text_values, read_text_encoder
from keras_transfer.system.errors import ConfigError

Values = Iterator[np.ndarray]


class Family(NamedTuple):
    """How a network with hidden blocks becomes a graph of ours."""

    read: Callable[[Mapping[str, Any]], Transformer]  # from its configuration
    list_values: Callable[[Any], Values]  # from a network of KerasHub, in the order of our layers


def build_hub_graph(preset: HubNetwork, image_size: int) -> keras.Model:
    """Build the network of a preset with random weights, without its classifier.

    Args:
        preset: What KerasHub is told; its weights are not read.
        image_size: Side of the input in pixels; that of a text encoder is not asked for.

    Returns:
        A functional model from pixels as the network expects them to the last feature map, to
        tokens, or to one vector an image; for texts see `build_text_encoder`.

    Raises:
        ConfigError: The network cannot have this size, or does not give one such tensor.
    """
    if preset.pooling:
        return _build_text(preset)
    try:
        if family := FAMILIES.get(preset.family):
            shape = family.read(preset.config)
            if image_size % shape.patch:
                raise ValueError(f"it divides an image into squares of {shape.patch} pixels")
            return build_vision_transformer(shape, image_size)
        network = build_hub_network(preset, image_size)
    except ConfigError:
        raise
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"`data.image_size` must suit hub:{preset.name}. Received: {image_size}, and its "
            f"network says: {' '.join(str(error).split())}. Choose another --image_size, or "
            "another --backbone."
        ) from error
    if not isinstance(network.output, keras.KerasTensor) or len(network.output.shape) not in (2, 4):
        raise ConfigError(
            "`backbone` hub:… must be a network from one image to one feature map. Received: "
            f"{preset.name}, a {preset.family}. Choose a preset of image classification."
        )
    return keras.Model(network.input, network.output)


def _build_text(preset: HubNetwork) -> keras.Model:
    try:
        return build_text_encoder(read_text_encoder(preset))
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"`backbone` hub:… must be a network that can be built. Received: {preset.name}, a "
            f"{preset.family}: {say_fault(error)}. Choose another preset."
        ) from error


def build_hub_network(preset: HubNetwork, image_size: int) -> Any:
    """Return the network as KerasHub builds it, with random weights and without dropout."""
    require_hub(f"--backbone hub:{preset.name}")
    import_hub()
    import keras_hub

    config = {
        name: 0.0 if "drop" in name and isinstance(value, float) else value
        for name, value in preset.config.items()
        if name not in ("name", "trainable", "dtype")
    }
    if "image_shape" in config:
        config["image_shape"] = (image_size, image_size, 3)
    return getattr(keras_hub.models, preset.family)(**config)


def fill_hub_graph(graph: keras.Model, network: Any, preset: HubNetwork) -> None:
    """Give a graph the weights of a network of KerasHub, position embeddings to its own size.

    Args:
        graph: What `build_backbone` made of the preset, at any image size.
        network: The preset's network with its weights.
        preset: Of both.

    References:
        Resized position embeddings: Dosovitskiy et al. 2021, section 3.2.
    """
    if preset.pooling:
        values = dict(list_text_values(network))
        for layer in graph.layers:
            if layer.weights:
                layer.set_weights(values[layer.name])
        return
    with_weights = [layer for layer in graph.layers if layer.weights]
    if family := FAMILIES.get(preset.family):
        ordered = family.list_values(network)
        for layer in with_weights:
            found = [next(ordered) for _ in layer.weights]
            if layer.name == POSITIONS:
                found = [resize_positions(found[0], layer.weights[0].shape[0])]
            layer.set_weights(found)
        return
    theirs = [layer for layer in network.layers if layer.weights]
    for layer, other in zip(with_weights, theirs, strict=True):
        layer.set_weights(other.get_weights())


def resize_positions(positions: np.ndarray, count: int) -> np.ndarray:
    """Return position embeddings of a square of another side, interpolated as an image is.

    Args:
        positions: (places, width); where a class token has a place, it is the first.
        count: Of places, with as many beside the square.
    """
    if len(positions) == count:
        return positions
    beside = 0 if math.isqrt(count) ** 2 == count else 1
    old, new = (math.isqrt(total - beside) for total in (len(positions), count))
    square = positions[beside:].reshape(1, old, old, -1).astype("float32")
    resized = keras.ops.image.resize(square, (new, new), interpolation="bicubic", antialias=True)
    flat = np.asarray(resized).reshape(new * new, -1)
    return np.concatenate([positions[:beside], flat]).astype(positions.dtype)


# --- ViT ----------------------------------------------------------------------------------------


def _read_vit(config: Mapping[str, Any]) -> Transformer:
    patch, (height, width, _) = config["patch_size"], config["image_shape"]
    if height != width:
        raise ValueError(f"it takes images of {height} x {width} pixels, which are no squares")
    return Transformer(
        patch=patch if isinstance(patch, int) else patch[0],
        blocks=config["num_layers"],
        heads=config["num_heads"],
        width=config["hidden_dim"],
        mlp_width=config["mlp_dim"],
        class_token=config.get("use_class_token", True),
        patch_bias=config.get("use_patch_bias", True),
        attention_bias=config.get("use_mha_bias", True),
        mlp_bias=config.get("use_mlp_bias", True),
        epsilon=config.get("layer_norm_epsilon", 1e-6),
    )


def _list_vit(network: Any) -> Values:
    start, encoder = network.layers[1:3]
    yield from start.patch_embedding.get_weights()
    token = start.class_token if start.use_class_token else None
    yield _join_class_token(start.position_embedding.get_weights()[0], token)
    for block in encoder.encoder_layers:
        for part in (block.layer_norm_1, block.mha, block.layer_norm_2):
            yield from part.get_weights()
        yield from (*block.mlp.dense_1.get_weights(), *block.mlp.dense_2.get_weights())
    yield from encoder.layer_norm.get_weights()


# --- the image tower of CLIP ---------------------------------------------------------------------


def _read_clip(config: Mapping[str, Any]) -> Transformer:
    tower = config["vision_encoder"]["config"]
    return Transformer(
        patch=tower["patch_size"],
        blocks=tower["num_layers"],
        heads=tower["num_heads"],
        width=tower["hidden_dim"],
        mlp_width=tower["intermediate_dim"],
        patch_bias=False,
        pre_norm=True,
        activation=tower["intermediate_activation"],
        epsilon=1e-5,
    )


def _list_clip(network: Any) -> Values:
    tower = network.vision_encoder
    start = tower.embedding
    yield from start.patch_embedding.get_weights()
    positions = start.position_embedding.get_weights()[0][np.ravel(start.position_ids)]
    yield _join_class_token(positions, start.class_embedding)
    yield from tower.pre_layer_norm.get_weights()
    for block in tower.encoder_layers:
        for part in (block.layer_norm_1, block.attention, block.layer_norm_2):
            yield from part.get_weights()
        yield from (*block.dense_1.get_weights(), *block.dense_2.get_weights())
    yield from tower.layer_norm.get_weights()


def _join_class_token(positions: np.ndarray, token: Any) -> np.ndarray:
    """Return position embeddings with the class token in the first."""
    joined = positions.copy()
    if token is not None:
        joined[0] += np.asarray(token).reshape(-1)
    return joined


FAMILIES: Mapping[str, Family] = {
    "ViTBackbone": Family(_read_vit, _list_vit),
    "CLIPBackbone": Family(_read_clip, _list_clip),
}
