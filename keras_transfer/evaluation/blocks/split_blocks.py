"""Predictions of a run's model over one split, by the workers of a cluster."""

import functools
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.cluster.block_engines import Engine, cut_blocks, order_answers
from keras_transfer.cluster.block_worker import BlockJob
from keras_transfer.config.messages import name_some
from keras_transfer.data.findings import say_unusable
from keras_transfer.data.training_data import TrainingData
from keras_transfer.evaluation.blocks.sent_sources import list_seen
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.predictions_csv import Predictions, join_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import import_tensorflow

logger = logging.getLogger(__name__)

Answered = tuple[Predictions | None, dict[str, str]]  # and why others are left out, by path


def predict_on_workers(
    run: Run, own: bool, data: TrainingData, noun: str, engine: Engine, with_features: bool
) -> Predictions:
    """Return what `predict_splits` does of the one split of `data`; what ends workers is left out.

    Args:
        run: Finished.
        own: As `load_run_model` takes it.
        data: The examples; a part of them goes to a worker as it is, so nothing is read here.
        noun: What one of them is called.
        engine: Has the workers.
        with_features: As `predict_splits` takes it.

    Raises:
        ConfigError: A worker cannot be used, or each example ends one.
    """
    (name,) = data.splits
    split, path = data.splits[name], run.path.absolute()
    job = BlockJob(
        opening=functools.partial(open_predictor, path, own, name, with_features),
        seen=(str(path), *list_seen([str(data.root / str(split.paths[0]))])),
        name=lambda row: str(split.paths[row]),
        pack=lambda rows: data.with_rows(name, np.array(rows)),
    )
    blocks = cut_blocks(range(len(split)), multiple=data.batch_size)
    parts, lost = [], dict[str, str]()
    for found, reasons in order_answers(engine.answer(job, blocks)):
        parts += [] if found is None else [found]
        lost |= reasons
    if lost:
        named = name_some([f"{path} ({reason})" for path, reason in lost.items()], "; ")
        logger.warning("%s left out: %s", say_unusable(len(lost), noun), named)
    if not parts:
        raise ConfigError(
            f"At least one {noun} must be readable. Received: none, each ends the process that "
            f"reads it. Name a data set of other {noun}s."
        )
    return join_predictions(parts)


def open_predictor(
    run: Path, own: bool, name: str, with_features: bool
) -> Callable[[TrainingData, Mapping[int, str]], Answered]:
    """Load the model of a run, and return what predicts a part of the split `name` with it."""
    import_tensorflow()
    from keras_transfer.evaluation.inference import pass_split, trace_forward
    from keras_transfer.models.cuts import expose_pooled
    from keras_transfer.models.run_model import load_run_model

    opened = Run(run)
    model = load_run_model(opened, load_run_config(opened), own)
    forward: Any = trace_forward(expose_pooled(model) if with_features else model)

    def answer(data: TrainingData, lost: Mapping[int, str]) -> Answered:
        paths = data.splits[name].paths
        reasons = {str(paths[row]): reason for row, reason in lost.items()}
        left = np.delete(np.arange(len(paths)), [*lost])
        if not len(left):
            return None, reasons
        part = data.with_rows(name, left) if lost else data
        batches = part.clean_batches(name)
        return pass_split(forward, part, name, batches, with_features=with_features), reasons

    return answer
