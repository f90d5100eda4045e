"""AUGMENTATIONS: named strengths of the random changes; `augment.py` applies them to pixels."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keras_transfer.config.sections.augment_settings import AugmentConfig


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far each change may go; 0 switches it off (`crop`: 1)."""

    flip: bool = False  # left-right, in half of the views
    rotation: float = 0.0  # degrees either way
    zoom: float = 0.0  # up to this share closer or farther
    shift: float = 0.0  # share of the side, either way and axis
    brightness: float = 0.0  # share of the range, either way
    contrast: float = 0.0  # share, either way
    saturation: float = 0.0  # share, either way
    flip_vertical: bool = False  # upside down, in half of the views
    crop: float = 1.0  # least share of the area that is kept
    hue: float = 0.0  # share of the colour circle, either way
    grayscale: float = 0.0  # probability
    blur: float = 0.0  # probability
    erase: float = 0.0  # probability
    randaugment: float = 0.0  # magnitude, up to 10
    mixup: float = 0.0  # alpha
    cutmix: float = 0.0  # alpha

    @property
    def mixes(self) -> bool:
        """Whether images are mixed with others of their batch."""
        return self.mixup > 0 or self.cutmix > 0

    def without_mixes(self) -> "Augmentation":
        """Return what changes images one by one."""
        return dataclasses.replace(self, mixup=0.0, cutmix=0.0)

    def for_prediction(self) -> "Augmentation":
        """Return what leaves a view as easy to recognise as a photograph: test-time views."""
        return dataclasses.replace(self.without_mixes(), erase=0.0, randaugment=0.0)


_STANDARD = Augmentation(flip=True, rotation=10.0, zoom=0.15, shift=0.08)

AUGMENTATIONS: Mapping[str, Augmentation] = {
    "none": Augmentation(),
    "light": Augmentation(flip=True),
    "standard": _STANDARD,
    "strong": Augmentation(
        flip=True, rotation=20.0, zoom=0.3, shift=0.15, brightness=0.2, contrast=0.3, saturation=0.3
    ),
    "randaugment": Augmentation(flip=True, randaugment=5.0),
    "mixup": dataclasses.replace(_STANDARD, mixup=0.2),
    "cutmix": dataclasses.replace(_STANDARD, cutmix=1.0),
}

# Presets that live from never repeating a view. RandAugment and mixes do so by themselves.
HEAVY = frozenset({"strong"})


def resolve_augmentation(config: AugmentConfig, flips: bool = True) -> Augmentation:
    """Return the row of a known preset with the single settings on top of it.

    Args:
        config: Preset and settings.
        flips: False where a mirror image is another class: then only the setting can ask for it.
    """
    row = AUGMENTATIONS[config.preset]
    row = dataclasses.replace(row, flip=row.flip and flips)
    return dataclasses.replace(row, **list_settings(config))


def list_settings(config: AugmentConfig) -> dict[str, Any]:
    """Return the single settings that were given."""
    names = [field.name for field in dataclasses.fields(Augmentation)]
    given = {name: getattr(config, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def is_heavy(config: AugmentConfig) -> bool:
    """Return whether every epoch should have new views."""
    resolved = resolve_augmentation(config)
    return config.preset in HEAVY or resolved.randaugment > 0 or resolved.mixes


def describe_augmentation(config: AugmentConfig) -> str:
    """Return the preset and what was set on top of it: "standard, flip off, mixup 0.2"."""
    words = {True: "on", False: "off"}
    settings = list_settings(config).items()
    said = [f"{n} {words[v] if isinstance(v, bool) else f'{v:g}'}" for n, v in settings]
    return ", ".join([config.preset, *said])
