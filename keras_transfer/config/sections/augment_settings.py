"""The section `augment`: random changes of the training images."""

from dataclasses import dataclass

from keras_transfer.config.validation import check_types, require


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """Random changes of the training images; validation and test images are never changed."""

    preset: str = "standard"
    """none, light (flip), standard (flip, turn, zoom, shift), strong (more of it, and colour),
    randaugment (flip, randaugment 5), mixup (standard, mixup 0.2), cutmix (standard, cutmix 1). The
    settings below win over it; None: the preset's. 0 switches one off (flips: false, crop: 1).
    Under strong, and wherever randaugment, mixup or cutmix is on, every epoch has new views, so
    that nothing is kept for all epochs (`cache.mode` on keeps them, but never mixed images)."""
    flip: bool | None = None
    """Mirror half of the views left-right. A preset's flip spares data sets in which a mirror image
    is another class, as digits; true flips them too."""
    flip_vertical: bool | None = None
    """Turn half of the views upside down, as suits microscopes and satellites."""
    rotation: float | None = None
    """Degrees either way, in [0, 180]."""
    crop: float | None = None
    """Random resized crop: least share of the area that is kept, in (0, 1]; 0.08 is usual where
    training is long, 0.35 where it is short. Aspect ratio 3/4 to 4/3. 1: off."""
    zoom: float | None = None
    """Share closer or farther, in [0, 1]."""
    shift: float | None = None
    """Share of the side, either way and axis, in [0, 0.5]."""
    brightness: float | None = None
    """Share of the range [0, 255] that is added or taken, in [0, 1]."""
    contrast: float | None = None
    """Share by which differences from the mean colour grow or shrink, in [0, 1]."""
    saturation: float | None = None
    """Share by which differences from gray grow or shrink, in [0, 1]."""
    hue: float | None = None
    """Share of the colour circle either way, in [0, 0.5]."""
    grayscale: float | None = None
    """Probability that a view has no colour, in [0, 1]."""
    blur: float | None = None
    """Probability of a Gaussian blur, in [0, 1]. Its width, 0.1 to 2 pixels at 224, scales with the
    image: at 32 it can hardly be seen."""
    erase: float | None = None
    """Probability that a rectangle of 2 to 40 % of the area gets one random colour, in [0, 1]."""
    randaugment: float | None = None
    """Magnitude of two operations drawn out of 14, in [0, 10]. 0: off."""
    mixup: float | None = None
    """Alpha: each image is blended with another one of its batch, with a weight drawn from
    Beta(alpha, alpha), and so are the labels. In [0, 10]; 0.2 is usual. 0: off."""
    cutmix: float | None = None
    """Alpha: a rectangle of each image, of a share drawn from Beta(alpha, alpha), comes from
    another one of its batch, and labels follow the area. In [0, 10]; 1 is usual. 0: off. Where
    mixup is on as well, each image takes one of the two at random."""

    def __post_init__(self) -> None:
        check_types(self, "augment")
        fits = self.crop is None or 0 < self.crop <= 1
        require(fits, "augment.crop", "above 0 and at most 1", self.crop)
        most = {"rotation": 180, "shift": 0.5, "hue": 0.5, "randaugment": 10}
        most |= {"mixup": 10, "cutmix": 10}
        shares = ("zoom", "brightness", "contrast", "saturation", "grayscale", "blur", "erase")
        for name in (*most, *shares):
            value, end = getattr(self, name), most.get(name, 1)
            fits = value is None or 0 <= value <= end
            require(fits, f"augment.{name}", f"in [0, {end}]", value)
