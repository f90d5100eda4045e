"""What a model takes and answers with, and how pixels and probabilities are made to fit it."""

import dataclasses
import math
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.exports.usage import Usage
from keras_transfer.system.errors import ConfigError

RAW = (0.0, 255.0)  # black and white, as our models take them
SPANS = ((0.0, 1.0), (-1.0, 1.0))  # the other ways in which models take them
ROUNDING = 1e-3  # by which a probability may exceed 1
UNLIKE_ONE = 0.25  # by which their sum may differ: 8 bits round each of many
SURELY_RAW = 16.0  # numbers that reach beyond it are no scaled pixels

Span = tuple[Any, Any]  # what stands for black and for white
Quantization = tuple[float, int]  # scale, which is 0 where there is none, and zero point


@dataclass(frozen=True, kw_only=True)
class Takes:
    """What a model takes."""

    image_size: int
    """Side in pixels."""
    batch: int | None
    """Images a call; None: any number."""
    channels_first: bool
    """(batch, 3, side, side)."""
    dtype: np.dtype
    """Of its numbers."""
    quantization: Quantization
    """Of whole numbers: what they mean."""

    def prepare(self, pixels: np.ndarray, span: Span | None) -> np.ndarray:
        """Return pixels (n, side, side, 3), uint8, as the model takes them.

        Args:
            pixels: RGB.
            span: What it takes for black and white, numbers or one for each colour; None: what its
                quantization comes close to, else pixels as they are.
        """
        scale, zero = self.quantization
        if scale and np.issubdtype(self.dtype, np.integer):
            limits = np.iinfo(self.dtype)
            reached = scale * (limits.min - zero), scale * (limits.max - zero)
            low, high = span or _find_span(*reached)
            values = (low + pixels * ((high - low) / 255)) / scale + zero
            images = np.clip(np.round(values), limits.min, limits.max).astype(self.dtype)
        elif span:
            images = (span[0] + pixels * ((span[1] - span[0]) / 255)).astype(self.dtype)
        else:
            images = pixels.astype(self.dtype)
        return images.transpose(0, 3, 1, 2) if self.channels_first else images


def _find_span(low: float, high: float) -> tuple[float, float]:
    """Return what stands for black and white in a model whose bytes mean `low` to `high`."""
    if high > SURELY_RAW:
        return RAW
    near = (span for span in SPANS if abs(low - span[0]) < 0.25 and abs(high - span[1]) < 0.25)
    return next(near, (low, high))  # else bytes as they are


def read_input(
    shape: Sequence[Any], dtype: Any, quantization: Quantization = (0.0, 0), ordered: bool = False
) -> Takes:
    """Return what a model takes; refuse one that takes no squares of three colours.

    Args:
        shape: Of its input, the batch first; what is no positive number is free.
        dtype: Of its input.
        quantization: As the file says.
        ordered: Its shape alone does not say where the colours are: they are last.

    Raises:
        ConfigError: It takes something else.
    """
    sides = [int(each) if _is_size(each) else None for each in shape]
    first = not ordered and len(sides) == 4 and sides[1] == 3 and sides[3] != 3
    side = sides[2] if len(sides) == 4 else None
    if not side or side < 2 or sides[1:] != ([3, side, side] if first else [side, side, 3]):
        raise ConfigError(
            "A model must take (batch, side, side, 3) and answer with (batch, classes), as those "
            f"that `export` writes. Received: one that takes {_say_shape(shape)}."
        )
    dtype = np.dtype(dtype)
    if dtype == np.int8 and not quantization[0]:
        raise ConfigError(
            "A model that takes int8 must say what its numbers mean. Received: neither scale nor "
            "zero point. Let it take float32 or uint8, or write them into the file."
        )
    if dtype.kind not in "uif":
        raise ConfigError(f"A model must take numbers. Received: one that takes {dtype}.")
    return Takes(
        image_size=side,
        batch=sides[0],
        channels_first=first,
        dtype=dtype,
        quantization=quantization,
    )


def _is_size(each: Any) -> bool:
    return isinstance(each, numbers.Integral) and int(each) > 0


def _say_shape(shape: Sequence[Any]) -> str:
    return f"({', '.join(str(each) for each in shape)})"


def require_one(kind: str, names: Sequence[str]) -> None:
    """Refuse a model of several inputs or outputs, and name them."""
    if len(names) != 1:
        raise ConfigError(
            f"A model must have one {kind}. Received: {len(names)} of them, {name_some(names)}. "
            "Save it with the one that matters."
        )


