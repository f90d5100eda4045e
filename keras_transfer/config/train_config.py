"""Every setting of a training, as frozen dataclasses that a YAML file and the command line fill.

The sections are in the folder `sections`. Nothing there or here imports Keras or TensorFlow, so
`--help` and every error about a setting come at once.
"""

import dataclasses
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from keras_transfer.config.sections.adapt_settings import AdaptConfig
from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.config.sections.regularize_settings import RegularizeConfig
from keras_transfer.config.validation import check_types, require

DEFAULT_SOURCE = "digits"  # what is trained on where no `dataset` is given

Policy = Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"]
PreprocessWord = Literal["auto", "raw", "tf", "caffe", "torch", "unit"]


class WeightsWord(enum.StrEnum):
    """What `weights` may be besides a path."""

    AUTO = "auto"  # imagenet where cached or on line, else bundled
    IMAGENET = "imagenet"
    BUNDLED = "bundled"  # shipped with the package
    PRESET = "preset"  # of KerasHub, of the backbone's own preset
    NONE = "none"  # random


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything one training needs."""

    backbone: str = "efficientnetb0"
    """One of --list_backbones, hub:PRESET, file:MODEL. It is the pretrained network. PRESET, of
    KerasHub: its name, an address such as hf://owner/model, or a folder. MODEL: the .keras or .h5
    file of a network of your own, which is taken without its classifier."""
    preprocess: PreprocessWord = "auto"
    """Pixels that a network of your own (`file:`) was trained on. raw: RGB in [0, 255]. unit: in
    [0, 1]. tf: in [-1, 1]. torch: unit minus ImageNet's mean, by its deviation. caffe: BGR minus
    ImageNet's means. auto: raw if its first layers scale pixels; else it must be said."""
    dataset: str | None = None
    """Class folders, a .csv, hf:NAME or tfds:NAME. Of images or of texts. Also .parquet files,
    .tar shards of images (one, a folder, or NAME-{000..009}.tar), tables of texts (.tsv, .jsonl),
    and digits: scikit-learn's handwritten digits. Any of these files may lie at s3://, gs://,
    az:// or hf://. None: digits."""
    weights: str = WeightsWord.AUTO
    """auto, imagenet, bundled, preset, none, or a path. auto: imagenet, or bundled off line; of
    a network of KerasHub its preset, of your own network its file. none: random.
    A path is that of a .weights.h5, .h5 or .keras file or of an earlier run directory."""
    strategy: str = "two_phase"
    """two_phase, full, gradual and more. It says what learns. two_phase: frozen, then finetune.
    gradual: frozen, then block after block. lora: as two_phase, but low-rank matrices beside the
    kernels of Dense layers learn, not the backbone's weights. The others have one phase, which
    lasts frozen.epochs + finetune.epochs. feature_extraction: the head alone. partial: the last
    blocks and the head from the first epoch. full: all layers. from_scratch: all layers, from
    random weights. auto: chosen by examples per class and domain."""
    domain: Literal["unknown", "similar", "different"] = "unknown"
    """How close the examples are to those of the pretraining, for `--strategy auto`: ImageNet's are
    photographs of things and animals."""
    seed: int = 0
    """Seed of everything random. The same seed on the same machine gives the same numbers."""
    precision: Policy = "auto"
    """auto: mixed_float16 on a GPU of compute capability 7 or more, else float32."""
    output: Path = Path("saved_models")
    """Where the run directory is made."""
    name: str | None = None
    """Name of the run directory. None: backbone-strategy-date-time, or
    compare-date-time."""
    resume: str | None = None
    """Interrupted run to go on with, or auto. auto: the newest one in `output` with the same
    settings, else a new run. None: a new run."""
    calibrate: bool = False
    """Scale the probabilities by a temperature fitted on validation. In model.keras and in all that
    is made of it; accuracy stays. Asks for wrong predictions on validation to learn from."""
    assert_accuracy_at_least: float | None = None
    """Exit with 1 if the accuracy on test, else on validation, is lower in the end. None: never."""
    quiet: bool = False
    """Print the path of the run alone. Warnings and errors go to standard error; in Python nothing
    else is printed."""
    logger: Literal["none", "csv", "tensorboard", "mlflow", "wandb"] = "none"
    """Log settings, epochs, results, figures and the model elsewhere, too. csv and tensorboard: in
    the run directory. mlflow: MLFLOW_TRACKING_URI, else output. wandb: in Weights & Biases."""
    report: Literal["auto", "off"] = "auto"
    """auto: report.html in the run directory, a page on which one looks at what the model gets
    wrong, at what it saw there, and at when to trust it. off: none; `report RUN` makes it later."""
    tensorboard: bool = False
    """The same as --logger tensorboard."""
    data: DataConfig = field(default_factory=DataConfig)
    """How images or texts become batches."""
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
    regularize: RegularizeConfig = field(default_factory=RegularizeConfig)
    """What holds the backbone near its pretrained weights."""
    adapt: AdaptConfig = field(default_factory=AdaptConfig)
    """Another domain that the model is to work on."""
    cache: CacheConfig = field(default_factory=CacheConfig)
    """Work on locked layers, done once."""

    @property
    def source(self) -> str:
        """What `dataset` means: the digits where it is None."""
        return self.dataset or DEFAULT_SOURCE

    def __post_init__(self) -> None:
        check_types(self, "")
        if self.tensorboard:  # one word for one thing: what is read, and written down, is `logger`
            fits = self.logger in ("none", "tensorboard")
            require(fits, "logger", "tensorboard where `tensorboard` is true", self.logger)
            object.__setattr__(self, "logger", "tensorboard")
            object.__setattr__(self, "tensorboard", False)
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


def to_dict(config: TrainConfig) -> dict[str, Any]:
    """Return the settings as nested plain values that YAML can hold."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        return value.as_posix() if isinstance(value, Path) else value

    return dict(plain(dataclasses.asdict(config)))
