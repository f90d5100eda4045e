"""The sections of the settings, as frozen dataclasses that check what they are given."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keras_transfer.checks import check_types, is_count, require

Schedule = Literal["constant", "cosine", "cosine_restarts", "one_cycle", "step", "exponential"]


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
    """none, light (flip), standard (flip, turn, zoom, shift), strong (more of it, and colour),
    randaugment (flip, randaugment 5), mixup (standard, mixup 0.2), cutmix (standard, cutmix 1). The
    settings below win over it; None: the preset's. 0 switches one off (flips: false, crop: 1).
    Under strong, and wherever randaugment, mixup or cutmix is on, every epoch has new views, so
    that nothing is kept for all epochs (`cache.mode` on keeps them, but never mixed images)."""
    flip: bool | None = None
    """Mirror half of the views left-right. A preset's flip spares data sets in which a mirror image
    is another class, as digits; true flips them too."""
    flip_vertical: bool | None = None
    """Turn half of the views upside down, as suits microscopes and satellites."""
    rotation: float | None = None
    """Degrees either way, in [0, 180]."""
    crop: float | None = None
    """Random resized crop: least share of the area that is kept, in (0, 1]; 0.08 is usual where
    training is long, 0.35 where it is short. Aspect ratio 3/4 to 4/3. 1: off."""
    zoom: float | None = None
    """Share closer or farther, in [0, 1]."""
    shift: float | None = None
    """Share of the side, either way and axis, in [0, 0.5]."""
    brightness: float | None = None
    """Share of the range [0, 255] that is added or taken, in [0, 1]."""
    contrast: float | None = None
    """Share by which differences from the mean colour grow or shrink, in [0, 1]."""
    saturation: float | None = None
    """Share by which differences from gray grow or shrink, in [0, 1]."""
    hue: float | None = None
    """Share of the colour circle either way, in [0, 0.5]."""
    grayscale: float | None = None
    """Probability that a view has no colour, in [0, 1]."""
    blur: float | None = None
    """Probability of a Gaussian blur, in [0, 1]. Its width, 0.1 to 2 pixels at 224, scales with the
    image: at 32 it can hardly be seen."""
    erase: float | None = None
    """Probability that a rectangle of 2 to 40 % of the area gets one random colour, in [0, 1]."""
    randaugment: float | None = None
    """Magnitude of two operations drawn out of 14, in [0, 10]. 0: off."""
    mixup: float | None = None
    """Alpha: each image is blended with another one of its batch, with a weight drawn from
    Beta(alpha, alpha), and so are the labels. In [0, 10]; 0.2 is usual. 0: off."""
    cutmix: float | None = None
    """Alpha: a rectangle of each image, of a share drawn from Beta(alpha, alpha), comes from
    another one of its batch, and labels follow the area. In [0, 10]; 1 is usual. 0: off. Where
    mixup is on as well, each image takes one of the two at random."""

    def __post_init__(self) -> None:
        check_types(self, "augment")
        fits = self.crop is None or 0 < self.crop <= 1
        require(fits, "augment.crop", "above 0 and at most 1", self.crop)
        most = {"rotation": 180, "shift": 0.5, "hue": 0.5, "randaugment": 10}
        most |= {"mixup": 10, "cutmix": 10}
        shares = ("zoom", "brightness", "contrast", "saturation", "grayscale", "blur", "erase")
        for name in (*most, *shares):
            value, end = getattr(self, name), most.get(name, 1)
            fits = value is None or 0 <= value <= end
            require(fits, f"augment.{name}", f"in [0, {end}]", value)


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
    learning_rate: float | str = 5e-3
    """Peak learning rate of the head. auto: of a range test before the phase; the curve is drawn to
    figures/learning_rate.png."""

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
    of the first block that learns; what two_phase and gradual end with. auto: the backbone's own
    (see train --list_backbones), and nothing with bundled or random weights."""
    last_blocks: int | str = 2
    """What learns under `--strategy partial`: a number of blocks from the last one, or the name of
    the first of them."""
    unfreeze_every: int | str = "evenly"
    """Under `--strategy gradual`, epochs after which one block more learns. plateau: it does when
    the validation loss has stopped falling. evenly: so that the epochs suffice for all."""
    layer_decay: float = 1.0
    """Learning rate of each block relative to the one above it, in (0, 1]; the last block has
    learning_rate."""
    rates: dict[str, float] | None = None
    """Learning rates of single blocks, and of `head`: {block7a: 1e-4, head: 1e-3}. None: the head's
    is learning_rate; where no phase trained it before (partial, full, none in frozen), frozen's."""
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
            is_name or is_count(locked, 0) or (isinstance(locked, float) and 0 < locked < 1),
            "finetune.locked_layers",
            "a whole number of layers such as 100, a fraction above 0 and below 1, or a block name",
            locked,
        )
        blocks, every, rates = self.last_blocks, self.unfreeze_every, self.rates or {}
        fits = is_count(blocks) or (isinstance(blocks, str) and bool(blocks))
        require(fits, "finetune.last_blocks", "1 or more blocks, or the name of one", blocks)
        fits = is_count(every) or every in ("evenly", "plateau")
        require(fits, "finetune.unfreeze_every", "1 or more epochs, 'evenly' or 'plateau'", every)
        require(0 < self.layer_decay <= 1, "finetune.layer_decay", "in (0, 1]", self.layer_decay)
        fits = all(type(rate) in (int, float) and 0 < rate < math.inf for rate in rates.values())
        require(fits, "finetune.rates", "blocks with rates above 0", rates)


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig:
    """How the weights are moved, in every phase."""

    name: Literal["adam", "adamw", "sgd", "rmsprop", "lion"] = "adamw"
    """adam, adamw (Adam with decoupled weight decay), sgd and rmsprop (momentum 0.9), lion (needs a
    rate 3 to 10 times lower)."""
    weight_decay: float | str = "auto"
    """Decay relative to the learning rate, from 0; biases and normalisation are spared. auto: 0.01
    for adamw and lion, 0 for the others."""
    schedule: Schedule = "cosine"
    """constant: the peak rate throughout. cosine: from it to zero over the phase. cosine_restarts:
    three times, over 1/7, 2/7 and 4/7 of it. one_cycle: up for 30 % of it, then down. step: a tenth
    after a half, a hundredth after three quarters. exponential: evenly down to a hundredth."""
    warmup: float = 0.1
    """How long the rate climbs from zero to its peak: below 1 a share of the phase, from 1 on
    epochs. one_cycle has its own."""
    clip_norm: float = 0.0
    """Longest gradient over all weights together; longer ones are shortened to it. 0: none is."""
    accumulate: int = 1
    """Batches whose gradients are averaged for one update; on one device only."""
    ema: float = 0.0
    """Also average the weights over the batches, in [0, 1): 0.99 is over some 100. Each epoch
    the average is evaluated as well, and kept where it is better. 0: no average."""
    label_smoothing: float = 0.0
    """Probability mass taken from the true class and spread over all, in [0, 1)."""
    patience: int = 0
    """Epochs without a better validation result before a phase stops. 0: no early stopping."""

    def __post_init__(self) -> None:
        check_types(self, "optimizer")
        decay, share = self.weight_decay, self.label_smoothing
        fits = decay >= 0 if isinstance(decay, float) else decay == "auto"
        require(fits, "optimizer.weight_decay", "0 or more, or 'auto'", decay)
        require(self.warmup >= 0, "optimizer.warmup", "0 or more", self.warmup)
        require(self.clip_norm >= 0, "optimizer.clip_norm", "0 or more", self.clip_norm)
        require(self.accumulate >= 1, "optimizer.accumulate", "1 or more batches", self.accumulate)
        require(0 <= self.ema < 1, "optimizer.ema", "in [0, 1)", self.ema)
        require(0 <= share < 1, "optimizer.label_smoothing", "in [0, 1)", share)
        require(self.patience >= 0, "optimizer.patience", "0 or more epochs", self.patience)


