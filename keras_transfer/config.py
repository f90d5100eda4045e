"""Every setting of a training, as frozen dataclasses that a YAML file and the command line fill.

Nothing here imports Keras or TensorFlow, so `--help` and every error about a setting come at once.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from keras_transfer.checks import KINDS as KINDS
from keras_transfer.checks import ConfigError as ConfigError
from keras_transfer.checks import DeadEnd as DeadEnd
from keras_transfer.checks import check_types, require
from keras_transfer.checks import suggest as suggest

Policy = Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"]


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """How images become batches."""

    image_size: int | None = None
    """Side of the square the network sees, in pixels. None: the source's, else the backbone's."""
    batch_size: int = 32
    """Images per step. Lower it when memory runs out."""
    validation_fraction: float = 0.15
    """Share of the images held back for validation, in (0, 1), where the data set names none."""
    test_fraction: float = 0.15
    """Share held back for the test, in [0, 1), where the data set names no split. 0: none."""
    resize: Literal["crop", "pad", "stretch"] = "crop"
    """crop: short side to image_size, then the centre. pad: long side, black margins. stretch."""
    on_bad_file: Literal["skip", "error"] = "skip"
    """skip: leave out files that are no readable image and name them. error: stop at them."""
    on_leak: Literal["drop", "error", "keep"] = "drop"
    """What to do with equal files in two given splits. drop: they leave train (or validation,
    where the other one is in test). error: stop. keep: leave them, with a warning."""
    near_duplicates: Literal["report", "drop", "ignore"] = "report"
    """Images that look equal, resized or encoded anew, are never divided by the splits made here.
    In two given splits, report: warn. drop: they leave train. ignore: do not search for any."""
    split_file: Path | None = None
    """A split.csv, such as that of an earlier run: the images it lists keep their split, only new
    ones are assigned."""
    class_weight: Literal["none", "auto"] = "none"
    """auto: in training every class counts the same, however many images it has. none: every
    image does."""
    data_dir: Path | None = None
    """Folder of TensorFlow Datasets for `--dataset tfds:NAME`. None: its own default."""

    def __post_init__(self) -> None:
        check_types(self, "data")
        size, held, test = self.image_size, self.validation_fraction, self.test_fraction
        require(size is None or size >= 32, "data.image_size", "at least 32 pixels", size)
        require(self.batch_size >= 1, "data.batch_size", "at least 1", self.batch_size)
        require(0 < held < 1, "data.validation_fraction", "between 0 and 1", held)
        must = "at least 0 and leave images to train on"
        require(0 <= test < 1 - held, "data.test_fraction", must, test)


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """Random changes of the training images; validation and test images are never changed."""

    preset: str = "standard"
    """none, light (flip), standard (flip, turn, zoom, shift), strong (more of it, and colour)."""

    def __post_init__(self) -> None:
        check_types(self, "augment")


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
        require(self.hidden >= 0, "head.hidden", "0 or more units", self.hidden)
        require(0 <= self.dropout < 1, "head.dropout", "in [0, 1)", self.dropout)


@dataclass(frozen=True, kw_only=True)
class FrozenConfig:
    """Phase one: the whole backbone is locked, the head learns."""

    epochs: int | str = "auto"
    """Passes over the training images. auto: 10, more on small sets. 0: skip the phase."""
    learning_rate: float = 5e-3
    """Peak learning rate of the head."""

    def __post_init__(self) -> None:
        check_types(self, "frozen")
        _check_phase(self, "frozen")


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """Phase two: the backbone above the freeze boundary learns as well."""

    epochs: int | str = "auto"
    """Passes over the training images. auto: 10, more on small sets. 0: skip the phase."""
    learning_rate: float | str = "auto"
    """Peak learning rate; above 1e-3 the pretrained weights are usually lost. auto: 1e-4, and 1e-3
    with bundled or random weights."""
    locked_layers: int | float | str = "auto"
    """How much of the backbone stays locked: a number of layers, a fraction in (0, 1), or the name
    of the first block that learns. auto: the backbone's own (see --list_backbones), and nothing
    with bundled or random weights."""
    batch_norm: Literal["auto", "frozen", "scale", "adapt"] = "auto"
    """frozen: BatchNorm layers keep everything. scale: scale and shift learn, statistics stay.
    adapt: statistics move too. auto: scale with weights from photographs, adapt with bundled or
    random ones."""

    def __post_init__(self) -> None:
        check_types(self, "finetune")
        _check_phase(self, "finetune")
        locked = self.locked_layers
        is_name = isinstance(locked, str) and locked.lower() not in ("true", "false", "none", "")
        require(
            is_name
            or (isinstance(locked, int) and not isinstance(locked, bool) and locked >= 0)
            or (isinstance(locked, float) and 0 < locked < 1),
            "finetune.locked_layers",
            "a whole number of layers such as 100, a fraction above 0 and below 1, or a block name",
            locked,
        )


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig:
    """How the weights are moved, in both phases."""

    name: Literal["adam", "adamw", "sgd"] = "adamw"
    """adam, adamw (Adam with decoupled weight decay), sgd (momentum 0.9)."""
    weight_decay: float = 0.01
    """Decay relative to the learning rate, for adamw; biases and normalisation are spared."""
    schedule: Literal["constant", "cosine"] = "cosine"
    """cosine: from the peak rate to zero over the phase. constant: the peak rate throughout."""
    warmup: float = 0.1
    """Share of a phase's steps in which the rate climbs from zero to its peak, in [0, 1)."""
    label_smoothing: float = 0.0
    """Probability mass taken from the true class and spread over all, in [0, 1)."""
    patience: int = 0
    """Epochs without a better validation result before a phase stops. 0: no early stopping."""

    def __post_init__(self) -> None:
        check_types(self, "optimizer")
        require(self.weight_decay >= 0, "optimizer.weight_decay", "0 or more", self.weight_decay)
        require(0 <= self.warmup < 1, "optimizer.warmup", "in [0, 1)", self.warmup)
        share = self.label_smoothing
        require(0 <= share < 1, "optimizer.label_smoothing", "in [0, 1)", share)
        require(self.patience >= 0, "optimizer.patience", "0 or more epochs", self.patience)


