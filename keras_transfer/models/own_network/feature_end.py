"""Where the features of a network end and its classifier begins."""

from collections.abc import Sequence
from typing import NamedTuple

import keras

from keras_transfer.system.errors import ConfigError

# Names of classes, of layers and of bare operations.
DECIDING = ("Dense", "Conv2D", "Softmax")
PLACELESS = (
    *("Dropout", "Activation", "Softmax", "Flatten", "Sigmoid", "ReLU", "Relu"),
    *("GlobalAveragePooling1D", "GlobalMaxPooling1D", "TrueDivide", "Divide"),
)
AROUND_POOLING = (
    *("GlobalAveragePooling2D", "GlobalMaxPooling2D", "AveragePooling2D", "MaxPooling2D"),
    *("BatchNormalization", "LayerNormalization", "UnitNormalization", "LeakyReLU", "ELU"),
    *("PReLU", "Reshape", "Squeeze", "Mean", "Max", "Identity", "SpatialDropout2D"),
)
SEEING = ("Conv", "Attention", "Einsum")  # parts of names
ANSWERS = ("softmax", "sigmoid")  # activations


class FeatureEnd(NamedTuple):
    """The end of the features."""

    tensor: keras.KerasTensor
    left: tuple[str, ...]  # names of the layers behind it, in order


def find_feature_end(graph: keras.Model) -> FeatureEnd:
    """Return the last feature map before pooling, else tokens or a vector before the classifier.

    A network that ends without a classifier is taken whole.

    Args:
        graph: A flat graph of one output, in which each layer stands at one place.
    """
    whole = graph.outputs[0]
    head = _peel(graph, (*PLACELESS, *AROUND_POOLING))
    if not any(map(_decides, head)):
        return FeatureEnd(whole, ())
    if not _is_map(_enter(head[-1])):  # what normalizes a vector belongs to the features
        head = _peel(graph, PLACELESS)
    return FeatureEnd(_enter(head[-1]), tuple(each.name for each in reversed(head)))


def require_seeing(graph: keras.Model, name: str) -> None:
    """Raise `ConfigError` unless a network has convolutions or attention."""
    kinds = {type(each).__name__ for each in graph.operations}
    if not any(word in kind for kind in kinds for word in SEEING):
        raise ConfigError(
            "`backbone` file:… must have layers of convolution or attention, whose features are "
            f"used. Received: {name}, with none before its classifier. Choose another network."
        )


def _peel(graph: keras.Model, kinds: Sequence[str]) -> list[keras.Operation]:
    """Return the operations from the answer back to the features, the last one first."""
    made = {id(t): each for each in graph.operations for t in keras.tree.flatten(each.output)}
    tensor, peeled = graph.outputs[0], list[keras.Operation]()
    while not _is_map(tensor):
        operation = made[id(tensor)]
        inputs = keras.tree.flatten(operation.input)
        is_input = isinstance(operation, keras.layers.InputLayer)
        if is_input or len(inputs) != 1 or not _may_be_head(operation, kinds):
            break
        peeled.append(operation)
        tensor = inputs[0]
    return peeled


def _may_be_head(operation: keras.Operation, kinds: Sequence[str]) -> bool:
    kind, taken = type(operation).__name__, _enter(operation)
    if kind == "Dense":
        return len(taken.shape) != 3  # of tokens it is a part of a block
    if kind == "Conv2D":
        return tuple(taken.shape[1:3]) == (1, 1)  # a Dense by another name
    return kind in kinds


def _decides(operation: keras.Operation) -> bool:
    activation = getattr(getattr(operation, "activation", None), "__name__", "")
    return type(operation).__name__ in DECIDING or activation in ANSWERS


def _enter(operation: keras.Operation) -> keras.KerasTensor:
    return keras.tree.flatten(operation.input)[0]


def _is_map(tensor: keras.KerasTensor) -> bool:
    return len(tensor.shape) == 4 and tuple(tensor.shape[1:3]) != (1, 1)
