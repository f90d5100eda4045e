"""The section `adapt`: images of another domain, which the model is to work on."""

from dataclasses import dataclass

from keras_transfer.config.validation import MOST, check_types, require


@dataclass(frozen=True, kw_only=True)
class AdaptConfig:
    """Images of another domain, such as of another camera, which the model is to work on."""

    target: str | None = None
    """Images of the other domain: any folder or a .csv. All else that `dataset` takes will do, too.
    Labels are never learned from: where there are some, they are measured. model.keras is for this
    domain. None: there is one domain."""
    method: str = "align"
    """How the domains are brought together. align: pooled features get the mean and deviation that
    they had in training. adabn: BatchNorm statistics of each domain's own. mmd, coral, dann:
    features are trained to be alike, by their distances, their covariances or a discriminator that
    they must deceive; the phases in which the backbone learns do so. none: the gap is only shown.
    Without effect where no `target` is given."""
    strength: float | str = "auto"
    """Weight of mmd and coral beside the cross-entropy, and of what the backbone learns from the
    discriminator of dann, above 0. auto: the method's own. More can do harm: then training accuracy
    falls, which is warned of."""
    ramp: float = 0.3
    """Share of the steps over which the strength rises from 0, in [0, 1]. 0: whole from the start,
    which can make all features alike."""

    def __post_init__(self) -> None:
        check_types(self, "adapt")
        strength = self.strength
        fits = strength == "auto" or (isinstance(strength, float) and 0 < strength <= MOST)
        require(fits, "adapt.strength", f"auto, or above 0 and at most {MOST:,}", self.strength)
        require(0 <= self.ramp <= 1, "adapt.ramp", "in [0, 1]", self.ramp)