@dataclass(frozen=True, kw_only=True)
class RegularizeConfig:
    """What holds the backbone near its pretrained weights while it learns."""

    name: Literal["none", "l2_sp", "ewc"] = "none"
    """l2_sp: a penalty on the distance of each weight. ewc: more on weights that `source` needs."""
    strength: float = 0.01
    """Weight of the penalty beside the cross-entropy, above 0."""
    source: str | None = None
    """For ewc: labelled images that the pretrained weights are not to forget, as `dataset` takes
    them, or an earlier run directory, whose training images are meant."""

    def __post_init__(self) -> None:
        check_types(self, "regularize")
        require(self.strength > 0, "regularize.strength", "above 0", self.strength)
        fits = self.source is not None or self.name != "ewc"
        require(fits, "regularize.source", "a data set or a run where regularize.name is ewc", None)


@dataclass(frozen=True, kw_only=True)
class CacheConfig:
    """Work on locked layers, done once instead of in every epoch; the same but for rounding."""

    mode: Literal["auto", "on", "off"] = "auto"
    """auto: what locked layers give is kept, but not under heavy augmentation: strong, RandAugment,
    mixes. on: there as well, but for mixes. off: it is computed again in every epoch."""
    views: int | str = "auto"
    """Augmented versions of each image, which the epochs take in turn; fewer where they do not fit.
    auto: 2, or 1 without augmentation. fresh: a new one in every epoch, never kept; so it always
    is under heavy augmentation unless `mode` is on, and where every layer learns. Measured on 250
    to 1,200 images: 2 and 4 views end within a point on average, fresh ones 1 to 3 above."""
    memory_gb: float | str = "auto"
    """Memory that decoded images and activations may take, in 10**9 bytes. auto: a quarter of what
    is free."""
    disk_gb: float | str = "auto"
    """Disk that they may take where memory is too small, in 10**9 bytes; with `reuse`, all runs
    together. auto: a quarter of what is free."""
    reuse: bool = False
    """Keep the activations on disk for later runs on the same images, backbone and augmentation, as
    compare does unless told otherwise; `python -m keras_transfer.clean` removes them."""

    def __post_init__(self) -> None:
        check_types(self, "cache")
        views = self.views
        fits = is_count(views) or views in ("auto", "fresh")
        require(fits, "cache.views", "1 or more, 'auto' or 'fresh'", views)
        endless = self.mode == "on" and views == "fresh"
        require(not endless, "cache.views", "a number where cache.mode is on", views)
        for name in ("memory_gb", "disk_gb"):
            size = getattr(self, name)
            fits = size >= 0 if isinstance(size, float) else size == "auto"
            require(fits, f"cache.{name}", "a number from 0 or 'auto'", size)


def _check_phase(phase: FrozenConfig | FinetuneConfig, prefix: str) -> None:
    epochs, rate = phase.epochs, phase.learning_rate
    fits = is_count(epochs, 0) or epochs == "auto"
    require(fits, f"{prefix}.epochs", "a whole number from 0 or 'auto'", epochs)
    fits = rate == "auto" or (isinstance(rate, float) and rate > 0)
    require(fits, f"{prefix}.learning_rate", "a number above 0, or 'auto'", rate)
