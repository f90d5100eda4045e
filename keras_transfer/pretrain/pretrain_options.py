"""The command line of `pretrain`: settings of drawn pictures, or of images, never of both."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from keras_transfer.config.command_line import Parser, read_words
from keras_transfer.config.help.foreign_words import suggest_option
from keras_transfer.config.layers import explain_section
from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.pretrain.picture_settings import PretrainConfig
from keras_transfer.pretrain.self_supervised.self_supervised_settings import (
    VIEWS,
    SelfSupervisedConfig,
)
from keras_transfer.system.errors import ConfigError

ABOUT = (
    "Make a backbone's weights from pictures that formulas draw, or go on from weights by images "
    "without labels."
)

IMAGES = (
    "Go on from `weights` by these images: a folder, a pattern, or what --dataset of train takes. "
    "Labels are not read. (default: weights are made from drawn pictures)"
)

Config = PretrainConfig | SelfSupervisedConfig


def read_config(arguments: list[str]) -> tuple[Config, bool]:
    """Return the settings, those of images where `images` is given, and whether to only print them.

    Raises:
        ConfigError: A setting is unknown, does not fit, or belongs to the other way.
    """
    parser = Parser("pretrain", ABOUT)
    parser.add_argument("--config", type=str, help="YAML file with settings; options override it.")
    parser.add_argument(
        "--print_config", type=bool, default=False, help="Print the settings as YAML and exit."
    )
    parser.add_argument("--images", type=str, help=IMAGES)
    own = {"images"} | {field.name for field in dataclasses.fields(PretrainConfig)}
    parser.add_class_arguments(PretrainConfig, as_group=False)
    parser.add_class_arguments(SelfSupervisedConfig, as_group=False, skip=own)
    stated, options, printed = read_words(parser, arguments)
    changes = {**_read_section(stated), **_read_section(options)}
    given = {**stated, **options}
    images = given.get("images") is not None
    _refuse_unknown(given, images)
    if not images:
        return PretrainConfig(**given), printed
    first = AugmentConfig() if "preset" in changes else VIEWS  # a preset stands for all of them
    given["augment"] = dataclasses.replace(first, **changes)
    return SelfSupervisedConfig(**given), printed


def _read_section(layer: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what a layer of settings says of `augment`."""
    section = layer.get("augment") or {}
    if not isinstance(section, Mapping):
        raise ConfigError(explain_section("augment", section))
    known = {field.name for field in dataclasses.fields(AugmentConfig)}
    if unknown := [name for name in section if name not in known]:
        hint = suggest_option(f"augment.{unknown[0]}", [f"augment.{name}" for name in known])
        raise ConfigError(f"Unknown setting 'augment.{unknown[0]}'. {hint}")
    return dict(section)


def _refuse_unknown(given: Mapping[Any, Any], images: bool) -> None:
    """Refuse settings that are none, and those of the way that was not chosen."""
    of_pictures = [field.name for field in dataclasses.fields(PretrainConfig)]
    of_images = [field.name for field in dataclasses.fields(SelfSupervisedConfig)]
    for name in given:
        if name not in (*of_pictures, *of_images):
            known = [f"--{each}" for each in dict.fromkeys((*of_pictures, *of_images))]
            raise ConfigError(
                f"Unknown setting {str(name)!r}. {suggest_option(f'--{name}', known)}"
            )
        if images and name not in of_images:
            raise ConfigError(
                f"`{name}` must be left out with --images: it is about drawn pictures. Received "
                "both. Leave one of them out."
            )
        if not images and name not in of_pictures and name != "images":
            raise ConfigError(
                f"`{name}` must be left out without --images: it is about a user's images. "
                f"Received: {name} alone. Add --images FOLDER, or leave it out."
            )
