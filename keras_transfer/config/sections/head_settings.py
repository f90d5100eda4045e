"""The section `head`: the new layers on top of the backbone."""

from dataclasses import dataclass
from typing import Literal

from keras_transfer.config.validation import check_types, is_count, require

MOST_UNITS = 65_536


@dataclass(frozen=True, kw_only=True)
class HeadConfig:
    """The new layers on top of the backbone: pooling, these, softmax."""

    hidden: int = 0
    """Units of one hidden ReLU layer; 256 is usual. 0: none."""
    batch_norm: bool = False
    """A BatchNorm layer on the pooled features."""
    dropout: float = 0.2
    """Share of the features dropped in training, in [0, 1)."""
    start: Literal["auto", "random", "lda"] = "random"
    """Where phase `frozen` starts from. random: small random weights. lda: linear discriminant
    analysis of the training images' features, in less than a second; a frozen.learning_rate of 5e-4
    leaves it what it knows. auto: lda where the head is one layer, so neither with `hidden` nor
    with `batch_norm`."""

    def __post_init__(self) -> None:
        check_types(self, "head")
        fits = is_count(self.hidden, 0, MOST_UNITS)
        require(fits, "head.hidden", f"from 0 to {MOST_UNITS:,} units", self.hidden)
        require(0 <= self.dropout < 1, "head.dropout", "in [0, 1)", self.dropout)
        fits = self.start != "lda" or self.is_one_layer
        require(fits, "head.start", "random or auto with head.hidden or head.batch_norm", "lda")

    @property
    def is_one_layer(self) -> bool:
        """Whether classes are linear in the pooled features."""
        return not self.hidden and not self.batch_norm
