"""The section `regularize`: what holds the backbone near its pretrained weights."""

from dataclasses import dataclass

from keras_transfer.config.validation import MOST, check_types, require


@dataclass(frozen=True, kw_only=True)
class RegularizeConfig:
    """What holds the backbone near its pretrained weights while it learns."""

    name: str = "none"
    """none. l2_sp: a penalty on the distance of each weight. ewc: more on those that `source`
    needs."""
    strength: float = 0.01
    """Weight of the penalty beside the cross-entropy, above 0."""
    source: str | None = None
    """For ewc: labelled images that the pretrained weights are not to forget, as `dataset` takes
    them, or an earlier run directory, whose training images are meant."""

    def __post_init__(self) -> None:
        check_types(self, "regularize")
        fits = 0 < self.strength <= MOST
        require(fits, "regularize.strength", f"above 0, at most {MOST:,}", self.strength)
