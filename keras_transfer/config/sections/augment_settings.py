"""The section `augment`: random changes of the training images."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from keras_transfer.config.validation import check_types, require


def _switch() -> Any:
    """Return a change that is on or off."""
    return dataclasses.field(default=None, metadata={"off": False})


def _number(most: float, *, off: float = 0.0, above: float | None = None) -> Any:
    """Return how far a change may go, in [0, most], or in (above, most]; `off` switches it off."""
    return dataclasses.field(default=None, metadata={"off": off, "above": above, "most": most})


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """Random changes of the training images; validation and test images are never changed."""

    preset: str = "standard"
    """none, light, standard, strong and more. light: flip. standard: flip, turn, zoom, shift.
    strong: more of it, and colour. randaugment: flip, randaugment 5. mixup: standard, mixup 0.2.
    cutmix: standard, cutmix 1. The settings below win over it; None: the preset's. 0 switches one
    off (flips: false, crop: 1). Under strong, and wherever randaugment, mixup or cutmix is on,
    every epoch has new views, so that nothing is kept for all epochs (`cache.mode` on keeps them,
    but never mixed images)."""
    flip: bool | None = _switch()
    """Mirror half of the views left-right. A preset's flip spares data sets in which a mirror image
    is another class, as digits; true flips them too."""
    flip_vertical: bool | None = _switch()
    """Turn half of the views upside down, as suits microscopes and satellites."""
    rotation: float | None = _number(180)
    """Degrees either way, in [0, 180]."""
    crop: float | None = _number(1, off=1.0, above=0)
    """Random resized crop: least share of the area that is kept, in (0, 1]; 0.08 is usual where
    training is long, 0.35 where it is short. Aspect ratio 3/4 to 4/3. 1: off."""
    zoom: float | None = _number(1)
    """Share closer or farther, in [0, 1]."""
    shift: float | None = _number(0.5)
    """Share of the side, either way and axis, in [0, 0.5]."""
    brightness: float | None = _number(1)
    """Share of the range [0, 255] that is added or taken, in [0, 1]."""
    contrast: float | None = _number(1)
    """Share by which differences from the mean colour grow or shrink, in [0, 1]."""
    saturation: float | None = _number(1)
    """Share by which differences from gray grow or shrink, in [0, 1]."""
    hue: float | None = _number(0.5)
    """Share of the colour circle either way, in [0, 0.5]."""
    grayscale: float | None = _number(1)
    """Probability that a view has no colour, in [0, 1]."""
    blur: float | None = _number(1)
    """Probability of a Gaussian blur, in [0, 1]. Its width, 0.1 to 2 pixels at 224, scales with the
    image: at 32 it can hardly be seen."""
    erase: float | None = _number(1)
    """Probability that a rectangle of 2 to 40 % of the area gets one random colour, in [0, 1]."""
    randaugment: float | None = _number(10)
    """Magnitude of two operations drawn out of 14, in [0, 10]. 0: off."""
    mixup: float | None = _number(10)
    """Alpha: each image is blended with another one of its batch, with a weight drawn from
    Beta(alpha, alpha), and so are the labels. In [0, 10]; 0.2 is usual. 0: off."""
    cutmix: float | None = _number(10)
    """Alpha: a rectangle of each image, of a share drawn from Beta(alpha, alpha), comes from
    another one of its batch, and labels follow the area. In [0, 10]; 1 is usual. 0: off. Where
    mixup is on as well, each image takes one of the two at random."""
    invert: float | None = _number(1)
    """Probability that a colour channel becomes its negative, drawn for each of the three, in
    [0, 1]."""
    recolour: float | None = _number(1)
    """Share by which each colour channel moves to a random line: black becomes any shade of it, and
    white any other. In [0, 1]; 1: white on black becomes any colour on any ground."""

    def __post_init__(self) -> None:
        check_types(self, "augment")
        for field in dataclasses.fields(self):
            value, limits = getattr(self, field.name), field.metadata
            if value is None or "most" not in limits:
                continue
            above, most = limits["above"], limits["most"]
            fits = value <= most and (value >= 0 if above is None else value > above)
            must = f"in [0, {most}]" if above is None else f"above {above} and at most {most}"
            require(fits, f"augment.{field.name}", must, value)

    @property
    def mixes(self) -> bool:
        """Whether images are mixed with others of their batch, where every strength is settled."""
        return bool(self.mixup or self.cutmix)


# What each change is where it is off; a new field of `AugmentConfig` is one more of them.
OFF: dict[str, Any] = {
    field.name: field.metadata["off"]
    for field in dataclasses.fields(AugmentConfig)
    if "off" in field.metadata
}
