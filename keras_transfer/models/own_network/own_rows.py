"""A user's network as a row, and its weights as a file."""

import copy
import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras

from keras_transfer.config.messages import name_some, say_fault
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.graphs.describe_graph import describe_graph
from keras_transfer.models.own_network.feature_end import find_feature_end, require_seeing
from keras_transfer.models.own_network.flat_graph import copy_flat, flatten
from keras_transfer.models.own_network.network_files import find_network, open_network
from keras_transfer.models.own_network.pixel_scaling import scales_pixels
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.file_hashes import hash_file
from keras_transfer.system.terminal.visible_text import show_name

USUAL_SIZE = 224  # where the network takes images of any size


class OwnNetwork(NamedTuple):
    """What a file holds, without its head."""

    graph: keras.Model  # flat, from pixels to features, with the values of the file
    nested: Mapping[str, str]  # name of a layer -> of the nested model that it was in
    left_out: tuple[str, ...]  # names of the layers that acted in training alone
    head: tuple[str, ...]  # names of the layers of its classifier


def describe_file(place: str) -> Backbone:
    """Return the row of a network in a file.

    Args:
        place: A .keras or .h5 file that holds a whole model.

    Raises:
        ConfigError: It is no such file, or holds a network that cannot be a backbone.
    """
    file = find_network(place).absolute()
    network = read_network(file)
    own = network.graph.inputs[0].shape[1]
    config = network.graph.get_config()

    def build(image_size: int) -> keras.Model:
        graph = keras.Model.from_config(copy.deepcopy(config))
        try:
            return copy_flat(graph, image_size)
        except ConfigError:
            raise
        except Exception as error:  # layers raise anything on shapes that they cannot take
            raise ConfigError(_say_size(file, own, image_size, error)) from error

    draft = Backbone(
        build=build,
        preprocess="inside" if scales_pixels(network.graph) else "asked",
        image_size=max(own or USUAL_SIZE, Backbone.least_size),
        file=file,
        file_sha256=hash_file(file),
    )
    row = describe_graph(draft, build_backbone(draft, draft.image_size), network.nested)
    return dataclasses.replace(row, notes=_take_notes(network, row))


def write_network(backbone: keras.Model, file: Path, folder: Path) -> Path:
    """Write the weights of the network in a file as a file that a backbone loads.

    Args:
        backbone: What `build_backbone` made of a network of the same layers; its values stay.
        file: A .keras or .h5 file that holds a whole model.
        folder: Gets the file.

    Raises:
        ConfigError: It is no such file, or holds other layers.
    """
    graph = read_network(find_network(str(file))).graph
    source = [layer for layer in graph.layers if layer.weights]
    filled = keras.models.clone_model(backbone)
    target = [layer for layer in filled.layers if layer.weights]
    ours, theirs = (
        [[tuple(weight.shape) for weight in layer.weights] for layer in layers]
        for layers in (target, source)
    )
    if ours != theirs:  # names of layers differ where Keras counts them
        pairs = zip(source, theirs, ours, strict=False)
        odd = next((f", first at {one.name}" for one, a, b in pairs if a != b), "")
        raise ConfigError(
            "`weights` must be those of a network of the same layers. Received: "
            f"{file}, whose {len(theirs)} layers with weights are not the {len(ours)} "
            f"needed{odd}. Give it as the backbone: --backbone file:{file}."
        )
    for one, other in zip(source, target, strict=True):
        other.set_weights(one.get_weights())
    written = folder / "network.weights.h5"
    filled.save_weights(written)
    return written


def read_network(file: Path) -> OwnNetwork:
    """Return the network of a file as a flat graph without its head.

    Raises:
        ConfigError: It cannot be opened, or is no network from one image to features.
    """
    model = open_network(file)
    _require_image(model, file)
    ours = _find_backbone(model)
    if ours is None:
        whole = flatten(model)
        graph = copy_with_values(whole.graph)
        features, head = find_feature_end(graph)
        graph = keras.Model(graph.inputs[0], features)
    else:
        features, head = ours
        whole = flatten(keras.Model(model.inputs, features))
        graph = copy_with_values(whole.graph)
    require_seeing(graph, file.name)
    rank = len(graph.outputs[0].shape)
    if rank not in (2, 3, 4):
        raise _refuse_network(file, f"one that answers with {graph.outputs[0].shape}")
    return OwnNetwork(graph, whole.nested, whole.left_out, head)


def _find_backbone(model: keras.Model) -> tuple[keras.KerasTensor, tuple[str, ...]] | None:
    """Return what the backbone of a model of this program answers, and the names of its head."""
    names = [layer.name for layer in model.layers]
    end = names.index("backbone") + 1 if "backbone" in names else len(names)
    if names[end : end + 1] != ["pool"]:
        return None
    return model.layers[end].input, tuple(names[end:])


def copy_with_values(graph: keras.Model) -> keras.Model:
    """Return a copy of a flat graph in which each layer stands at one place, with its values."""
    made = copy_flat(graph, None)
    values = {layer.name: layer for layer in graph.layers}
    for layer in made.layers:
        if layer.weights:
            layer.set_weights(values[layer.name].get_weights())
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
    return made


def _require_image(model: Any, file: Path) -> None:
    """Refuse a model that does not take one image of three colours, or has several answers."""
    if not (isinstance(model, keras.Model) and getattr(model, "inputs", None)):
        raise _refuse_network(file, "one whose input is not known: it was never called")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        inputs, outputs = len(model.inputs), len(model.outputs)
        raise _refuse_network(file, f"one of {inputs} inputs and {outputs} outputs")
    shape = tuple(model.inputs[0].shape[1:])
    if len(shape) != 3:
        raise _refuse_network(file, f"one that takes {shape}")
    if shape[-1] != 3:
        kinds = {1: "one of grey images", 4: "one of images with transparency"}
        kind = kinds.get(shape[-1], "one of images with other channels")
        raise _refuse_network(file, f"{kind}, {shape}")


def _refuse_network(file: Path, received: str) -> ConfigError:
    return ConfigError(
        "`backbone` file:… must be a network from one image (rows, columns, 3), in colour, to one "
        f"answer. Received: {file}, {received}. Choose another network."
    )


def _say_size(file: Path, own: int | None, image_size: int, error: Exception) -> str:
    fixed = f", made for {own} pixels" if own else ""
    bold = re.search(r"\x1b\[1m(.*?)\x1b\[0m", str(error), re.DOTALL)  # what a layer said itself
    reason = " ".join(bold[1].split()).rstrip(".") if bold else say_fault(error)
    return (
        f"`data.image_size` must suit the layers of {file}{fixed}. Received: {image_size}, and "
        f"Keras says: {reason}. "
        + (f"Choose --image_size {own}." if own else "Choose another --image_size.")
    )


def _take_notes(network: OwnNetwork, row: Backbone) -> tuple[str, ...]:
    shape = tuple(row_side or "any" for row_side in network.graph.outputs[0].shape[1:])
    last = show_name(network.graph.layers[-1].name)
    taken = f"{row.layers} layers of the file, up to {last} ({' x '.join(map(str, shape))})"
    notes = [f"Backbone: {taken}; left off: {name_some(network.head) or 'nothing'}"]
    if row.preprocess == "inside":
        notes.append("Its first layers scale pixels: it gets RGB in [0, 255]")
    if network.left_out:
        notes.append(
            f"Left out, as they act in training alone: {name_some(network.left_out)}. "
            "Augmentation and penalties are those of the settings"
        )
    return tuple(notes)
