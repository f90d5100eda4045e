"""Every setting of a training, as frozen dataclasses that a YAML file and the command line fill.

Nothing here imports Keras or TensorFlow, so `--help` and every error about a setting come at once.
"""

import dataclasses
import difflib
import math
import numbers
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

# How error messages call the types of settings.
KINDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    Path: "a path",
}


class ConfigError(ValueError):
    """A setting or an input that the user can mend; commands print it as one line and exit 2."""


def suggest(name: str, names: Iterable[str]) -> str:
    """Return "Did you mean …?" for names close to `name`, else the sentence that lists them all."""
    spelled = {each.lower(): each for each in names}
    close = difflib.get_close_matches(name.lower(), spelled, n=3, cutoff=0.6)
    if close:
        return "Did you mean " + " or ".join(repr(spelled[each]) for each in close) + "?"
    return "Known: " + ", ".join(spelled.values()) + "."


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
    data_dir: Path | None = None
    """Folder of TensorFlow Datasets for `--dataset tfds:NAME`. None: its own default."""

    def __post_init__(self) -> None:
        _check_types(self, "data")
        size, held, test = self.image_size, self.validation_fraction, self.test_fraction
        _require(size is None or size >= 32, "data.image_size", "at least 32 pixels", size)
        _require(self.batch_size >= 1, "data.batch_size", "at least 1", self.batch_size)
        _require(0 < held < 1, "data.validation_fraction", "between 0 and 1", held)
        must = "at least 0 and leave images to train on"
        _require(0 <= test < 1 - held, "data.test_fraction", must, test)


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """Random changes of the training images; validation and test images are never changed."""

    preset: str = "standard"
    """none, light (flip), standard (flip, turn, zoom, shift), strong (more of it, and colour)."""

    def __post_init__(self) -> None:
        _check_types(self, "augment")


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
        _check_types(self, "head")
        _require(self.hidden >= 0, "head.hidden", "0 or more units", self.hidden)
        _require(0 <= self.dropout < 1, "head.dropout", "in [0, 1)", self.dropout)


@dataclass(frozen=True, kw_only=True)
class FrozenConfig:
    """Phase one: the whole backbone is locked, the head learns."""

    epochs: int | str = "auto"
    """Passes over the training images. auto: 10, more on small sets. 0: skip the phase."""
    learning_rate: float = 5e-3
    """Peak learning rate of the head."""

    def __post_init__(self) -> None:
        _check_types(self, "frozen")
        _check_phase(self, "frozen")


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """Phase two: the backbone above the freeze boundary learns as well."""

    epochs: int | str = "auto"
    """Passes over the training images. auto: 10, more on small sets. 0: skip the phase."""
    learning_rate: float | str = "auto"
    """Peak learning rate; above 1e-3 the pretrained weights are usually lost. auto: 1e-4, and 1e-3
    for random weights."""
    locked_layers: int | float | str = "auto"
    """How much of the backbone stays locked: a number of layers, a fraction in (0, 1), or the name
    of the first block that learns. auto: the backbone's own (see --list_backbones), and nothing
    with random weights."""
    batch_norm: Literal["auto", "frozen", "scale", "adapt"] = "auto"
    """frozen: BatchNorm layers keep everything. scale: scale and shift learn, statistics stay.
    adapt: statistics move too. auto: scale with pretrained weights, adapt without."""

    def __post_init__(self) -> None:
        _check_types(self, "finetune")
        _check_phase(self, "finetune")
        locked = self.locked_layers
        is_name = isinstance(locked, str) and locked.lower() not in ("true", "false", "none", "")
        _require(
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
        _check_types(self, "optimizer")
        _require(self.weight_decay >= 0, "optimizer.weight_decay", "0 or more", self.weight_decay)
        _require(0 <= self.warmup < 1, "optimizer.warmup", "in [0, 1)", self.warmup)
        share = self.label_smoothing
        _require(0 <= share < 1, "optimizer.label_smoothing", "in [0, 1)", share)
        _require(self.patience >= 0, "optimizer.patience", "0 or more epochs", self.patience)


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

    def __post_init__(self) -> None:
        _check_types(self, "")
        _require(0 <= self.seed < 2**31, "seed", "at least 0 and below 2**31", self.seed)
        plain = self.name is None or self.name == Path(self.name).name != ".."
        _require(plain, "name", "one folder name without slashes", self.name)
        _require(
            self.frozen.epochs != 0 or self.finetune.epochs != 0,
            "frozen.epochs and finetune.epochs",
            "above 0 in at least one phase",
            0,
        )


def _require(holds: bool, option: str, must: str, received: Any) -> None:
    if not holds:
        raise ConfigError(f"`{option}` must be {must}. Received: {received!r}.")


def _check_types(section: Any, prefix: str) -> None:
    """Check the type of every field, since a dataclass takes any value from Python code.

    NumPy's numbers become plain ones, which YAML can hold, and text becomes a `Path` where one is
    meant. Fields of several kinds have a check of their own.
    """
    for name, hint in get_type_hints(type(section)).items():
        option = f"{prefix}.{name}" if prefix else name
        kinds = get_args(hint) or (hint,)
        value = getattr(section, name)
        if get_origin(hint) is Literal:
            fits = isinstance(value, str) and value in kinds
            _require(fits, option, "one of " + ", ".join(kinds), value)
            continue
        value = _to_plain(value, kinds)
        names = [KINDS.get(kind, f"a {kind.__name__}") for kind in kinds if kind is not NoneType]
        fits = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
        _require(fits or len(names) > 1, option, names[0], value)
        _require(value != "", option, "at least one letter long", value)
        _require(not isinstance(value, float) or math.isfinite(value), option, "finite", value)
        object.__setattr__(section, name, value)


def _to_plain(value: Any, kinds: tuple[type, ...]) -> Any:
    """Return `value` as the type among `kinds` that says the same, if there is one."""
    if type(value) in kinds:
        return value
    if isinstance(value, str | os.PathLike):
        return Path(value) if Path in kinds else str(value) if str in kinds else value
    if isinstance(value, numbers.Integral) and not isinstance(value, bool) and int in kinds:
        return int(value)
    if isinstance(value, numbers.Real) and not isinstance(value, bool) and float in kinds:
        return float(value)
    return value


def _check_phase(phase: FrozenConfig | FinetuneConfig, prefix: str) -> None:
    epochs = phase.epochs
    whole = isinstance(epochs, int) and not isinstance(epochs, bool) and epochs >= 0
    fits = whole or epochs == "auto"
    _require(fits, f"{prefix}.epochs", "a whole number from 0 or 'auto'", epochs)
    rate = phase.learning_rate
    fits = (prefix == "finetune" and rate == "auto") or (isinstance(rate, float) and rate > 0)
    _require(fits, f"{prefix}.learning_rate", "a number above 0", rate)


def to_dict(config: TrainConfig) -> dict[str, Any]:
    """Return the settings as nested plain values that YAML can hold."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        return value.as_posix() if isinstance(value, Path) else value

    return dict(plain(dataclasses.asdict(config)))
