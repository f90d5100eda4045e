"""The run's own examples for the parity check and for int8, prepared as in training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.run_examples import read_own_examples
from keras_transfer.data.training_data import TrainingData
from keras_transfer.evaluation.inference import trace_forward
from keras_transfer.images.batches import ImageData
from keras_transfer.modalities.table import choose_modality
from keras_transfer.run.run_directory import Run
from keras_transfer.texts.batches import TextData

SAMPLED = 200  # training examples whose activations set the ranges of int8


class OwnSplit(NamedTuple):
    """The unchanged examples of one split of a run."""

    data: TrainingData
    contents: np.ndarray | None
    """(n, k) of str objects, the texts in the order of `data`; None of images."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Yardstick:
    """Examples of one split, and what the model itself says of them."""

    taken: Path
    """A .npy of what models take: (n, size, size, 3), uint8, resized by our decoder; or token ids
    (n, longest), int32, all filled up to the longest."""
    raw: np.ndarray
    """(n,) of str, the image files; or (n, k) of str objects, texts."""
    plain: np.ndarray
    """(n,) of bool: TensorFlow decodes the file to exactly our pixels."""
    truth: np.ndarray
    """(n,) index of the true class."""
    reference: np.ndarray
    """(n, classes) probabilities of the model."""


def read_split(run: Run, config: TrainConfig, split: str) -> OwnSplit:
    """Return the unchanged examples of one split of a run.

    Raises:
        ConfigError: They are gone or changed.
    """
    modality = choose_modality(config)
    examples, findings = read_own_examples(run, config, modality, split)
    taken = modality.find_input(config, run.path)
    data = modality.hold_split(examples, config, taken, findings, None)
    held = examples.contents
    if held is None:
        return OwnSplit(data, None)
    rows = {path: row for row, path in enumerate(examples.paths.tolist())}
    order = [rows[path] for path in data.splits[str(examples.splits[0])].paths.tolist()]
    return OwnSplit(data, held[order])


def make_yardstick(model: keras.Model, own: OwnSplit, folder: Path) -> Yardstick:
    """Write the validation examples into a file, and ask the model about each of them.

    Args:
        model: The float32 classifier.
        own: What `read_split` returned.
        folder: Gets taken.npy.
    """
    data, place, forward = own.data, folder / "taken.npy", trace_forward(model)
    if isinstance(data, ImageData):
        return _measure_images(forward, data, place)
    assert isinstance(data, TextData)
    assert own.contents is not None
    split = data.splits["validation"]
    np.save(place, split.tokens)  # more padding than the model itself sees: it must change nothing
    answers = [forward(ids).numpy() for ids, _ in data.clean_batches("validation")]
    return Yardstick(
        taken=place,
        raw=own.contents,
        plain=np.ones(len(split), bool),
        truth=split.labels,
        reference=np.concatenate(answers),
    )


def sample_examples(own: OwnSplit | None) -> Sequence[np.ndarray]:
    """Return 200 training examples or fewer, drawn evenly: pixels, or rows of token ids.

    Args:
        own: The train split, as `read_split` returned it; None where no file needs a sample, so
            that this is not called.
    """
    assert own is not None
    data = own.data
    train = data.splits["train"]
    rows = np.random.default_rng(0).permutation(len(train))[:SAMPLED]
    if isinstance(data, TextData):
        return [data.splits["train"].cut(rows[place : place + 1])[0] for place in range(len(rows))]
    drawn = data.with_rows("train", rows)
    batches = [images.numpy() for images, _ in drawn.clean_batches("train")]
    return list(np.concatenate(batches).astype(np.uint8))


def _measure_images(forward: Any, data: ImageData, place: Path) -> Yardstick:
    split, size, answers = data.splits["validation"], data.image_size, []
    shape = (len(split), size, size, 3)
    # by ordinary writes: on a full disk, one through a memory map kills the process
    with place.open("wb") as pixels:
        facts = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(pixels, facts)
        for images, _ in data.clean_batches("validation"):
            pixels.write(images.numpy().astype(np.uint8).tobytes())
            answers.append(forward(images).numpy())
    assert split.plain is not None
    return Yardstick(
        taken=place,
        raw=np.array([str(data.root / path) for path in split.paths]),
        plain=split.plain,
        truth=split.labels,
        reference=np.concatenate(answers),
    )
