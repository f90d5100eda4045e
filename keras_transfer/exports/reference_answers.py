"""The run's own images for the parity check and for int8, decoded and resized as in training."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.run_examples import read_own_examples
from keras_transfer.evaluation.inference import trace_forward
from keras_transfer.images.batches import ImageData
from keras_transfer.modalities.table import choose_modality
from keras_transfer.run.run_directory import Run

SAMPLED = 200  # training images whose activations set the ranges of int8


@dataclass(frozen=True, kw_only=True, eq=False)
class Yardstick:
    """Images of one split, and what the model itself says of them."""

    pixels: Path
    """A .npy of (n, size, size, 3), uint8, resized by our decoder."""
    files: np.ndarray
    """(n,) of str, the image files."""
    plain: np.ndarray
    """(n,) of bool: TensorFlow decodes the file to exactly our pixels."""
    truth: np.ndarray
    """(n,) index of the true class."""
    reference: np.ndarray
    """(n, classes) probabilities of the model."""


def read_split(run: Run, config: TrainConfig, split: str) -> ImageData:
    """Return the unchanged images of one split of a run.

    Raises:
        ConfigError: They are gone or changed.
    """
    assert config.data.image_size is not None  # resolved, as in every run
    modality = choose_modality(config)
    examples, findings = read_own_examples(run, config, modality, split)
    data = modality.hold_split(examples, config, config.data.image_size, findings, None)
    assert isinstance(data, ImageData)
    return data


def make_yardstick(model: keras.Model, data: ImageData, folder: Path) -> Yardstick:
    """Resize the validation images into a file, and ask the model about each of them.

    Args:
        model: The float32 classifier.
        data: What `read_split` returned.
        folder: Gets pixels.npy.
    """
    split, size = data.splits["validation"], data.image_size
    shape = (len(split), size, size, 3)
    forward, answers = trace_forward(model), []
    # by ordinary writes: on a full disk, one through a memory map kills the process
    with (folder / "pixels.npy").open("wb") as pixels:
        facts = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(pixels, facts)
        for images, _ in data.clean_batches("validation"):
            pixels.write(images.numpy().astype(np.uint8).tobytes())
            answers.append(forward(images).numpy())
    assert split.plain is not None
    return Yardstick(
        pixels=folder / "pixels.npy",
        files=np.array([str(data.root / path) for path in split.paths]),
        plain=split.plain,
        truth=split.labels,
        reference=np.concatenate(answers),
    )


def sample_pixels(data: ImageData | None) -> np.ndarray:
    """Return pixels (200 or fewer, size, size, 3), uint8, of training images, drawn evenly.

    Args:
        data: The train split, as `read_split` returned it; None where no file needs a sample, so
            that this is not called.
    """
    assert data is not None
    train = data.splits["train"]
    rows = np.random.default_rng(0).permutation(len(train))[:SAMPLED]
    drawn = data.with_rows("train", rows)
    batches = [images.numpy() for images, _ in drawn.clean_batches("train")]
    return np.concatenate(batches).astype(np.uint8)
