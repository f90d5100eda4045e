"""AUGMENTATIONS: named strengths of the random changes; `augment_batch.py` applies them to pixels.

An augmentation is an `AugmentConfig` whose every strength is settled: none of them is None.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from keras_transfer.config.sections.augment_settings import OFF, AugmentConfig

Augmentation = Any  # an `AugmentConfig` of which no strength is None, which its type cannot say


def change_only(preset: str = "none", **strengths: Any) -> Augmentation:
    """Return the augmentation of these changes, and of no other."""
    return AugmentConfig(preset=preset, **OFF | strengths)


_STANDARD = {"flip": True, "rotation": 10.0, "zoom": 0.15, "shift": 0.08}
_STRONG = {"flip": True, "rotation": 20.0, "zoom": 0.3, "shift": 0.15}
_COLOURS = {"brightness": 0.2, "contrast": 0.3, "saturation": 0.3}

AUGMENTATIONS: Mapping[str, Augmentation] = {
    "none": change_only("none"),
    "light": change_only("light", flip=True),
    "standard": change_only("standard", **_STANDARD),
    "strong": change_only("strong", **_STRONG, **_COLOURS),
    "randaugment": change_only("randaugment", flip=True, randaugment=5.0),
    "mixup": change_only("mixup", **_STANDARD, mixup=0.2),
    "cutmix": change_only("cutmix", **_STANDARD, cutmix=1.0),
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
    row = dataclasses.replace(row, flip=bool(row.flip) and flips)
    return dataclasses.replace(row, **list_settings(config))


def list_settings(config: AugmentConfig) -> dict[str, Any]:
    """Return the single settings that were given."""
    given = {name: getattr(config, name) for name in OFF}
    return {name: value for name, value in given.items() if value is not None}


def list_changes(augmentation: Augmentation) -> list[str]:
    """Return the names of the changes that are on."""
    return [name for name, off in OFF.items() if getattr(augmentation, name) != off]


def is_heavy(augmentation: Augmentation) -> bool:
    """Return whether every epoch should have new views."""
    fresh = augmentation.preset in HEAVY or bool(augmentation.randaugment)
    return bool(fresh or augmentation.mixes)


def for_prediction(augmentation: Augmentation) -> Augmentation:
    """Return what leaves a view as easy to recognise as a photograph: test-time views."""
    hard = ("mixup", "cutmix", "erase", "randaugment", "invert", "recolour")
    return dataclasses.replace(augmentation, **dict.fromkeys(hard, 0.0))


def describe_augmentation(config: AugmentConfig) -> str:
    """Return the preset and what was set on top of it: "standard, flip off, mixup 0.2"."""
    words = {True: "on", False: "off"}
    settings = list_settings(config).items()
    said = [f"{n} {words[v] if isinstance(v, bool) else f'{v:g}'}" for n, v in settings]
    return ", ".join([config.preset, *said])
