"""A given head: built once from the function, and refused where plain Keras could not open it."""

from collections.abc import Iterator
from typing import Any

import keras

from keras_transfer.models.build_model import copy_graph
from keras_transfer.models.precision import precision
from keras_transfer.system.errors import ConfigError


def build_head(given: Any, channels: int) -> keras.Model:
    """Build the layers between the pooled features and the softmax, with new weights.

    They compute in float32 under every dtype policy, as the program's own head does. Layers are
    copied, so that one that is used again in another training begins anew there.

    Args:
        given: A function or Keras layer, features (batch, channels) -> tensor (batch, units).
        channels: Of the features.

    Raises:
        ConfigError: It returns something else, or layers that plain Keras cannot open.
    """
    with precision("float32"):
        features = keras.Input((channels,), dtype="float32", name="features")
        found = given(features)
        _require_features(found, features, channels)
        graph = keras.Model(features, found)
        _require_plain(graph)
        head = copy_graph(graph, features)
    head.name = "head"
    return head


def _require_features(found: Any, features: Any, channels: int) -> None:
    must = f"`head` must turn features (batch, {channels}) into a tensor (batch, units) by layers"
    if not isinstance(found, keras.KerasTensor):
        raise ConfigError(f"{must} of Keras. Received: {type(found).__name__}.")
    if len(found.shape) != 2 or found.shape[1] is None:
        raise ConfigError(f"{must}. Received: {tuple(found.shape)}. Add a pooling or Flatten.")
    if found is features:
        raise ConfigError(f"{must}. Received: the features themselves. Set head.dropout 0 instead.")
    last = found._keras_history.operation
    if getattr(last, "activation", None) is keras.activations.softmax or isinstance(
        last, keras.layers.Softmax
    ):
        raise ConfigError(
            f"{must}, below the softmax, which is added. Received: a softmax of its own in "
            f"{last.name}. Leave that layer out."
        )


def _require_plain(graph: keras.Model) -> None:
    """Raise a `ConfigError` for what `keras.models.load_model` could not open elsewhere."""
    for name in _list_foreign(keras.saving.serialize_keras_object(graph)):
        raise ConfigError(
            "`head` must be made of Keras' own layers and operations, so that model.keras opens "
            f"wherever Keras is. Received: {name}. Write it with keras.layers and keras.ops."
        )


def _list_foreign(node: Any) -> Iterator[str]:
    """Yield the names of classes and functions in a model's config that are not of Keras."""
    if isinstance(node, list | tuple):
        for each in node:
            yield from _list_foreign(each)
    if not isinstance(node, dict):
        return
    if "class_name" in node and "module" in node:
        module = str(node["module"] or "").partition(".")[0]
        package = ">" in str(node.get("registered_name"))
        if node["class_name"] == "function":
            yield f"the function {node['config']}"
        elif module != "keras" or package or node["class_name"] == "Lambda":
            yield str(node["class_name"])
    for each in node.values():
        yield from _list_foreign(each)