def make_classifier(
    call: Callable[[np.ndarray], np.ndarray],
    takes: Takes,
    span: Span | None = None,
    answer: Quantization = (0.0, 0),
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from pixels (n, side, side, 3), uint8, to probabilities (n, classes).

    Args:
        call: Runs the model on what it takes.
        takes: What that is.
        span: See `Takes.prepare`.
        answer: What its whole numbers mean, as the file says.
    """

    def classify(pixels: np.ndarray) -> np.ndarray:
        step = takes.batch or max(1, len(pixels))
        found = []
        for start in range(0, len(pixels), step):
            part = takes.prepare(pixels[start : start + step], span)
            short = step - len(part) if takes.batch else 0
            filled = np.pad(part, [(0, short), *[(0, 0)] * 3]) if short else part
            found.append(read_answer(call(filled), len(filled), answer)[: len(part)])
        return np.concatenate(found)

    return classify


def read_answer(found: np.ndarray, asked: int, quantization: Quantization) -> np.ndarray:
    """Return an answer to `asked` images as (asked, classes), float32."""
    scale, zero = quantization
    if found.ndim == 0 or len(found) != asked:
        rows = "no row" if found.ndim == 0 else f"{len(found)} for {asked} examples"
        raise ConfigError(f"A model must answer with a row for each example. Received: {rows}.")
    if found.dtype.kind not in "uif" or (found.dtype.kind in "ui" and not scale):
        raise ConfigError(
            "A model must answer with probabilities. Received: "
            f"{found.dtype} without a scale. Save it without what chooses the class."
        )
    values = found.reshape(asked, count_columns(found.shape)).astype(np.float32)
    values = (values - zero) * scale if scale else values
    if values.shape[1] == 1:  # a sigmoid: the probability of the second of two classes
        values = np.concatenate([1 - values, values], axis=1)
    return np.asarray(values, np.float32)


def count_columns(shape: Sequence[Any]) -> int:
    """Return the numbers for each image in an answer of this shape; 0 if the shape leaves it open.

    Raises:
        ConfigError: It is no row of numbers for each image.
    """
    sizes = list(shape[1:])
    if not len(shape) or not all(_is_size(each) for each in sizes):
        return 0
    columns = math.prod(int(each) for each in sizes)
    if columns != max([1, *sizes]):
        raise ConfigError(
            "A model must take (batch, side, side, 3) and answer with (batch, classes), as those "
            f"that `export` writes. Received: one that answers with {_say_shape(shape)}."
        )
    return columns


def count_classes(
    classify: Callable[[np.ndarray], np.ndarray], shape: Sequence[Any], image_size: int
) -> int:
    """Return the number of classes, asked of the model where the shape of its answer is open."""
    columns = count_columns(shape)
    if columns:
        return max(2, columns)
    return int(classify(np.zeros((1, image_size, image_size, 3), np.uint8)).shape[1])


def check_usage(usage: Usage, classes: int, path: Path) -> None:
    """Refuse names that are not one a class, and what cannot be done to images or texts.

    Raises:
        ConfigError: What is said of a model does not fit it.
    """
    names = usage.class_names
    if len(names) != classes or not all(isinstance(name, str) for name in names):
        raise ConfigError(
            f"There must be a name for each class of {path}. Received: {len(names)} names and "
            f"{classes} classes. Restore the names that belong to it."
        )
    try:
        if usage.takes_texts:
            DataConfig(sequence_length=usage.sequence_length)
        DataConfig(**dataclasses.asdict(usage.preparation))
    except ConfigError as error:
        raise ConfigError(
            f"{error} So says {path}: write there how what it learned from was cut."
        ) from error


def judge_answers(answers: np.ndarray, reasons: Sequence[str], path: Path) -> np.ndarray:
    """Return reasons, of str objects, with those of images that were answered with NaN besides.

    Args:
        answers: (n, classes) of a model.
        reasons: Why an image is unusable, "" for others.
        path: The model.

    Raises:
        ConfigError: Answers are no probabilities.
    """
    silent = ~np.isfinite(answers).all(axis=1)
    found = np.array(reasons, object)
    found[(found == "") & silent] = "the model answers with NaN"
    told = answers[found == ""]
    if told.size and not (told.min() >= 0 and told.max() <= 1 + ROUNDING):
        raise ConfigError(
            f"A model must answer with probabilities in [0, 1]. Received: from {told.min():g} to "
            f"{told.max():g} of {path}. If these are logits, put a softmax behind them, or a "
            "sigmoid behind a single one."
        )
    return found


def question_sums(answers: np.ndarray, path: Path) -> str:
    """Return a warning where probabilities (n, classes) do not sum to 1, else ""."""
    sums = answers[np.isfinite(answers).all(axis=1)].sum(axis=1)
    if not sums.size or abs(float(sums.mean()) - 1) < UNLIKE_ONE:
        return ""
    return (
        f"The probabilities of an example from {path} sum to {sums.mean():.2f}, not to 1: the "
        "model may answer with logits, or with several classes for an example; the best one is "
        "named"
    )
