"""The section `frozen`: phase one."""

from dataclasses import dataclass

from keras_transfer.config.validation import check_phase, check_types


@dataclass(frozen=True, kw_only=True)
class FrozenConfig:
    """Phase one: the whole backbone is locked, the head learns."""

    epochs: int | str = "auto"
    """Passes over the training examples. auto: 10, more on small sets. 0: skip the phase."""
    learning_rate: float | str = 5e-3
    """Peak learning rate of the head. auto: of a range test before the phase; the curve is drawn to
    figures/learning_rate.png."""

    def __post_init__(self) -> None:
        check_types(self, "frozen")
        check_phase(self, "frozen")
