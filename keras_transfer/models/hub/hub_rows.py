"""A preset of KerasHub as a row, and its weights as a file."""

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.hub_networks import HubNetwork
from keras_transfer.models.backbones.pixel_scalings import Factor
from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.graphs.describe_graph import describe_graph
from keras_transfer.models.hub.hub_graphs import build_hub_graph, fill_hub_graph
from keras_transfer.models.hub.hub_presets import Preset, open_preset
from keras_transfer.models.hub.text_graphs import read_text_encoder
from keras_transfer.models.hub.text_presets import find_marks, require_same_tokens
from keras_transfer.system.errors import ConfigError

USUAL_SIZE = 224  # where neither the preset's converter nor its network names one


def describe_preset(name: str) -> Backbone:
    """Return the row of a preset; its weights are not read.

    Args:
        name: What `open_preset` takes.

    Raises:
        ConfigError: There is no such preset, it cannot be had, or it is no network for images or
            texts.
    """
    found = open_preset(name, f"--backbone hub:{name}")
    if found.kind == "text":
        return _describe_text(name, found)
    converter = found.load_image_converter()
    preset = HubNetwork(
        name=name,
        family=found.backbone,
        config=found.config,
        scale=_to_factor(converter.scale),
        offset=_to_factor(converter.offset),
    )
    draft = Backbone(image_size=_find_size(converter, found.config), preset=preset)
    return describe_graph(draft, build_backbone(draft, draft.image_size))


def _describe_text(name: str, found: Preset) -> Backbone:
    pad, separator = find_marks(found.load_tokenizer())
    preset = HubNetwork(
        name=name,
        family=found.backbone,
        config=found.config,
        pooling=found.find_pooling(),
        pad=pad,
        separator=separator,
    )
    graph = build_hub_graph(preset, 0)
    shape = read_text_encoder(preset)
    draft = Backbone(
        takes="texts",
        preset=preset,
        most_tokens=shape.most_tokens,
        shares_layers=shape.shared,
    )
    return describe_graph(draft, graph)


def write_preset(backbone: keras.Model, preset: HubNetwork, folder: Path) -> Path:
    """Write the weights of a preset as a file that a backbone loads.

    Args:
        backbone: What `build_backbone` made of the preset, at any size; it gets them, too.
        preset: Its weights are downloaded if need be.
        folder: Gets the file.

    Raises:
        ConfigError: They cannot be had, are of another network, or are made for pixels scaled in
            another way.
    """
    found = open_preset(preset.name, f"--backbone hub:{preset.name}")
    if preset.pooling:
        _check_shape(preset, found)
        require_same_tokens(preset, found.load_tokenizer())
    else:
        _check_scaling(preset, found.load_image_converter())
    fill_hub_graph(backbone, found.load_backbone(), preset)
    file = folder / "preset.weights.h5"
    backbone.save_weights(file)
    return file


def _to_factor(value: Any) -> Factor | None:
    if value is None:
        return None
    found = tuple(float(each) for each in np.ravel(value))
    return found[0] if len(found) == 1 else found


def _find_size(converter: Any, config: Any) -> int:
    for shape in (converter.image_size, config.get("image_shape")):
        if shape and shape[0]:
            return int(shape[0])
    return USUAL_SIZE


def _check_shape(preset: HubNetwork, found: Preset) -> None:
    """Raise a `ConfigError` if a preset's network has not the shape of a row's."""
    theirs = dataclasses.replace(preset, family=found.backbone, config=found.config)
    wanted = read_text_encoder(preset)
    fits = found.kind == "text" and preset.family == found.backbone
    if not (fits and read_text_encoder(theirs) == wanted):
        raise ConfigError(
            f"`weights` must be those of a {preset.family} of {wanted.layers} layers and width "
            f"{wanted.width}, with {wanted.vocabulary:,} tokens. Received: {found.source}, which "
            f"holds another network. Choose --backbone hub:{found.source}."
        )


def _check_scaling(preset: HubNetwork, converter: Any) -> None:
    """Raise a `ConfigError` if the row scales pixels in another way than the preset says."""
    scale, offset = _to_factor(converter.scale), _to_factor(converter.offset)
    stated = dataclasses.replace(preset, scale=scale, offset=offset)
    ours, theirs = (
        [np.broadcast_to(each, 3) for each in found.scaling or (1.0, 0.0)]
        for found in (preset, stated)
    )
    if not np.allclose(ours, theirs, rtol=1e-3, atol=1e-6):
        raise ConfigError(
            f"The pixels of {preset.name} must be scaled as its converter says, by "
            f"{converter.scale} and {converter.offset}. Received: a row of this program that "
            f"scales by {preset.scale} and {preset.offset}. Choose --backbone "
            f"hub:{preset.name}, which reads them from the preset."
        )
