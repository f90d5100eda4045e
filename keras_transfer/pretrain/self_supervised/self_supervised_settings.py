"""The settings of going on from given weights by images without labels."""

import math
from dataclasses import dataclass
from pathlib import Path

from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.data_settings import LARGEST, DataConfig
from keras_transfer.config.train_config import PreprocessWord, TrainConfig, WeightsWord
from keras_transfer.config.validation import FASTEST, MOST, check_types, is_count, require

LEAST_STEPS, LEAST_EPOCHS = 500, 20  # minutes on two cores, up to some thousand images

# The preset gives the flip, and spares sets in which a mirror image is another class.
VIEWS = AugmentConfig(
    preset="light",
    rotation=10.0,
    crop=0.4,
    brightness=0.3,
    contrast=0.4,
    saturation=0.4,
    hue=0.1,
    grayscale=0.2,
    blur=0.2,
)


@dataclass(frozen=True, kw_only=True)
class SelfSupervisedConfig:
    """Everything that going on needs."""

    images: str
    """A folder, a pattern, or what `--dataset` takes; labels are not read."""
    backbone: str = "efficientnetb0"
    """Network to pretrain."""
    preprocess: PreprocessWord = "auto"
    """With --images: pixels that a network of your own expects, as in train."""
    weights: str = WeightsWord.AUTO
    """With --images: what to go on from, as in train: auto, imagenet, bundled, or a path."""
    epochs: int | None = None
    """Times that each image is shown, in two new views each time. None: 500 steps, and 20 epochs at
    the least."""
    batch_size: int = 128
    """Images per step, 2 or more: each is told from all others of its batch."""
    side: int = 96
    """Side in pixels of the views."""
    learning_rate: float = 1e-3
    """Peak learning rate; it falls to zero over all epochs."""
    weight_decay: float = 0.01
    """Decay relative to the learning rate; biases and normalisation are spared."""
    temperature: float = 0.2
    """With --images: by what similarities in [-1, 1] are divided. Lower ones look at the most
    similar images only; 0.1 to 0.5 is usual."""
    augment: AugmentConfig = VIEWS
    """With --images: how views differ from the image."""
    seed: int = 0
    """Seed of the views, their order and the first weights of what is put on the backbone."""
    output: Path = Path("saved_models/pretrain")
    """Folder of the state after each epoch and of the weights."""

    def __post_init__(self) -> None:
        check_types(self, "")
        fits = self.epochs is None or is_count(self.epochs, most=MOST)
        require(fits, "epochs", f"from 1 to {MOST:,}", self.epochs)
        fits = is_count(self.batch_size, 2, MOST)
        require(fits, "batch_size", f"from 2 to {MOST:,} with --images", self.batch_size)
        fits = is_count(self.side, 32, LARGEST)
        require(fits, "side", f"from 32 to {LARGEST:,} pixels", self.side)
        fits = 0 < self.learning_rate <= FASTEST
        require(fits, "learning_rate", f"above 0, at most {FASTEST:g}", self.learning_rate)
        fits = 0 <= self.weight_decay <= FASTEST
        require(fits, "weight_decay", f"from 0 to {FASTEST:g}", self.weight_decay)
        fits = 0.01 <= self.temperature <= 100
        require(fits, "temperature", "from 0.01 to 100", self.temperature)
        for name in ("mixup", "cutmix"):
            value = getattr(self.augment, name)
            require(not value, f"augment.{name}", "0 with --images: a view is of one image", value)
        require(0 <= self.seed < 2**31, "seed", "at least 0 and below 2**31", self.seed)

    def count_epochs(self, images: int) -> int:
        """Return how often so many images are shown."""
        return self.epochs or max(
            LEAST_EPOCHS, math.ceil(LEAST_STEPS / (images // self.batch_size))
        )

    def as_training(self) -> TrainConfig:
        """Return what reads, inspects and changes images as a training does."""
        return TrainConfig(
            backbone=self.backbone,
            preprocess=self.preprocess,
            weights=self.weights,
            seed=self.seed,
            precision="float32",
            augment=self.augment,
            data=DataConfig(image_size=self.side, batch_size=self.batch_size),
        )
