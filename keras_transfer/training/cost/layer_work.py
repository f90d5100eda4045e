"""What one example costs in the layers of a network: multiply-adds, and numbers written."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True)
class Work:
    """What one example costs in some layers."""

    products: int  # multiply-adds
    elements: int  # numbers written


def count_work(layers: Sequence[keras.layers.Layer], longest: int | None = None) -> Work:
    """Return the multiply-adds and the numbers written per example in these layers.

    Those of nested models count as often as they are called there.

    Args:
        layers: Of the network.
        longest: Rows of an example, where they are of any length.
    """
    products = elements = 0
    for layer in layers:
        for call in _list_calls(layer._inbound_nodes[0]):
            shape = _find_sides(call.outputs[0], longest)
            elements += math.prod(shape)
            products += _count_products(call, shape, longest)
    return Work(products, elements)


def _list_calls(call: Any) -> Iterator[Any]:
    """Yield the calls of operations that a call stands for: its own, or those within a model."""
    model = getattr(call.operation, "_functional", call.operation)  # what a Sequential holds
    within = getattr(model, "_nodes_by_depth", None)
    if within is None:
        yield call
        return
    for calls in within.values():
        for each in calls:
            if not isinstance(each.operation, keras.layers.InputLayer):
                yield from _list_calls(each)


def _count_products(call: Any, shape: Sequence[int], longest: int | None) -> int:
    """Return the multiply-adds of a call whose output has these sides."""
    layer, size = call.operation, math.prod(shape)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return size * math.prod(layer.kernel_size)
    if isinstance(layer, keras.layers.Conv2D):
        channels = call.input_tensors[0].shape[-1] // layer.groups
        return size * math.prod(layer.kernel_size) * channels
    if isinstance(layer, keras.layers.Dense):
        return size * call.input_tensors[0].shape[-1]
    if isinstance(layer, keras.layers.MultiHeadAttention):
        tokens = size // shape[-1]  # each meets the four projections, and twice all others
        weights = sum(math.prod(each.shape) for each in layer.weights)
        return tokens * weights + 2 * tokens * size
    if isinstance(layer, keras.layers.EinsumDense):
        return _count_einsum(layer.equation, [*call.input_tensors, layer.kernel], longest)
    if isinstance(equation := getattr(layer, "subscripts", None), str):  # `keras.ops.einsum`
        return _count_einsum(equation, call.input_tensors, longest)
    return 0


def _count_einsum(equation: str, factors: Sequence[Any], longest: int | None) -> int:
    """Return the product of all sides that an equation names, but for the batch."""
    letters = equation.partition("->")[0].split(",")
    sides: dict[str, int] = {}
    for names, factor in zip(letters, factors, strict=True):
        sides |= {
            name: side or longest or 1 for name, side in zip(names, factor.shape, strict=True)
        }
    return math.prod(sides.values()) // sides[equation[0]]


def _find_sides(tensor: Any, longest: int | None) -> list[int]:
    """Return the sides of a tensor without the batch."""
    return [side or longest or 1 for side in tensor.shape[1:]]
