"""A model, however nested, as one graph of layers that can be locked, cut and looked into."""

import copy
import functools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import keras

from keras_transfer.models.own_network.resting_layers import (
    calm,
    crop_middle,
    is_left_out,
    list_within,
)
from keras_transfer.system.errors import ConfigError

CONVERSION = "ConvertToTensor"  # what calling the layers of a nested model puts before them
INPUT = "pixels"  # what `build_backbone` calls the input


class FlatGraph(NamedTuple):
    """One graph of a model's layers."""

    graph: keras.Model
    nested: Mapping[str, str]  # name of a layer -> of the nested model that it was in
    left_out: tuple[str, ...]  # names of the layers that acted in training alone


def flatten(model: keras.Model) -> FlatGraph:
    """Take the layers of all nested models into one graph; they are shared with the model.

    Layers keep their names; where two have the same, the later one gets that of its nested model
    in front. What acts in training alone is left out.

    Args:
        model: Functional or sequential, of one input and one output. Its layers get other names.
    """
    nested = _name_apart(model)
    graph = keras.Model(model.inputs[0], model.outputs[0])
    left_out: list[str] = []

    def call(operation: keras.Operation, *args: Any, **kwargs: Any) -> Any:
        kwargs.pop("training", None)  # the phases of a training decide that
        if isinstance(operation, keras.Model):
            return operation.call(*args, **kwargs)  # its layers, called one by one
        if type(operation).__name__ == CONVERSION:
            return args[0]
        if is_left_out(operation):
            left_out.append(operation.name)
            return args[0]
        if within := list_within(operation):
            if isinstance(operation, keras.layers.Wrapper):
                left_out.append(operation.name)
            return functools.reduce(lambda x, each: call(each, x), within, args[0])
        if isinstance(operation, keras.layers.RandomCrop):
            operation = crop_middle(operation)
        return operation(*args, **kwargs)

    while not _is_flat(graph):
        graph = keras.models.clone_model(
            keras.Model(graph.inputs[0], graph.outputs[0]),
            input_tensors=keras.Input(graph.inputs[0].shape[1:], dtype="float32", name=INPUT),
            clone_function=lambda operation: operation,
            call_function=call,
        )
    return FlatGraph(graph, nested, tuple(dict.fromkeys(left_out)))


def _is_flat(graph: keras.Model) -> bool:
    return not any(
        isinstance(each, keras.Model)
        or is_left_out(each)
        or list_within(each)
        or isinstance(each, keras.layers.RandomCrop)
        or type(each).__name__ == CONVERSION
        for each in graph.operations
    )


def copy_flat(graph: keras.Model, image_size: int | None) -> keras.Model:
    """Return a copy with new weights for images of another size, under the dtype policy in force.

    A layer without weights that is used at several places becomes several layers. Regularizers are
    dropped: the settings say what holds weights back.

    Args:
        graph: A flat graph.
        image_size: Side of the input in pixels. None: as it is.

    Raises:
        ConfigError: A layer with weights is used at several places.
    """
    shape = graph.inputs[0].shape[1:] if image_size is None else (image_size, image_size, 3)
    used: dict[int, int] = {}

    def call(operation: keras.Operation, *args: Any, **kwargs: Any) -> Any:
        times = used[id(operation)] = used.get(id(operation), 0) + 1
        if times > 1:
            if getattr(operation, "weights", None):
                raise ConfigError(
                    "`backbone` file:… must use each layer with weights at one place. Received: "
                    f"{operation.name!r} at several. Choose another network."
                )
            operation = _copy_operation(operation)
            operation.name = f"{operation.name}_again_{times - 1}"
        return operation(*args, **kwargs)

    return keras.models.clone_model(
        graph,
        input_tensors=keras.Input(shape, dtype="float32", name=INPUT),
        clone_function=_copy_operation,
        call_function=call,
    )


def _copy_operation(operation: keras.Operation) -> keras.Operation:
    config = copy.deepcopy(operation.get_config())
    if isinstance(operation, keras.layers.Layer):
        calm(config)
    made = type(operation).from_config(config)
    made.name = operation.name
    return made


def _name_apart(model: keras.Model) -> dict[str, str]:
    """Give all layers within a model names of their own; return the nested model of each."""
    seen, taken, nested = set[int](), {INPUT}, {}
    for operation, path in _list_operations(keras.Model(model.inputs, model.outputs), ()):
        if id(operation) in seen:
            continue
        seen.add(id(operation))
        name, outer = operation.name, list(path)
        while name in taken:
            name = f"{outer.pop()}_{name}" if outer else f"{name}_again"
        taken.add(name)
        operation.name = name
        if path:
            nested[name] = path[-1]
    return nested


def _list_operations(
    part: keras.Operation, path: tuple[str, ...]
) -> Iterator[tuple[keras.Operation, tuple[str, ...]]]:
    """Yield the layers in a part with the names of the nested models around each."""
    for operation in part.operations if isinstance(part, keras.Model) else list_within(part):
        if isinstance(operation, keras.Model):
            graph = keras.Model(operation.inputs, operation.outputs)  # of a sequential one, too
            yield from _list_operations(graph, (*path, operation.name))
        elif list_within(operation):
            yield from _list_operations(operation, path)
        elif not isinstance(operation, keras.layers.InputLayer):
            yield operation, path
