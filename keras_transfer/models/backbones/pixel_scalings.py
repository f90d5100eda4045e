"""How networks expect pixels, as plain numbers. Nothing here imports Keras."""

from collections.abc import Mapping

Factor = float | tuple[float, ...]  # for all channels, or one for each

# ImageNet statistics of RGB in [0, 1].
MEANS_RGB, DEVIATIONS_RGB = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

# What raw RGB in [0, 255] is multiplied by, and what is added then.
SCALINGS: Mapping[str, tuple[Factor, Factor]] = {
    "tf": (1 / 127.5, -1.0),  # to [-1, 1]
    "unit": (1 / 255, 0.0),  # to [0, 1]
    "torch": (
        tuple(1 / 255 / each for each in DEVIATIONS_RGB),
        tuple(-mean / each for mean, each in zip(MEANS_RGB, DEVIATIONS_RGB, strict=True)),
    ),
}
