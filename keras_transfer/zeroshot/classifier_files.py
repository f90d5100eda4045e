"""The classifier that CLIP and the sentences make, as files that others load, proved equal."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.config.help.versions import find_version
from keras_transfer.data.modality import Modality
from keras_transfer.data.training_data import TrainingData
from keras_transfer.exports.exporter_row import FAILED, Limits
from keras_transfer.exports.loaders import find_saved_model, load_here
from keras_transfer.exports.parity import compare_answers, count_bytes
from keras_transfer.exports.reading.vouching import HASH, hash_artefact
from keras_transfer.exports.saved_model import write_saved_model
from keras_transfer.exports.usage import Usage
from keras_transfer.models.model_file import write_model
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.run.run_files import RunFiles
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import DISK_ERRORS, write_json
from keras_transfer.system.load_tensorflow import hushed
from keras_transfer.zeroshot.clip_model import Clip, build_image_tower
from keras_transfer.zeroshot.image_embeddings import compare

SAVED_MODEL, KERAS = "saved_model", "model.keras"
LIMITS = Limits(difference=1e-5, agreement=1.0)
MOST = 256  # images that the files are asked about
BATCH = 32
PACKAGES = ("tensorflow", "keras", "keras-hub")
JUDGED = ("accuracy", "accuracy_interval", "expected_calibration_error")  # by labels

logger = logging.getLogger(__name__)


class Checked(NamedTuple):
    """Images, and what the command itself says of them."""

    pixels: np.ndarray  # (n, size, size, 3) uint8
    reference: np.ndarray  # (n, classes) probabilities
    truth: np.ndarray | None  # (n,) labels; None: nobody knows


def take_checked(data: TrainingData, predictions: Predictions, split: str) -> Checked:
    """Return the first images of a split with what was said of them."""
    batches, taken = [], 0
    for images, _ in data.clean_batches(split):
        batches.append(images.numpy().astype(np.uint8))
        taken += len(batches[-1])
        if taken >= MOST:
            break
    part = predictions.select(split)
    return Checked(
        np.concatenate(batches)[:MOST], part.probabilities[:MOST][:taken], part.truth[:MOST][:taken]
    )


def draw_noise(clip: Clip, class_embeddings: np.ndarray) -> Checked:
    """Return images of noise, where there are no others, with what is said of them."""
    shape = (BATCH, clip.image_size, clip.image_size, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    embedded = build_image_tower(clip)(pixels.astype("float32"), training=False)
    return Checked(pixels, compare(clip, np.asarray(embedded), class_embeddings), None)


def export_classifier(
    model: keras.Model, usage: Usage, modality: Modality, checked: Checked, folder: Path
) -> list[dict[str, Any]]:
    """Write a SavedModel and a .keras file, load each, and compare what they say.

    One that differs is renamed to end in `.failed`.

    Args:
        model: The classifier.
        usage: Its class names, and how images become squares.
        modality: Decodes encoded images inside the SavedModel.
        checked: Images that both are asked about.
        folder: Of the call; gets `exports` with the files and parity.json.

    Returns:
        The rows of parity.json.

    Raises:
        ConfigError: The files cannot be written.
    """
    files = RunFiles(folder)
    saved, single = files.exports / SAVED_MODEL, files.exports / KERAS
    with _explaining_disk(files.exports):
        saved.mkdir(parents=True)
        logger.info("Writing %s and %s", saved.name, single.name)
        with hushed():
            version = saved / "1"  # as TensorFlow Serving wants it
            write_saved_model(model, usage, modality, version, model.input_shape[1])
            write_model(model, single, usage.to_notes())
        rows = [_check(place, checked) for place in (saved, single)]
        write_json(files.parity_file, {"reference": _describe(checked), "artefacts": rows})
    return rows


def _check(place: Path, checked: Checked) -> dict[str, Any]:
    """Ask a file about the images, and rename it if it differs; return its row of parity.json."""
    artefact = load_here(place)
    starts = range(0, len(checked.pixels), BATCH)
    answers = [artefact.classify(checked.pixels[start : start + BATCH]) for start in starts]
    truth = checked.reference.argmax(axis=1) if checked.truth is None else checked.truth
    found = compare_answers(np.concatenate(answers), checked.reference, truth, LIMITS)
    if checked.truth is None:
        found = {name: value for name, value in found.items() if name not in JUDGED}
    name = place.name + (FAILED if found["reason"] else "")
    row = {
        "file": name,
        "signature": "serving_default" if place.is_dir() else "",
        HASH: hash_artefact(find_saved_model(place) or place),
        "size_bytes": count_bytes(place),
        "temperature": 1.0,
    }
    place.rename(place.with_name(name))
    return row | found


def _describe(checked: Checked) -> dict[str, Any]:
    """Return what parity.json says of the command's own answers."""
    packages = {name: find_version(name) for name in PACKAGES}
    facts = {"images": len(checked.pixels), "packages": packages}
    if checked.truth is None:
        return facts
    own = compare_answers(checked.reference, checked.reference, checked.truth, LIMITS)
    return facts | {name: own[name] for name in JUDGED}


@contextlib.contextmanager
def _explaining_disk(folder: Path) -> Iterator[None]:
    """Make one line of what a full disk does to whoever writes, TensorFlow included."""
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        if isinstance(error, OSError) and error.errno not in DISK_ERRORS:
            raise
        raise ConfigError(
            f"The exports must have room in {folder}. Received: {str(error).splitlines()[0]}. "
            "Free space there, or choose another folder with --output."
        ) from error
