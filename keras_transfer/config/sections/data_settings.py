"""The section `data`: how images or texts become batches."""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from keras_transfer.config.pixels.value_range import parse_range
from keras_transfer.config.validation import check_types, is_count, require

SMALLEST, LARGEST = 16, 8192  # pixels of a side; a backbone may need more
SHORTEST, LONGEST = 8, 8192  # tokens of a text; a backbone may take fewer
MOST_EXAMPLES = 65_536  # of a batch


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """How images or texts become batches."""

    image_size: int | None = None
    """Side of the square the network sees, in pixels. None: the source's, else the backbone's."""
    batch_size: int = 32
    """Examples per step. Lower it when memory runs out."""
    validation_fraction: float = 0.15
    """Share of the examples held back for validation, in (0, 1), where the data set names none."""
    test_fraction: float = 0.15
    """Share held back for the test, in [0, 1), where the data set names no split. 0: none."""
    resize: Literal["crop", "pad", "stretch"] = "crop"
    """crop: short side to image_size, then the centre. pad: long side, black margins. stretch."""
    crop_fraction: float = 1.0
    """Share of the central square that the network sees under crop, of its side, in (0, 1]: 0.875
    resizes the short side to 256 for an image_size of 224, rounded down as timm's crop_pct does.
    1: all of it, as pad and stretch need."""
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    """How pixels are resized, in either case with antialiasing. bicubic (Keys, a = -0.5) is sharper
    and takes a little longer."""
    value_range: str = "auto"
    """Numbers in the files that become black and white. LOW,HIGH: these two. auto: those that the
    training images hold, where they have more than 8 bits. full: all that the files can hold, such
    as 0,65535. Whole numbers from 0 to 255 hold for images of 8 bits, too; others leave them."""
    layout: Literal["auto", "classes", "splits"] = "auto"
    """What the folders of a data set are. auto: splits where their names and what they hold leave
    no doubt. classes: classes, whatever they are called, and labels of a table, whatever they look
    like. splits: those with a word such as train, val or test in their names are no classes."""
    on_bad_file: Literal["skip", "error"] = "skip"
    """What to do with files that cannot be used. skip: leave out those that are missing or no
    readable image, texts that are empty, and rows of a table without a label, and name them. error:
    stop at them."""
    on_leak: Literal["drop", "error", "keep"] = "drop"
    """What to do with equal examples in two given splits. drop: they leave train (or validation,
    where the other one is in test). error: stop. keep: leave them, with a warning."""
    rare_classes: Literal["error", "drop", "train_only"] = "error"
    """What to do with classes that have too few examples for one in each split. error: stop.
    drop: leave them out. train_only: they are learned, but no made split measures them."""
    near_duplicates: Literal["report", "drop", "ignore"] = "report"
    """What to do with near copies in two given splits: images that look equal, texts that are much
    alike. report: warn. drop: they leave train. ignore: do not search for any. The splits that are
    made here never divide them; equal are images that were resized or encoded anew."""
    split_file: Path | None = None
    """A split.csv, such as that of an earlier run: the examples it lists keep their split, only
    new ones are assigned."""
    class_weight: dict[str, float] | str = "none"
    """auto: in training every class counts the same, however many examples it has. none: every
    example does. {ants: 1, bees: 5}: what an example of each class counts, by name or index; 1
    where nothing is said."""
    modality: Literal["auto", "image", "text"] = "auto"
    """What the examples are. auto: texts where the data set says so by a column text, by files of
    text, or by its features; images otherwise."""
    sequence_length: int | str | None = "auto"
    """Most tokens of a text that the network sees; longer ones are cut. auto: as many as 95 of 100
    training texts have, at most what the backbone takes."""
    data_dir: Path | None = None
    """Folder of the sets that `--dataset tfds:NAME` and `hf:NAME` download. None: the default of
    TensorFlow Datasets or of Hugging Face."""

    @property
    def noun(self) -> str:
        """What one example is called, once it is settled what they are."""
        return "text" if self.modality == "text" else "image"

    def __post_init__(self) -> None:
        check_types(self, "data")
        object.__setattr__(self, "class_weight", _check_weights(self.class_weight))
        size, held, test = self.image_size, self.validation_fraction, self.test_fraction
        fits = size is None or is_count(size, SMALLEST, LARGEST)
        require(fits, "data.image_size", f"from {SMALLEST} to {LARGEST:,} pixels", size)
        length, must = self.sequence_length, f"from {SHORTEST} to {LONGEST:,} tokens, or 'auto'"
        fits = length in ("auto", None) or is_count(length, SHORTEST, LONGEST)
        require(fits, "data.sequence_length", must, length)
        fraction, must = self.crop_fraction, "above 0 and at most 1"
        require(0 < fraction <= 1, "data.crop_fraction", must, fraction)
        must = f"1 with `data.resize` {self.resize}, which shows the whole image"
        require(fraction == 1 or self.resize == "crop", "data.crop_fraction", must, fraction)
        _check_range(self.value_range)
        fits = is_count(self.batch_size, most=MOST_EXAMPLES)
        require(fits, "data.batch_size", f"from 1 to {MOST_EXAMPLES:,}", self.batch_size)
        require(0 < held < 1, "data.validation_fraction", "between 0 and 1", held)
        must = "at least 0 and leave examples to train on"
        require(0 <= test < 1 - held, "data.test_fraction", must, test)


def _check_weights(given: Any) -> dict[str, float] | str:
    """Return the weights with text for keys, as YAML and JSON hold them."""
    if given in ("none", "auto"):
        return str(given)
    must = "none, auto, or classes with weights such as {ants: 1, bees: 5}"
    require(isinstance(given, Mapping) and bool(given), "data.class_weight", must, given)
    must = "classes with weights from 0, of which one is above it"
    weights = {}
    for name, weight in given.items():
        fits = isinstance(weight, numbers.Real) and not isinstance(weight, bool)
        require(fits and 0 <= weight < math.inf, "data.class_weight", must, given)
        weights[str(name)] = float(weight)
    require(max(weights.values()) > 0, "data.class_weight", must, given)
    return weights


def _check_range(text: str) -> None:
    try:
        parse_range(text)
        fits = True
    except (ValueError, OverflowError):  # no numbers, or one beyond all limits
        fits = False
    require(fits, "data.value_range", "auto, full, or LOW,HIGH such as 0,4095", text)