@dataclass(frozen=True, kw_only=True)
class CacheConfig:
    """Work on locked layers, done once instead of in every epoch; the same but for rounding."""

    mode: Literal["auto", "on", "off"] = "auto"
    """auto: what locked layers give is kept, except under strong augmentation. on: under strong
    augmentation too. off: it is computed again in every epoch."""
    views: int | str = "auto"
    """Augmented versions of each image, which the epochs take in turn; fewer where they do not fit.
    auto: 2, or 1 without augmentation. fresh: a new one in every epoch, never kept; so it always
    is under strong augmentation unless `mode` is on, and where every layer learns. Measured on 250
    to 1,200 images: 2 and 4 views end within a point on average, fresh ones 1 to 3 above."""
    memory_gb: float | str = "auto"
    """Memory that decoded images and activations may take, in 10**9 bytes. auto: a quarter of what
    is free."""
    disk_gb: float | str = "auto"
    """Disk that they may take where memory is too small, in 10**9 bytes; with `reuse`, all runs
    together. auto: a quarter of what is free."""
    reuse: bool = False
    """Keep the activations on disk for later runs on the same images with the same backbone and
    augmentation; `python -m keras_transfer.clean` removes them."""

    def __post_init__(self) -> None:
        check_types(self, "cache")
        views = self.views
        counted = isinstance(views, int) and not isinstance(views, bool) and views >= 1
        fits = counted or views in ("auto", "fresh")
        require(fits, "cache.views", "1 or more, 'auto' or 'fresh'", views)
        endless = self.mode == "on" and views == "fresh"
        require(not endless, "cache.views", "a number where cache.mode is on", views)
        for name in ("memory_gb", "disk_gb"):
            size = getattr(self, name)
            fits = size >= 0 if isinstance(size, float) else size == "auto"
            require(fits, f"cache.{name}", "a number from 0 or 'auto'", size)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything one training needs."""

    backbone: str = "efficientnetb0"
    """Pretrained network; --list_backbones shows them."""
    dataset: str | None = None
    """A folder of class folders, a labels.csv, tfds:NAME, or digits (scikit-learn's handwritten
    digits). None: digits."""
    weights: str = "auto"
    """auto (ImageNet, or bundled weights off line), imagenet, bundled, none (random), or a path:
    .weights.h5, .h5, .keras or an earlier run directory."""
    strategy: str = "two_phase"
    """Plan of phases: two_phase (frozen, then finetune)."""
    seed: int = 0
    """Seed of everything random. The same seed on the same machine gives the same numbers."""
    precision: Policy = "auto"
    """auto: mixed_float16 on a GPU of compute capability 7 or more, else float32."""
    output: Path = Path("saved_models")
    """Folder in which the run directory is made."""
    name: str | None = None
    """Name of the run directory. None: backbone-strategy-date-time."""
    resume: str | None = None
    """Go on with an interrupted run: its directory, or auto, the newest one in `output` with the
    same settings, else a new run. None: a new run."""
    calibrate: bool = False
    """Scale the probabilities by a temperature fitted on validation, in model.keras and in all that
    is made of it; accuracy stays. Asks for wrong predictions on validation to learn from."""
    assert_accuracy_at_least: float | None = None
    """Exit with 1 if the accuracy on test, else on validation, is lower in the end. None: never."""
    quiet: bool = False
    """Print warnings and errors only."""
    tensorboard: bool = False
    """Write TensorBoard logs to the run directory (needs the package tensorboard)."""
    data: DataConfig = field(default_factory=DataConfig)
    """How images become batches."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """Random changes of the training images."""
    head: HeadConfig = field(default_factory=HeadConfig)
    """The new layers on top of the backbone."""
    frozen: FrozenConfig = field(default_factory=FrozenConfig)
    """Phase one."""
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)
    """Phase two."""
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    """How the weights are moved."""
    cache: CacheConfig = field(default_factory=CacheConfig)
    """Work on locked layers, done once."""

    def __post_init__(self) -> None:
        check_types(self, "")
        require(0 <= self.seed < 2**31, "seed", "at least 0 and below 2**31", self.seed)
        floor = self.assert_accuracy_at_least
        fits = floor is None or 0 <= floor <= 1
        require(fits, "assert_accuracy_at_least", "in [0, 1]", floor)
        plain = self.name is None or self.name == Path(self.name).name != ".."
        require(plain, "name", "one folder name without slashes", self.name)
        require(
            self.frozen.epochs != 0 or self.finetune.epochs != 0,
            "frozen.epochs and finetune.epochs",
            "above 0 in at least one phase",
            0,
        )


def _check_phase(phase: FrozenConfig | FinetuneConfig, prefix: str) -> None:
    epochs = phase.epochs
    whole = isinstance(epochs, int) and not isinstance(epochs, bool) and epochs >= 0
    fits = whole or epochs == "auto"
    require(fits, f"{prefix}.epochs", "a whole number from 0 or 'auto'", epochs)
    rate = phase.learning_rate
    fits = (prefix == "finetune" and rate == "auto") or (isinstance(rate, float) and rate > 0)
    require(fits, f"{prefix}.learning_rate", "a number above 0", rate)


def to_dict(config: TrainConfig) -> dict[str, Any]:
    """Return the settings as nested plain values that YAML can hold."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        return value.as_posix() if isinstance(value, Path) else value

    return dict(plain(dataclasses.asdict(config)))
