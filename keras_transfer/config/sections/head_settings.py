"""The section `head`: the new layers on top of the backbone."""

from dataclasses import dataclass

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

    def __post_init__(self) -> None:
        check_types(self, "head")
        fits = is_count(self.hidden, 0, MOST_UNITS)
        require(fits, "head.hidden", f"from 0 to {MOST_UNITS:,} units", self.hidden)
        require(0 <= self.dropout < 1, "head.dropout", "in [0, 1)", self.dropout)
