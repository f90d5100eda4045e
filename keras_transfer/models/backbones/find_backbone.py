"""From the name of a backbone to its row: of the table, of KerasHub, or of a file."""

from collections.abc import Callable, Mapping
from functools import cache

from keras_transfer.config.full_paths import find_origin
from keras_transfer.config.lookup import lookup
from keras_transfer.config.messages import say_value
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import import_tensorflow


def find_backbone(name: str, anew: bool = False) -> Backbone:
    """Return what is known of a backbone.

    A row of the table needs neither Keras nor TensorFlow. Others are looked into, once a process:
    a training goes on with what it began with, whatever becomes of the file.

    Args:
        name: A row of `BACKBONES`, or one of `ORIGINS`, a colon, and what that asks for.
        anew: Whether to look into it once more, as a training does that begins.

    Raises:
        ConfigError: There is no such backbone, or it cannot be had.
    """
    origin, colon, place = find_origin(name).partition(":")
    if colon and origin.lower() in ORIGINS and not (place and origin in ORIGINS):
        raise ConfigError(
            "`backbone` must say what, behind hub: a preset, behind file: a model. Received: "
            f"{say_value(name)}. For example hub:resnet_18_imagenet, or file:my_network.keras."
        )
    if colon and origin in ORIGINS:
        if anew:
            _look_into.cache_clear()
        return _look_into(origin, place)
    return lookup(BACKBONES, "backbone", name)


@cache
def _look_into(origin: str, place: str) -> Backbone:
    return ORIGINS[origin](place)


def _find_in_hub(place: str) -> Backbone:
    import_tensorflow()
    from keras_transfer.models.hub.hub_rows import describe_preset

    return describe_preset(place)


def _find_in_file(place: str) -> Backbone:
    import_tensorflow()
    from keras_transfer.models.own_network.own_rows import describe_file

    return describe_file(place)


# What may stand before the colon in the name of a backbone.
ORIGINS: Mapping[str, Callable[[str], Backbone]] = {
    "hub": _find_in_hub,
    "file": _find_in_file,
}
