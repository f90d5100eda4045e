"""The settings of pretraining on drawn pictures."""

from dataclasses import dataclass
from pathlib import Path

from keras_transfer.config.validation import FASTEST, MOST, check_types, is_count, require

WIDEST = 4080  # pixels of their side


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """Everything one pretraining needs."""

    backbone: str = "efficientnetb0"
    """Network to pretrain."""
    pictures: int = 100_000
    """Different pictures; each epoch shows all of them, cropped and coloured anew."""
    epochs: int = 10
    """Times that they are shown; with --images enough for 500 steps, and 20 at the least."""
    batch_size: int = 64
    """Pictures per step; 128 with --images."""
    side: int = 96
    """Side in pixels of what the network sees, a multiple of 24; any from 32 with --images."""
    learning_rate: float = 2e-3
    """Peak learning rate; it falls to zero over all epochs. 0.001 with --images."""
    weight_decay: float = 0.01
    """Decay relative to the learning rate; biases and normalisation are spared."""
    seed: int = 0
    """Seed of the pictures, the views, the first weights and everything else that is random."""
    output: Path = Path("saved_models/pretrain")
    """Folder of the pictures (38 kB each), of the state after each epoch and of the weights. Where
    there is a state, training goes on from it."""

    def __post_init__(self) -> None:
        check_types(self, "")
        for name, most in (("pictures", 10**8), ("epochs", MOST), ("batch_size", MOST)):
            fits = is_count(getattr(self, name), most=most)
            require(fits, name, f"from 1 to {most:,}", getattr(self, name))
        fits = is_count(self.side, 48, WIDEST) and self.side % 24 == 0
        require(fits, "side", f"a multiple of 24 from 48 to {WIDEST}", self.side)
        enough = self.pictures >= self.batch_size
        require(enough, "pictures", f"a batch of {self.batch_size} or more", self.pictures)
        fits = 0 < self.learning_rate <= FASTEST
        require(fits, "learning_rate", f"above 0, at most {FASTEST:g}", self.learning_rate)
        fits = 0 <= self.weight_decay <= FASTEST
        require(fits, "weight_decay", f"from 0 to {FASTEST:g}", self.weight_decay)
        require(0 <= self.seed < 2**31, "seed", "at least 0 and below 2**31", self.seed)
