"""Text encoders of KerasHub as graphs of plain Keras layers: their shapes and their weights."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_transfer.models.backbones.hub_networks import HubNetwork
from keras_transfer.models.graphs.text_encoder import SHARED, TextEncoder

BY_TANH = ("BertBackbone", "ElectraBackbone", "AlbertBackbone")  # compute gelu so
DEBERTA = "DebertaV3Backbone"
EPSILONS = {"RobertaBackbone": 1e-5, "XLMRobertaBackbone": 1e-5, DEBERTA: 1e-7}
PARTS = ("attention", "norm_1", "mlp_1", "mlp_2", "norm_2")  # of a layer, as ours are called


def read_text_encoder(preset: HubNetwork) -> TextEncoder:
    """Return the shape of a preset's network.

    Raises:
        ValueError: It shares some of its layers only.
        KeyError: Its configuration lacks a number.
    """
    config, family = preset.config, preset.family
    albert = family == "AlbertBackbone"
    if albert and (config.get("num_groups", 1), config.get("num_inner_repetitions", 1)) != (1, 1):
        raise ValueError("it has several groups of shared layers")
    narrow = config.get("embedding_dim", config["hidden_dim"])
    return TextEncoder(
        layers=config["num_layers"],
        heads=config["num_heads"],
        width=config["hidden_dim"],
        mlp_width=config["intermediate_dim"],
        vocabulary=config["vocab_size" if family == "ElectraBackbone" else "vocabulary_size"],
        most_tokens=config.get("max_sequence_length", 512),
        segments=config.get("num_segments", 2) if family in BY_TANH else 0,
        embedding_width=narrow if albert or narrow != config["hidden_dim"] else 0,
        approximate=family in BY_TANH,
        epsilon=EPSILONS.get(family, 1e-12),
        pad=preset.pad,
        separator=preset.separator,
        pooling=preset.pooling or "mean",
        shared=albert,
        buckets=config.get("bucket_size", 256) if family == DEBERTA else 0,
    )


def list_text_values(network: Any) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Yield the weights of a network of KerasHub, each with the name of our layer for them."""
    distances = getattr(network, "relative_embeddings", None)
    yield "tokens", network.token_embedding.get_weights()[:1]
    if distances is None:
        embeddings = getattr(network, "embeddings", network)
        yield "positions", embeddings.position_embedding.get_weights()
    yield "embedded_norm", network.embeddings_layer_norm.get_weights()
    for name, theirs in (
        ("segments", "segment_embedding"),
        ("widened", "embeddings_projection"),
        ("pooler", "pooled_dense"),
    ):
        if layer := getattr(network, theirs, None):
            yield name, layer.get_weights()
    for number, layer in enumerate(network.transformer_layers, 1):
        if isinstance(layer, list):  # of ALBERT: the one that is shared
            parts = _list_parts(layer[0])
            yield SHARED, [array for part in parts for array in part.get_weights()]
            continue
        for name, part in zip(PARTS, _list_parts(layer), strict=True):
            table = distances.get_weights() if distances and name == "attention" else []
            yield f"layer_{number}_{name}", table + part.get_weights()


def _list_parts(layer: Any) -> list[Any]:
    return [
        layer._self_attention_layer,
        layer._self_attention_layer_norm,
        layer._feedforward_intermediate_dense,
        layer._feedforward_output_dense,
        layer._feedforward_layer_norm,
    ]
