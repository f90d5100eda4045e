"""Classify any number of given examples with a loaded model, a batch after the other."""

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

BATCH = 32  # examples a call of the model
PAUSE = 10.0  # seconds after which progress is said


def classify_stream(
    artefact: Artefact, names: Sequence[str], sources: "Sequence[Source]"
) -> Iterator[tuple[np.ndarray, ImagePredictions]]:
    """Yield what the model saw and its predictions, of a batch after the other.

    Args:
        artefact: The model.
        names: Of n examples.
        sources: Where their pixels or texts come from.

    Yields:
        What `Artefact.classify` takes of b examples, and b predictions.

    Raises:
        ConfigError: The model does not answer with probabilities.
    """
    modality = MODALITIES[artefact.usage.modality]
    done, said = 0, time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's words on odd files, from several threads
        batches = modality.stream(sources, artefact.image_size, artefact.usage.preparation, BATCH)
        for taken, reasons in batches:
            count = len(reasons)
            shares = None
            if artefact.judge:
                answers, shares = artefact.judge(taken)
            else:
                answers = artefact.classify(taken)
            unusable = judge_answers(answers, reasons, artefact.path)
            if not done and (doubt := question_sums(answers, artefact.path)):
                logger.warning("%s", doubt)
            usable = unusable == ""
            probabilities = np.where(usable[:, None], answers, np.nan)
            yield (
                taken,
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
                total = count_of(len(names), modality.noun)
                logger.info("Classified %s of %s", f"{done:,}", total)
                said = time.monotonic()
