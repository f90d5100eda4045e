"""A phase: one call to `fit`."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One call to `fit`: what may learn, how fast, for how long."""

    name: str
    epochs: int  # at most, where it ends on a plateau
    learning_rate: float  # peak rate of what `rates` does not name
    first_learning: int | None = None  # index of the first backbone layer that learns; None: none
    rates: Mapping[str, float] = field(default_factory=dict)  # block or "head" -> peak rate
    span: int = 0  # epochs of the one schedule it shares with its neighbours; 0: it has its own
    begin: int = 0  # epochs of that schedule that are over when it begins
    plateau: int = 0  # epochs without a lower validation loss that end it; 0: none do

    def scale(self, factor: float) -> "Phase":
        """Return the phase with every rate multiplied."""
        rates = {name: rate * factor for name, rate in self.rates.items()}
        return dataclasses.replace(self, learning_rate=self.learning_rate * factor, rates=rates)

    def follow(self, earlier: int) -> "Phase":
        """Return the piece of a shared schedule that is left after so many epochs of it."""
        if not self.span:
            return self
        return dataclasses.replace(
            self, begin=earlier, epochs=min(self.epochs, self.span - earlier)
        )

    def rate_of(self, block: str) -> float:
        """Return the peak rate of a block, or of the head."""
        return self.rates.get(block, self.learning_rate)
