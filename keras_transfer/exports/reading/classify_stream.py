"""Classify any number of given images with a loaded model, a batch after the other."""

import logging
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.evaluation.predict_output import ImagePredictions
from keras_transfer.exports.reading.artefact import Artefact
from keras_transfer.exports.reading.contract import judge_answers, question_sums
from keras_transfer.modalities.table import MODALITIES

if TYPE_CHECKING:
    from keras_transfer.data.sources.unlabelled import Source

logger = logging.getLogger(__name__)

MODALITY = MODALITIES["image"]  # what every run and export takes so far
BATCH = 32  # images a call of the model
PAUSE = 10.0  # seconds after which progress is said


def classify_stream(
    artefact: Artefact, names: Sequence[str], sources: "Sequence[Source]"
) -> Iterator[tuple[np.ndarray, ImagePredictions]]:
    """Yield the pixels that the model saw and its predictions, of a batch after the other.

    Args:
        artefact: The model.
        names: Of n images.
        sources: Where their pixels come from.

    Yields:
        (b, image_size, image_size, 3), uint8, and b predictions.

    Raises:
        ConfigError: The model does not answer with probabilities.
    """
    done, said = 0, time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's words on odd files, from several threads
        batches = MODALITY.stream(sources, artefact.image_size, artefact.usage.preparation, BATCH)
        for pixels, reasons in batches:
            count = len(reasons)
            shares = None
            if artefact.judge:
                answers, shares = artefact.judge(pixels)
            else:
                answers = artefact.classify(pixels)
            unusable = judge_answers(answers, reasons, artefact.path)
            if not done and (doubt := question_sums(answers, artefact.path)):
                logger.warning("%s", doubt)
            usable = unusable == ""
            probabilities = np.where(usable[:, None], answers, np.nan)
            yield (
                pixels,
                ImagePredictions(
                    names=np.array(names[done : done + count], object),
                    probabilities=probabilities.astype(np.float32),
                    reasons=unusable,
                    class_names=artefact.usage.class_names,
                    unusual_share=None if shares is None else np.where(usable, shares, np.nan),
                ),
            )
            done += count
            if time.monotonic() > said + PAUSE:
                logger.info("Classified %s of %s", f"{done:,}", count_of(len(names), "image"))
                said = time.monotonic()
